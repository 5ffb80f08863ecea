"""What is taken over when an execution is run again: the table in `gateway.rerun`."""

from collections.abc import Mapping
from typing import Any

import pytest

from contracts.errors import InvalidInput
from contracts.events import ExecutionQueued, Rerun, Reused
from contracts.ids import new_execution_id
from contracts.pipeline import Pipeline
from contracts.results import ResultStatus
from contracts.state import ExecutionState, fold
from gateway.rerun import Wanted, plan_rerun
from tests.executed import End, events_after

STAGES: list[dict[str, Any]] = [
    {"id": "a", "model": "fast", "prompt": {"user": "{{ inputs.input }}"}},
    {"id": "b", "call": "echo", "needs": ["a"]},
    {"id": "c", "call": "echo", "needs": ["a"], "when": [{"if": "false"}]},
    {"id": "d", "call": "echo", "needs": ["b", "c"]},
    {"id": "e", "call": "echo", "needs": ["d"]},
    {"id": "report", "call": "echo", "needs": ["e"], "always": True},
]
MODELS = {"fast": {"use": "scripted:fast"}, "strong": {"use": "scripted:strong"}}
ENDS: dict[str, End] = {
    "a": "completed",
    "b": "completed",
    "c": "skipped",
    "d": "completed",
    "e": "failed",
    "report": "completed",
}


def pipeline(stages: list[dict[str, Any]] | None = None, **fields: Any) -> Pipeline:
    return Pipeline.model_validate({"id": "p", "name": "P", "models": MODELS, "stages": stages or STAGES, **fields})


def changed(stage_id: str, **fields: Any) -> list[dict[str, Any]]:
    return [{**stage, **fields} if stage["id"] == stage_id else stage for stage in STAGES]


def source(
    ends: Mapping[str, End] = ENDS,
    status: ResultStatus = "failed",
    *,
    definition: Pipeline | None = None,
    options: dict[str, Any] | None = None,
    rerun: Rerun | None = None,
) -> ExecutionState:
    """An execution whose stages ended like this."""
    queued = ExecutionQueued(
        execution_id=new_execution_id(),
        seq=0,
        pipeline_id="p",
        pipeline=(definition or pipeline()).snapshot(),
        input="x",
        options=options or {},
        rerun=rerun,
    )
    state = fold([queued, *events_after(queued, ends, status)])
    assert state is not None
    return state


def reused(
    earlier: ExecutionState,
    today: Pipeline | None = None,
    *,
    input: str = "x",
    options: Mapping[str, Any] | None = None,
    from_stage: str | None = None,
) -> list[str]:
    """The stages that are taken over."""
    options = earlier.queued.options if options is None else options
    wanted = Wanted(today or earlier.pipeline, input, options, from_stage)
    return list(plan_rerun(earlier, wanted).reused)


def test_what_was_completed_before_the_failure_is_kept_with_its_output_and_model() -> None:
    earlier = source()
    rerun = plan_rerun(earlier, Wanted(earlier.pipeline, "x", {}))
    assert (rerun.of, rerun.from_stage, list(rerun.reused)) == (earlier.execution_id, None, ["a", "b", "d"])
    assert rerun.reused["a"] == Reused(of=earlier.execution_id, output="a of source", model="scripted:fast")


def test_a_cancelled_execution_keeps_what_it_completed_and_runs_anew_what_was_running() -> None:
    assert reused(source({"a": "completed", "b": "running"}, "cancelled")) == ["a"]


@pytest.mark.parametrize("status", ["success", "early_exit"])
def test_an_execution_that_succeeded_is_run_anew_whole(status: ResultStatus) -> None:
    assert reused(source(dict.fromkeys(ENDS, "completed"), status)) == []


def test_a_changed_input_or_option_leaves_nothing_to_keep() -> None:
    earlier = source(definition=pipeline(inputs={"primary": "input", "input": {}, "n": {"default": 1}}))
    assert reused(earlier, options={"n": 1}) == []
    assert reused(earlier, input="y") == []
    assert reused(earlier, options={"models": {"fast": "scripted:fast"}}) == []


def test_another_budget_leaves_everything_to_keep() -> None:
    earlier = source(options={"budget": {"calls": 1}})
    assert reused(earlier, options={"budget": {"calls": 9}}) == reused(earlier) == ["a", "b", "d"]
    assert reused(earlier, options={}) == ["a", "b", "d"]


def test_true_is_another_option_than_1() -> None:
    definition = pipeline(inputs={"primary": "input", "input": {}, "n": {"default": 1}})
    earlier = source(definition=definition, options={"n": 1})
    assert reused(earlier, options={"n": 1}) == ["a", "b", "d"]
    assert reused(earlier, options={"n": True}) == []


def test_a_default_that_is_another_one_today_is_another_input() -> None:
    before, today = (pipeline(inputs={"primary": "input", "input": {}, "n": {"default": n}}) for n in (1, 2))
    assert reused(source(definition=before), today) == []
    assert reused(source(definition=before, options={"n": 1}), today) == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("stage_id", "fields", "kept"),
    [
        ("a", {"prompt": {"user": "Another: {{ inputs.input }}"}}, []),
        ("b", {"with": {"n": 1}}, ["a"]),
        ("c", {"when": [{"if": "1 > 2"}]}, ["a", "b"]),
        ("d", {"output": {"type": "string"}}, ["a", "b"]),
        ("d", {"needs": ["b"]}, ["a", "b"]),
        ("e", {"with": {"n": 1}}, ["a", "b", "d"]),
        ("a", {"model": "strong"}, []),
    ],
)
def test_a_stage_that_is_defined_otherwise_today_runs_anew_with_all_that_depends_on_it(
    stage_id: str, fields: dict[str, Any], kept: list[str]
) -> None:
    assert reused(source(), pipeline(changed(stage_id, **fields))) == kept


def test_another_name_version_or_output_of_the_pipeline_changes_no_stage() -> None:
    assert reused(source(), pipeline(version="2", description="More.", output="{{ stages.a.output }}")) == [
        "a",
        "b",
        "d",
    ]


def test_needs_that_come_from_the_order_of_the_file_are_compared_as_they_are_meant() -> None:
    chain = [{"id": id, "call": "echo"} for id in ("a", "b", "c")]
    earlier = source({"a": "completed", "b": "completed", "c": "failed"}, definition=pipeline(chain))
    assert reused(earlier) == ["a", "b"]
    assert reused(earlier, pipeline([chain[1], chain[0], chain[2]])) == []
    between = [chain[0], {"id": "new", "call": "echo"}, *chain[1:]]
    assert reused(earlier, pipeline(between)) == ["a"]


def test_a_prompt_depends_on_its_own_model_and_a_function_on_all_as_it_may_ask_any() -> None:
    two: list[dict[str, Any]] = [
        {"id": "a", "model": "fast", "prompt": {"user": "x"}, "needs": []},
        {"id": "b", "model": "fast", "call": "echo", "needs": []},
        {"id": "c", "call": "echo", "needs": ["a", "b"]},
    ]
    earlier = source({"a": "completed", "b": "completed", "c": "failed"}, definition=pipeline(two))
    others = {"fast": MODELS["fast"], "strong": {"use": "scripted:other"}}
    assert reused(earlier, pipeline(two, models=others)) == ["a"]
    hotter = {"fast": {"use": "scripted:fast", "temperature": 1}, "strong": MODELS["strong"]}
    assert reused(earlier, pipeline(two, models=hotter)) == []


def test_shared_schemas_that_differ_leave_nothing_to_keep() -> None:
    assert reused(source(), pipeline(defs={"case": {"type": "object"}})) == []


def test_what_ran_behind_a_failure_that_was_passed_over_runs_anew() -> None:
    stages = changed("b", on_error="continue")
    ends: dict[str, End] = {**ENDS, "b": "failed"}
    assert reused(source(ends, definition=pipeline(stages))) == ["a"]


def test_an_always_stage_is_kept_only_when_all_it_could_see_was_delivered() -> None:
    stages: list[dict[str, Any]] = [
        {"id": "a", "call": "echo", "needs": []},
        {"id": "b", "call": "echo", "needs": ["a"]},
        {"id": "note_a", "call": "echo", "needs": ["a"], "always": True},
        {"id": "note_b", "call": "echo", "needs": ["b"], "always": True},
        {"id": "c", "call": "echo", "needs": []},
    ]
    # b was skipped only because c had failed; it will run now, and note_b must see what it delivers.
    ends: dict[str, End] = {
        "a": "completed",
        "b": "skipped",
        "note_a": "completed",
        "note_b": "completed",
        "c": "failed",
    }
    assert reused(source(ends, definition=pipeline(stages))) == ["a", "note_a"]


def test_nothing_behind_an_always_stage_that_runs_anew_is_kept() -> None:
    stages: list[dict[str, Any]] = [
        {"id": "a", "call": "echo", "needs": [], "when": [{"if": "false"}]},
        {"id": "note", "call": "echo", "needs": ["a"], "always": True},
        {"id": "b", "call": "echo", "needs": ["note"]},
        {"id": "c", "call": "echo", "needs": ["b"]},
    ]
    ends: dict[str, End] = {"a": "skipped", "note": "completed", "b": "completed", "c": "failed"}
    assert reused(source(ends, definition=pipeline(stages))) == []


@pytest.mark.parametrize(
    ("from_stage", "kept"), [("a", []), ("b", ["a"]), ("d", ["a", "b"]), ("e", ["a", "b", "d"]), ("c", ["a", "b"])]
)
def test_from_a_stage_on_everything_is_kept_that_does_not_depend_on_it(from_stage: str, kept: list[str]) -> None:
    assert reused(source(), from_stage=from_stage) == kept


def test_from_a_stage_on_completed_stages_are_kept_whatever_was_changed_and_however_it_ended() -> None:
    earlier = source(dict.fromkeys(ENDS, "completed"), "success")
    today = pipeline(changed("b", **{"with": {"n": 1}}))
    assert reused(earlier, today, input="y", options={}, from_stage="d") == ["a", "b", "c"]


def test_a_stage_that_the_pipeline_no_longer_has_is_not_kept() -> None:
    assert reused(source(), pipeline([STAGES[0], {"id": "z", "call": "echo"}]), from_stage="z") == ["a"]


def test_an_unknown_stage_to_begin_with_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(InvalidInput, match="no stage 'f'; its stages are a, b, c, d, e, report"):
        reused(source(), from_stage="f")


def test_in_a_chain_of_reruns_the_one_that_paid_stays_named() -> None:
    first = source()
    second = source(rerun=plan_rerun(first, Wanted(first.pipeline, "x", {})))
    third = plan_rerun(second, Wanted(second.pipeline, "x", {}))
    assert third.of == second.execution_id
    assert {id: (one.of, one.output) for id, one in third.reused.items()} == {
        "a": (first.execution_id, "a of source"),
        "b": (first.execution_id, "b of source"),
        "d": (first.execution_id, "d of source"),
    }


def test_what_a_rerun_had_taken_over_is_kept_also_when_it_ended_before_it_could_say_so() -> None:
    first = source()
    cancelled = source({}, "cancelled", rerun=plan_rerun(first, Wanted(first.pipeline, "x", {})))
    third = plan_rerun(cancelled, Wanted(first.pipeline, "x", {}, from_stage="e"))
    assert {id: one.of for id, one in third.reused.items()} == dict.fromkeys("abd", first.execution_id)
