from datetime import timedelta

from contracts.errors import CorruptLog, ModelError
from contracts.results import StageOutcome
from runner.executor import PipelineExecutor
from runner.progress import NullProgress
from runner.records import records_of
from runner.result import judge, result_of_state, result_of_unreadable
from runner.timing import Timing
from stagecast.functions import FunctionRegistry
from tests.unit.runner.scripts import Bench, Models, Waits, begin, call, definition, prompt


async def test_a_result_has_the_story_s_fields() -> None:
    state = begin(definition(prompt("a", name="First"), version="2.0"), "hello")
    result = await Bench().run(state)
    wire = result.model_dump(mode="json", by_alias=True)
    assert {
        key: wire[key] for key in ("executionId", "pipelineId", "pipelineVersion", "status", "input", "output")
    } == {
        "executionId": state.execution_id,
        "pipelineId": "p",
        "pipelineVersion": "2.0",
        "status": "success",
        "input": {"prompt": "hello", "options": {}},
        "output": "a",
    }
    [stage] = wire["stages"]
    duration = stage.pop("duration")
    assert isinstance(duration, int)
    assert stage == {
        "stageId": "a",
        "stageName": "First",
        "status": "success",
        "model": "scripted:m",
        "cost": 0.5,
        "inputTokens": 10,
        "outputTokens": 5,
        "output": "a",
        "reason": None,
        "error": None,
        "errorCode": None,
        "reusedFrom": None,
    }
    assert {key: value for key, value in wire["summary"].items() if key != "totalDuration"} == {
        "stagesRun": 1,
        "stagesSkipped": 0,
        "stagesFailed": 0,
        "totalCost": 0.5,
        "totalInputTokens": 10,
        "totalOutputTokens": 5,
    }
    assert result.timestamp == state.queued.at


async def test_durations_come_from_the_steady_clock_and_the_total_includes_the_time_before_a_resume() -> None:
    state = begin(definition(call("a")))
    assert state.started_at is not None
    later = state.started_at + timedelta(seconds=10)
    readings = iter([100.0, 101.0, 101.25, 103.0])
    timing = Timing(sleep=Waits().sleep, monotonic=lambda: next(readings), now=lambda: later)

    async def give(_context: object) -> None:
        return

    result = await PipelineExecutor(Models(), FunctionRegistry({"give": give}), timing=timing).run(
        state, NullProgress()
    )
    assert (result.stages[0].duration, result.summary.total_duration) == (250, 13_000)


async def test_a_pipeline_output_that_cannot_be_rendered_makes_a_success_a_failure() -> None:
    result = await Bench().run(definition(prompt("a"), output="{{ stages.a.output.missing.more }}"))
    assert (result.status, result.error_code, result.output) == ("failed", "output_error", None)


async def test_a_failed_execution_keeps_its_error_when_its_output_cannot_be_rendered() -> None:
    bench = Bench(Models({"a": ModelError("no", code="refused")}))
    result = await bench.run(definition(prompt("a"), output="{{ stages.a.output.missing }}"))
    assert (result.status, result.error_code, result.output) == ("failed", "refused", None)


async def test_an_output_can_be_a_structure() -> None:
    pipeline = definition(prompt("a"), output={"both": ["{{ stages.a.output }}", 1], "of": "{{ inputs.input }}"})
    assert (await Bench().run(pipeline)).output == {"both": ["a", 1], "of": "hello"}


async def test_a_cost_that_is_not_known_stays_unknown_in_the_total() -> None:
    result = await Bench(Models(cost=None)).run(definition(prompt("a"), call("b")))
    assert [stage.cost for stage in result.stages] == [None, 0.0]
    assert result.summary.total_cost is None


def test_the_error_told_is_that_of_the_stage_that_stopped_the_rest() -> None:
    bench_state = begin(definition(prompt("a", on_error="continue"), prompt("b")))
    records = records_of(bench_state)
    for stage_id in records:
        records[stage_id].fail(f"{stage_id} broke", stage_id, StageOutcome(status="failed"))
    verdict = judge(records.values())
    assert (verdict.status, verdict.error, verdict.code) == ("failed", "Stage 'b' failed: b broke", "b")


def test_an_execution_that_ends_without_the_engine_has_what_its_log_tells() -> None:
    state = begin(definition(prompt("a"), prompt("b"), prompt("c")))
    done = StageOutcome(status="success", output=1, cost=2.0, input_tokens=3)
    a, b = state.stages["a"], state.stages["b"]
    a.phase, a.outcome, a.output, a.started_at = "completed", done, 1, state.started_at
    b.phase, b.started_at = "running", state.started_at
    assert state.started_at is not None
    result = result_of_state(state, "cancelled", now=state.started_at + timedelta(milliseconds=1500))
    assert [(stage.stage_id, stage.status) for stage in result.stages] == [("a", "success"), ("b", "cancelled")]
    assert (result.summary.total_cost, result.summary.stages_run, result.summary.total_duration) == (2.0, 2, 1500)
    assert (result.status, result.error_code, result.output) == ("cancelled", "cancelled", None)
    failed = result_of_state(state, "failed", error="The runner was lost.", code="runner_lost")
    assert (failed.status, failed.error, failed.error_code) == ("failed", "The runner was lost.", "runner_lost")


def test_a_log_that_cannot_be_read_ends_as_failed_and_says_so() -> None:
    queued = begin(definition(prompt("a"), version="3.1")).queued
    result = result_of_unreadable(queued, CorruptLog("event 3 is missing"))
    assert (result.status, result.error_code, result.pipeline_version) == ("failed", "corrupt_log", "3.1")
    assert "event 3 is missing" in (result.error or "")


async def test_a_result_belongs_to_who_submitted_it_however_it_ends() -> None:
    state = begin(definition(prompt("a")), "hello")
    state.queued = state.queued.model_copy(update={"owner": "alice"})
    assert (await Bench().run(state)).owner == "alice"
    assert result_of_state(state, "cancelled").owner == "alice"
    assert result_of_unreadable(state.queued, CorruptLog("broken")).owner == "alice"
