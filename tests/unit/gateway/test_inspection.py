"""Where an execution stands when its log cannot be folded. Over HTTP it is in the integration tests."""

import pytest

from contracts.errors import CorruptLog, ExecutionNotFound
from contracts.events import LogEvent
from contracts.results import StageResult
from gateway.inspection import read_view
from gateway.wishes import request_cancel
from stagecast.memory_log import MemoryLog
from tests.example_events import Example


async def log_of(*events: LogEvent) -> MemoryLog:
    log = MemoryLog()
    for event in events:
        await log.append(event)
    return log


async def test_stages_are_shown_as_the_stored_result_knows_them() -> None:
    example = Example()
    end = example.completed(2, "failed")
    row = StageResult(stage_id="first", stage_name="First", status="success", cost=0.5, duration=12)
    end = end.model_copy(update={"result": end.result.model_copy(update={"stages": (row,)})})
    view = await read_view(await log_of(example.queued(), example.stage_completed(1), end), example.id)
    assert [(stage.id, stage.index, stage.status, stage.cost) for stage in view.stages] == [
        ("first", 0, "completed", 0.5),
        ("second", 1, "not_run", None),
    ]


async def test_what_was_run_again_and_reused_is_shown_as_the_stored_result_knows_it() -> None:
    example, earlier = Example(), Example()
    end = example.completed(2)
    row = StageResult(stage_id="first", stage_name="First", status="success", reused_from=earlier.id)
    end = end.model_copy(update={"result": end.result.model_copy(update={"stages": (row,), "rerun_of": earlier.id})})
    view = await read_view(await log_of(example.queued(), example.stage_completed(1), end), example.id)
    assert (view.rerun_of, [stage.reused_from for stage in view.stages]) == (earlier.id, [earlier.id, None])


async def test_a_definition_that_is_not_of_this_version_hides_no_end() -> None:
    example = Example()
    queued = example.queued().model_copy(update={"pipeline": {"format": "of another version"}})
    log = await log_of(queued, example.completed(1, "failed"))
    view = await read_view(log, example.id)
    assert (view.status, view.filename, view.stages) == ("failed", "example.json", ())
    assert await request_cancel(log, example.id) is False


async def test_without_an_end_it_is_a_corrupt_log_and_nothing_is_appended() -> None:
    example = Example()
    log = await log_of(example.queued(), example.stage_completed(1))
    with pytest.raises(CorruptLog):
        await read_view(log, example.id)
    with pytest.raises(CorruptLog):
        await request_cancel(log, example.id)
    assert len(await log.read(example.id)) == 2


async def test_an_execution_that_the_log_does_not_have_is_not_found() -> None:
    with pytest.raises(ExecutionNotFound):
        await read_view(MemoryLog(), Example().id)
