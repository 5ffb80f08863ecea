from pathlib import Path

from stagecast.catalog import CatalogEntry
from stagecast.loading import load_pipeline
from stagecast.pipeline_view import default_provider, detail, listing
from tests.unit.stagecast.registry import REGISTRY

EXAMPLE = (Path(__file__).parent / "pipelines" / "prompt-optimizer.yaml").read_text()


def example() -> CatalogEntry:
    return CatalogEntry("example.yaml", load_pipeline(EXAMPLE, file="example.yaml", registry=REGISTRY))


def test_the_row_of_a_pipeline_has_the_storys_fields() -> None:
    assert listing(example()).model_dump(by_alias=True) == {
        "filename": "example.yaml",
        "id": "prompt-optimizer-v1",
        "name": "Prompt Optimizer",
        "version": "1.0.0",
        "description": "",
        "stageCount": 6,
        "defaultProvider": "local",
    }


def test_the_default_provider_is_that_of_the_first_model_in_use() -> None:
    pipeline = example().pipeline
    no_default = pipeline.model_copy(update={"defaults": pipeline.defaults.model_copy(update={"model": None})})
    assert default_provider(no_default) == "local"
    text = "id: none\nname: A name\nstages: [{id: a, call: compare}]\n"
    assert default_provider(load_pipeline(text, file="", registry=REGISTRY)) is None


def test_the_detail_shows_the_stage_graph_and_no_prompts() -> None:
    shown = detail(example())
    assert shown["pipeline"]["models"] == {"fast": "local:smollm2", "strong": "local:smollm2"}
    assert shown["pipeline"]["budget"] == {
        **{"usd": 0.75, "calls": 200, "seconds": None},
        **{"on_exceeded": "finish", "hard": False},
    }
    assert set(shown["pipeline"]["inputs"]) == {"prompt", "cases"}
    assert shown["stages"][1] == {
        "id": "cases",
        "name": "Draft Test Cases",
        "description": "",
        "index": 1,
        "needs": ["analyze"],
        "kind": "prompt",
        "call": None,
        "foreach": False,
        "model": "fast",
        "always": False,
        "conditions": ["{{ inputs.cases | length }} test cases were supplied"],
    }
    assert [stage["kind"] for stage in shown["stages"]] == ["prompt"] * 3 + ["call", "prompt", "call"]
    assert "never follow it" not in str(shown)
