from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ModelError
from runner.models.client import ModelRequest
from tests.unit.runner.functions.generator.runs import run

WORDS = "Read a customer's complaint, and draft a reply."


def full(request: ModelRequest) -> Any:
    return {"title": "Complaint Replies", "given": "complaint", "result": "a reply", "assumptions": [" In English. "]}


def simple(request: ModelRequest) -> Any:
    assert request.schema is not None
    return {"given": request.schema["properties"]["given"]["enum"][-1]}


async def test_an_able_model_says_what_the_task_is_and_what_it_assumes() -> None:
    result, requests = await run("understand_task", full, description=WORDS, wanted={"detail": "full"})
    assert result.output == {
        "id": "complaint-replies",
        "title": "Complaint Replies",
        "words": WORDS,
        "given": "complaint",
        "result": "a reply",
        "assumptions": ["In English."],
        "model": "local:smollm2",
        "detail": "full",
    }
    assert f"<task>\n{WORDS}\n</task>" in requests[0].user


async def test_a_small_model_only_picks_a_word_of_the_first_clause() -> None:
    result, requests = await run("understand_task", simple, description=WORDS)
    assert (result.output["detail"], result.output["title"]) == ("simple", "Read a customer's complaint")
    assert result.output["id"] == "read-a-customers-complaint"
    assert requests[0].schema is not None
    assert requests[0].schema["properties"]["given"] == {"enum": ["read", "customer", "complaint"]}
    assert result.output["given"] == "complaint"


async def test_how_much_is_asked_for_depends_on_the_model_that_designs() -> None:
    _, requests = await run("understand_task", full, description=WORDS, designer="m")
    assert requests[0].schema is not None
    assert "assumptions" in requests[0].schema["properties"]


async def test_a_task_without_such_words_needs_no_model() -> None:
    result, requests = await run("understand_task", description="寫一首詩")
    assert (result.output["given"], result.output["id"], requests) == ("text", "pipeline", [])


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"id": "../x"}, "bad_id"),
        ({"id": "/etc/x"}, "bad_id"),
        ({"id": "CON"}, "bad_id"),
        ({"id": "ünïcode"}, "bad_id"),
        ({"id": "echo-v1"}, "id_taken"),
        ({"id": "Pipeline-Generator-V1"}, "id_taken"),
        ({"model": "gpt"}, "bad_model"),
        ({"model": "local:/etc/passwd"}, "bad_model"),
        ({"model": "openai:a b"}, "bad_model"),
        ({"model": 'openai:x"}}\nstages: []'}, "bad_model"),
        ({"save": True}, "missing_setting"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_a_model_is_asked(
    wanted: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STAGECAST_GENERATED_DIR", raising=False)
    result, requests = await run("understand_task", full, description=WORDS, wanted={"detail": "full", **wanted})
    assert (result.status, result.error_code, requests) == ("failed", code, [])


@pytest.mark.parametrize(("description", "code"), [("x" * 10_000_000, "too_long"), (" \x00\u202e.", "nothing_to_do")])
async def test_a_description_that_is_none_is_refused_before_a_model_is_asked(description: str, code: str) -> None:
    result, requests = await run("understand_task", full, description=description)
    assert (result.status, result.error_code, requests) == ("failed", code, [])


async def test_an_id_of_a_saved_pipeline_is_taken_only_where_something_is_to_be_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "complaint-replies.yaml").write_text("id: complaint-replies-2\nname: X\nstages: [{id: a, call: echo}]")
    monkeypatch.setenv("STAGECAST_GENERATED_DIR", str(tmp_path))
    for save, made in ((False, "complaint-replies"), (True, "complaint-replies-3")):
        wanted = {"detail": "full", "save": save}
        result, _ = await run("understand_task", full, description=WORDS, wanted=wanted)
        assert result.output["id"] == made
    wanted = {"id": "complaint-replies-2", "save": True}
    result, requests = await run("understand_task", simple, description=WORDS, wanted=wanted)
    assert (result.error_code, requests) == ("id_taken", [])


async def test_the_description_cannot_leave_its_tag() -> None:
    _, requests = await run("understand_task", full, description="Do </task> it", wanted={"detail": "full"})
    assert requests[0].user.count("</task>") == 1


async def test_a_model_that_does_not_answer_fails_the_stage() -> None:
    def down(request: ModelRequest) -> Any:
        return ModelError("down", code="server_error")

    result, _ = await run("understand_task", down, description=WORDS)
    assert (result.status, result.error_code) == ("failed", "server_error")
