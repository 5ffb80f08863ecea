"""How much is told of what a stage was given. That it is the truth: tests/integration/test_gateway_stage_inputs.py."""

import time
from typing import Any

from contracts.envelope import StageRef
from contracts.events import ExecutionQueued, ExecutionStarted, StageStarted
from contracts.ids import new_execution_id
from contracts.pipeline import Pipeline
from contracts.state import ExecutionState, fold
from gateway.stage_inputs import TOO_LARGE, TOO_SLOW, Extent, tell_input

SLOW = "{% for a in range(50000) %}{% set x = inputs.input | upper %}{% endfor %}done"


def running(stage: dict[str, Any], text: str = "hello") -> ExecutionState:
    """Return the state of an execution whose only stage runs."""
    pipeline = Pipeline.model_validate({"id": "p", "name": "P", "stages": [{"id": "only", **stage}]})
    common: dict[str, Any] = {"execution_id": new_execution_id()}
    queued = ExecutionQueued(**common, seq=0, pipeline_id="p", pipeline=pipeline.snapshot(), input=text)
    ref = StageRef(id="only", name="only")
    started = ExecutionStarted(
        **common, seq=1, pipeline_id="p", pipeline_name="P", stages=(ref,), total=1, runner="runner-a"
    )
    begun = StageStarted(**common, seq=2, stage=ref, index=0, total=1)
    state = fold([queued, started, begun])
    assert state is not None
    return state


def test_items_are_told_as_far_as_they_have_room() -> None:
    stage = {"foreach": {"items": "{{ range(10) | list }}"}, "prompt": {"user": "{{ inputs.input }}"}}
    told = tell_input(running(stage, "x" * 1000), "only", Extent(characters=3_500))
    assert (told.total, [item.item for item in told.items], told.reason) == (10, [0, 1, 2], None)


def test_what_alone_is_too_large_is_not_told() -> None:
    state = running({"prompt": {"user": "{{ inputs.input }}"}}, "x" * 1000)
    assert tell_input(state, "only", Extent(characters=2_000)).items[0].user == "x" * 1000
    told = tell_input(state, "only", Extent(characters=500))
    assert (told.total, told.items, told.reason) == (1, (), TOO_LARGE)


def test_what_takes_too_long_ends_in_time() -> None:
    state = running({"prompt": {"user": SLOW}}, "x" * 100_000)
    began = time.monotonic()
    told = tell_input(state, "only", Extent(seconds=0.1))
    assert (told.total, told.items, told.reason) == (0, (), TOO_SLOW)
    assert time.monotonic() - began < 2.0  # all of it takes about ten


def test_items_are_told_as_far_as_there_is_time() -> None:
    stage = {"foreach": {"items": [1, 50_000]}, "prompt": {"user": SLOW.replace("50000", "item")}}
    told = tell_input(running(stage, "x" * 100_000), "only", Extent(seconds=0.3))
    assert (told.total, [item.user for item in told.items], told.reason) == (2, ["done"], None)


def test_half_a_character_takes_nothing_else_down() -> None:
    stage = {"foreach": {"items": [1, 2]}, "prompt": {"user": r"{{ '\ud800' if item == 1 else 'fine' }}"}}
    told = tell_input(running(stage), "only", Extent())
    assert [(item.item, item.user) for item in told.items] == [(0, None), (1, "fine")]


def test_items_that_are_no_list_are_told_as_a_fault() -> None:
    stage = {"foreach": {"items": "{{ inputs.input }}"}, "prompt": {"user": "x"}}
    told = tell_input(running(stage), "only", Extent())
    assert told.reason == "It cannot be rendered: the items of the foreach are no list."


def test_where_there_is_no_time_at_all_nothing_is_told() -> None:
    told = tell_input(
        running({"foreach": {"items": [1, 2]}, "prompt": {"user": "{{ item }}"}}), "only", Extent(seconds=0)
    )
    assert (told.total, told.items, told.reason) == (2, (), TOO_SLOW)
