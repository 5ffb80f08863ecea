"""Looking at outputs over HTTP, requests that fit no route or page, and how the API describes itself."""

import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from contracts.ids import new_execution_id, submitted_at
from contracts.results import PipelineInput, PipelineResult, Summary
from stagecast.jetstream_log import JetStreamLog
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer

UNKNOWN_ID = "exec_1703187600000_abcdefghijklmnop"


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


def next_page(link: str) -> str:
    match = re.fullmatch(r'<(/api/[^>]+)>; rel="next"', link)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("path", ["/api/executions", "/api/outputs"])
async def test_a_page_that_cannot_be_is_refused_with_a_reason(gateway: RunningGateway, path: str) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "limit=-1", "before=*", "before=../x"):
        reply = await gateway.http.get(f"{path}?{query}")
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input"), query
        assert set(reply.json()) == {"error", "code"}


def result(**fields: Any) -> PipelineResult:
    execution_id = new_execution_id()
    return PipelineResult(
        execution_id=execution_id,
        pipeline_id="example-v1",
        status="success",
        timestamp=submitted_at(execution_id),
        input=PipelineInput(prompt="x"),
        **fields,
    )


async def test_outputs_are_listed_newest_first_with_the_fields_of_before(gateway: RunningGateway) -> None:
    assert (await gateway.http.get("/api/outputs")).json() == []
    names: list[str] = []
    for number in range(5):
        names.append(await gateway.outputs.save(result(output=number)))
    rows = (await gateway.http.get("/api/outputs")).json()
    assert sorted(row["filename"] for row in rows) == sorted(names)
    assert [row["timestamp"] for row in rows] == sorted((row["timestamp"] for row in rows), reverse=True)
    fields = {"filename", "pipelineId", "status", "timestamp", "duration", "cost"}
    assert fields | {"stagesRun", "stagesSkipped", "stagesFailed"} <= set(rows[0])
    first = await gateway.http.get("/api/outputs?limit=3")
    second = await gateway.http.get(next_page(first.headers["Link"]))
    assert first.json() + second.json() == rows
    assert "Link" not in second.headers


async def test_outputs_that_cannot_be_listed_are_told_as_unavailable(gateway: RunningGateway, tmp_path: Path) -> None:
    (tmp_path / "outputs").rmdir()
    assert (await gateway.http.get("/api/outputs")).json() == []
    (tmp_path / "outputs").touch()
    reply = await gateway.http.get("/api/outputs")
    assert (reply.status_code, reply.json()["code"]) == (503, "outputs_unavailable")
    assert "Retry-After" in reply.headers
    assert str(tmp_path) not in reply.text


async def test_a_result_is_given_as_it_was_saved(gateway: RunningGateway) -> None:
    saved = result(output={"text": "ünïcode"})
    filename = await gateway.outputs.save(saved)
    reply = await gateway.http.get(f"/api/outputs/{filename}")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json() == saved.model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["input", "options"], None, "input.options"),
        (["timestamp"], "9999-12-31T23:59:59.999Z", "its times are out of range"),
    ],
)
async def test_a_saved_result_that_is_listed_and_cannot_be_read_is_told_as_that(
    gateway: RunningGateway, tmp_path: Path, path: list[str], value: str | None, fault: str
) -> None:
    saved = result(output="x").model_copy(update={"summary": Summary(total_duration=1000)})
    filename = await gateway.outputs.save(saved)
    [file] = (tmp_path / "outputs").rglob(filename)
    content = json.loads(file.read_text())
    *within, name = path
    (content[within[0]] if within else content)[name] = value
    file.write_text(json.dumps(content))
    assert [row["filename"] for row in (await gateway.http.get("/api/outputs")).json()] == [filename]
    for of_it in ("", "/stages/first/input", "/events"):
        reply = await gateway.http.get(f"/api/executions/{saved.execution_id}{of_it}")
        assert (reply.status_code, reply.json()["code"]) == (500, "output_unreadable"), of_it
        assert fault in reply.json()["error"]
    async with gateway.socket() as socket:
        answer = await socket.subscribe(saved.execution_id)
        assert (answer["type"], answer["code"]) == ("error", "output_unreadable")
        assert fault in answer["message"]


async def test_an_output_that_is_none_is_404_whatever_its_name_tries(gateway: RunningGateway) -> None:
    for filename in (
        "example-v1_2026-11-24T15-04-05-123Z_abcdefghijklmnop.json",
        "nothing.json",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%2Fpipelines%2Fexample-v1.yaml",
        "%2Fetc%2Fpasswd",
        "a%00b",
        "a%5Cb",
        "a" * 5000,
    ):
        reply = await gateway.http.get(f"/api/outputs/{filename}")
        assert reply.status_code == 404, filename
        assert reply.json() == {"error": "Output not found", "code": "output_not_found"}


async def test_an_unknown_path_is_404(gateway: RunningGateway) -> None:
    for path in ("/api", "/api/nothing", "/ws", "/favicon.ico"):
        reply = await gateway.http.get(path)
        assert (reply.status_code, reply.json()) == (404, {"error": "Not found", "code": "not_found"}), path


async def test_a_method_that_a_path_does_not_know_is_405(gateway: RunningGateway) -> None:
    for method, path, allowed in (
        ("GET", "/api/pipelines/example-v1/run", "POST"),
        ("DELETE", "/api/pipelines", "GET"),
        ("POST", "/api/executions", "GET"),
        ("PUT", f"/api/executions/{UNKNOWN_ID}/cancel", "POST"),
        ("POST", "/api/outputs", "GET"),
    ):
        reply = await gateway.http.request(method, path)
        assert (reply.status_code, reply.headers["Allow"]) == (405, allowed), path
        assert reply.json() == {"error": "Method not allowed", "code": "method_not_allowed"}


async def test_the_api_describes_itself_with_the_errors_of_each_route(gateway: RunningGateway) -> None:
    assert (await gateway.http.get("/docs")).status_code == 200
    document = (await gateway.http.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/api/pipelines",
        "/api/pipelines/{pipeline_id}",
        "/api/pipelines/{pipeline_id}/run",
        "/api/pipelines/{pipeline_id}/estimate",
        "/api/pipelines/{pipeline_id}/options",
        "/api/pipeline-files",
        "/api/pipeline-files/{filename}",
        "/api/models",
        "/api/executions",
        "/api/executions/{execution_id}",
        "/api/executions/{execution_id}/cancel",
        "/api/executions/{execution_id}/events",
        "/api/executions/{execution_id}/finish",
        "/api/executions/{execution_id}/rerun",
        "/api/executions/{execution_id}/stages/{stage_id}/input",
        "/api/outputs",
        "/api/outputs/{filename}",
        "/healthz",
        "/readyz",
    }
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        assert "422" not in operation["responses"]
        for status, response in operation["responses"].items():
            if status not in {"200", "204", "503"}:
                assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorReply"}
    for path in ("/api/pipelines/{pipeline_id}/run", "/api/executions/{execution_id}/rerun"):
        submission = document["paths"][path]["post"]
        assert {"200", "400", "404", "409", "413", "429", "500"} <= set(submission["responses"])
        assert {"Prefer", "Idempotency-Key"} <= {parameter["name"] for parameter in submission["parameters"]}
        assert "Retry-After" in submission["responses"]["429"]["headers"]
        assert "Idempotency-Replayed" in submission["responses"]["200"]["headers"]
    fields = document["components"]["schemas"]["RerunRequest"]["properties"]
    assert set(fields) == {"fromStage", "input", "options"}
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert used <= set(document["components"]["schemas"])
