"""Running services keep to what the gateway's OpenAPI document says; `make schemathesis` looks for longer."""

from pathlib import Path

from tests.description.examination import examine


async def test_services_keep_to_their_description(tmp_path: Path) -> None:
    findings = await examine(tmp_path, ["--seed", "4", "--max-examples", "8"])
    assert findings.is_clean, f"{findings.text}\n{findings.faults}"
    # And it was no empty talk: requests of each kind were granted.
    for operation in (
        "POST /api/pipelines/{pipeline_id}/run",
        "POST /api/pipelines/{pipeline_id}/estimate",
        "POST /api/executions/{execution_id}/rerun",
        "POST /api/executions/{execution_id}/cancel",
        "POST /api/executions/{execution_id}/finish",
        "GET /api/executions/{execution_id}",
        "GET /api/executions/{execution_id}/stages/{stage_id}/input",
        "GET /api/outputs/{filename}",
        "GET /api/models",
        "GET /api/pipeline-files/{filename}",
        "POST /api/pipelines/{pipeline_id}/options",
    ):
        assert findings.accepted(operation) > 0, operation
