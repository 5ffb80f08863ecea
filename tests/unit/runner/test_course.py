import asyncio

from contracts.envelope import StageRef
from contracts.errors import ModelError
from contracts.events import StageCompleted, StageFailed, StageSkipped, StageStarted
from contracts.results import StageOutcome, StageResult
from contracts.state import ExecutionState
from runner.progress import StagePlace
from tests.unit.runner.scripts import Bench, Models, Told, begin, call, definition, prompt, resume

BROKEN = ModelError("the model refuses", code="refused")


def statuses(stages: tuple[StageResult, ...]) -> dict[str, str]:
    return {stage.stage_id: stage.status for stage in stages}


async def test_a_failed_stage_skips_what_follows_lets_siblings_finish_and_runs_always_stages() -> None:
    gate = asyncio.Event()
    bench = Bench(Models({"bad": BROKEN}, gates={"sibling": gate}))
    bench.told.stop_at["failed bad"] = gate.set
    pipeline = definition(
        prompt("bad"),
        prompt("sibling", needs=[]),
        prompt("after_bad", needs=["bad"]),
        prompt("after_sibling", needs=["sibling"]),
        call("report", needs=["after_bad", "after_sibling"], always=True),
    )
    result = await bench.run(pipeline)
    assert statuses(result.stages) == {
        "bad": "failed",
        "sibling": "success",
        "after_bad": "skipped",
        "after_sibling": "skipped",
        "report": "success",
    }
    assert "skipped after_bad: it needs 'bad', which failed" in bench.told
    assert "skipped after_sibling: stage 'bad' failed" in bench.told
    assert (result.status, result.error_code) == ("failed", "refused")
    assert result.error == "Stage 'bad' failed: the model refuses"
    assert result.output == "given"


async def test_no_stage_starts_after_a_failure_that_came_while_a_skip_was_being_told() -> None:
    gate, has_failed = asyncio.Event(), asyncio.Event()

    class SlowSkip(Told):
        async def stage_skipped(self, place: StagePlace, reason: str, output: object) -> None:
            await super().stage_skipped(place, reason, output)
            gate.set()
            await has_failed.wait()
            await asyncio.sleep(0)

    bench = Bench(Models({"bad": BROKEN}, gates={"bad": gate}), told=SlowSkip())
    bench.told.stop_at["failed bad"] = has_failed.set
    pipeline = definition(prompt("bad"), prompt("skipped", needs=[], when=[{"if": "false"}]), prompt("late", needs=[]))
    result = await bench.run(pipeline)
    assert statuses(result.stages) == {"bad": "failed", "skipped": "skipped", "late": "skipped"}
    assert bench.models.messages == ["bad"]


async def test_a_tolerated_failure_goes_on_with_null_and_still_ends_as_failed() -> None:
    bench = Bench(Models({"a": BROKEN}))
    value = {"got": "{{ stages.a.output }}", "was": "{{ stages.a.status }}"}
    result = await bench.run(definition(prompt("a", on_error="continue"), call("b", arguments={"value": value})))
    assert (result.status, result.output) == ("failed", {"got": None, "was": "failed"})
    assert result.summary.stages_failed == 1


async def test_use_skipped_offers_the_replacement_output_after_a_failure() -> None:
    bench = Bench(Models({"a": BROKEN}))
    stage = prompt("a", on_error="use_skipped", output_when_skipped={"x": "{{ inputs.input }}"})
    result = await bench.run(definition(stage, call("b", arguments={"value": "{{ stages.a.output.x }}"})))
    assert (result.status, result.output) == ("failed", "hello")
    assert bench.told.outcomes["a"].output == {"x": "hello"}


async def test_a_condition_that_cannot_be_evaluated_fails_the_stage_without_starting_it() -> None:
    bench = Bench()
    result = await bench.run(definition(prompt("a", when=[{"if": "inputs.nothing.at_all"}])))
    assert [line.rsplit(": ", 1)[0][:26] for line in bench.told] == ["failed a: condition_error:"]
    assert (result.status, result.summary.stages_run, result.summary.stages_failed) == ("failed", 0, 1)


async def test_an_early_exit_ends_with_its_own_status_and_output() -> None:
    bench = Bench(Models({"a": {"score": 9}}))
    exit_ = {"if": "stages.a.output.score > 5", "output": {"best": "{{ stages.a.output.score }}"}}
    result = await bench.run(definition(prompt("a", early_exit=exit_), prompt("b"), prompt("c", always=True)))
    assert (result.status, result.output) == ("early_exit", {"best": 9})
    assert list(bench.told)[2:] == [
        "skipped b: stage 'a' ended the pipeline early",
        "skipped c: stage 'a' ended the pipeline early",
    ]


async def test_an_early_exit_without_an_output_delivers_what_its_stage_did() -> None:
    result = await Bench().run(definition(prompt("a", early_exit={"if": "true"}), prompt("b")))
    assert (result.status, result.output) == ("early_exit", "a")


async def test_a_condition_of_early_exit_that_cannot_be_evaluated_fails_its_stage() -> None:
    bench = Bench()
    result = await bench.run(definition(prompt("a", early_exit={"if": "stages.a.output.x.y"})))
    assert (result.status, result.error_code, bench.told.outcomes["a"].cost) == ("failed", "condition_error", 0.5)


async def test_a_failed_stage_before_an_early_exit_makes_the_execution_failed() -> None:
    bench = Bench(Models({"a": BROKEN}))
    pipeline = definition(prompt("a", on_error="continue"), prompt("b", early_exit={"if": "true"}), prompt("c"))
    result = await bench.run(pipeline)
    assert (result.status, result.output) == ("failed", "b")


async def test_a_template_that_fails_fails_its_stage() -> None:
    bench = Bench()
    result = await bench.run(definition({"id": "a", "prompt": {"user": "{{ inputs.nothing }}"}}))
    assert (result.status, result.error_code, bench.models.requests) == ("failed", "expression_error", [])


async def test_a_resumed_execution_keeps_what_ended_and_runs_anew_what_was_running() -> None:
    pipeline = definition(
        prompt("a"),
        prompt("b", when=[{"if": "false", "else": "no"}], output_when_skipped="instead"),
        prompt("c", when=[{"if": "false"}]),
        call("d", arguments={"value": ["{{ stages.a.output }}", "{{ stages.b.output }}", "{{ stages.c.output }}"]}),
    )
    state = begin(pipeline)
    done = StageOutcome(status="success", output="kept", cost=2.0, calls=1, input_tokens=7)
    tell(state, StageStarted, "a")
    tell(state, StageCompleted, "a", result=done)
    tell(state, StageSkipped, "b", reason="no", output="instead")
    tell(state, StageStarted, "c")
    bench = Bench()
    result = await bench.run(resume(state))
    assert list(bench.told) == ["started c", "completed c", "started d", "completed d"]
    assert bench.models.messages == ["c"]
    assert result.output == ["kept", "instead", "c"]
    assert (result.summary.total_cost, result.summary.total_input_tokens) == (2.5, 17)
    assert (result.summary.stages_run, result.summary.stages_skipped) == (3, 1)


async def test_a_resumed_execution_remembers_a_failure_and_an_early_exit() -> None:
    pipeline = definition(prompt("a", early_exit={"if": "stages.a.output"}), prompt("b"))
    state = begin(pipeline)
    tell(state, StageStarted, "a")
    tell(state, StageCompleted, "a", result=StageOutcome(status="success", output=7))
    bench = Bench()
    result = await bench.run(resume(state))
    assert (result.status, result.output, bench.models.requests) == ("early_exit", 7, [])

    state = begin(definition(prompt("a"), prompt("b")))
    tell(state, StageStarted, "a")
    tell(state, StageFailed, "a", error="it broke", code="broken", result=StageOutcome(status="failed"))
    bench = Bench()
    result = await bench.run(resume(state))
    assert list(bench.told) == ["skipped b: it needs 'a', which failed"]
    assert (result.status, result.error_code) == ("failed", "broken")


async def test_calls_of_stages_that_ended_before_count_towards_the_budget_after_a_resume() -> None:
    state = begin(definition(prompt("a"), prompt("b"), budget={"calls": 3}))
    tell(state, StageStarted, "a")
    tell(state, StageCompleted, "a", result=StageOutcome(status="success", output=1, calls=3))
    result = await Bench().run(resume(state))
    assert (result.status, result.error_code) == ("failed", "budget_exceeded")


async def test_the_state_that_a_run_starts_from_is_not_changed() -> None:
    state = begin(definition(prompt("a")))
    before = (state.next_seq, state.stages["a"].phase)
    await Bench().run(state)
    assert (state.next_seq, state.stages["a"].phase) == before


def tell(
    state: ExecutionState,
    kind: type[StageStarted | StageCompleted | StageFailed | StageSkipped],
    stage_id: str,
    **fields: object,
) -> None:
    index = [stage.id for stage in state.pipeline.stages].index(stage_id)
    event = kind.model_validate(
        {
            "execution_id": state.execution_id,
            "seq": state.next_seq,
            "stage": StageRef(id=stage_id, name=stage_id),
            "index": index,
            "total": len(state.pipeline.stages),
            **fields,
        }
    )
    state.apply(event)
