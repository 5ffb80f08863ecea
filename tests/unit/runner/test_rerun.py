"""Stages whose results are taken over from an earlier execution."""

from contracts.events import Rerun, Reused
from contracts.ids import new_execution_id
from contracts.pipeline import Pipeline
from contracts.state import ExecutionState
from tests.unit.runner.scripts import Bench, begin, call, definition, prompt

PAID, SOURCE = new_execution_id(), new_execution_id()


def rerun(pipeline: Pipeline, **outputs: object) -> ExecutionState:
    reused = {stage_id: Reused(of=PAID, output=output, model="scripted:then") for stage_id, output in outputs.items()}
    state = begin(pipeline)
    state.queued = state.queued.model_copy(update={"rerun": Rerun(of=SOURCE, from_stage=None, reused=reused)})
    return state


async def test_a_stage_that_is_taken_over_is_told_like_any_other_and_costs_nothing() -> None:
    bench = Bench()
    later = prompt("b", prompt={"user": "after {{ stages.a.output }}, {{ stages.a.status }}"})
    result = await bench.run(rerun(definition(prompt("a"), later), a="old"))
    assert list(bench.told) == ["started a", "completed a", "started b", "completed b"]
    assert bench.models.messages == ["after old, success"]
    first, second = result.stages
    assert (first.status, first.output, first.cost, first.model) == ("success", "old", 0.0, "scripted:then")
    assert (first.reused_from, second.reused_from, result.rerun_of) == (PAID, None, SOURCE)
    assert (result.status, result.summary.total_cost, result.summary.stages_run) == ("success", 0.5, 2)


async def test_a_stage_that_is_taken_over_needs_no_budget() -> None:
    bench = Bench()
    budget = {"calls": 1, "on_exceeded": "finish"}
    pipeline = definition(prompt("a"), prompt("b"), call("c", always=True), budget=budget)
    result = await bench.run(rerun(pipeline, a="old"))
    assert [(stage.stage_id, stage.status) for stage in result.stages] == [
        ("a", "success"),
        ("b", "success"),
        ("c", "success"),
    ]


async def test_whether_a_stage_is_skipped_is_decided_anew() -> None:
    bench = Bench()
    skipped = prompt("a", when=[{"if": "false", "else": "not today"}])
    result = await bench.run(rerun(definition(skipped, prompt("b")), a="old"))
    assert list(bench.told) == ["skipped a: not today", "started b", "completed b"]
    assert result.status == "success"


async def test_a_stage_that_is_taken_over_may_end_the_pipeline_early() -> None:
    bench = Bench()
    early = prompt("a", early_exit={"if": "stages.a.output == 'old'"})
    result = await bench.run(rerun(definition(early, prompt("b")), a="old"))
    assert (result.status, result.output, bench.models.messages) == ("early_exit", "old", [])
