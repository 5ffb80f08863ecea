from typing import Any

import pytest

from contracts.errors import ExpressionError
from contracts.pipeline import Foreach, Prompt, Stage
from stagecast.sandbox import time_limited
from stagecast.scope import begin_scope, offer, with_item, with_own_output
from stagecast.stage_input import render_arguments, render_items, render_messages, render_replacement


def stage(stage_id: str = "a", **fields: Any) -> Stage:
    return Stage.model_validate({"id": stage_id, "call": "give", **fields})


def test_values_that_are_no_text_are_written_into_messages_as_json() -> None:
    scope = begin_scope({"x": {"é": [1, None]}})
    messages = render_messages(Prompt(system="{{ inputs.x }}", user="it is {{ inputs.x }}"), scope)
    assert (messages.system, messages.user) == ('{"é": [1, null]}', 'it is {"é": [1, null]}')
    assert render_messages(Prompt(user="plain"), scope).system is None


def test_arguments_items_and_replacements_keep_their_types() -> None:
    scope = begin_scope({"x": [1, 2]})
    arguments = {"x": "{{ inputs.x }}", "deep": [{"y": "{{ inputs.x[0] }}"}]}
    given = stage(with_=arguments, output_when_skipped="{{ 2 }}")
    assert render_arguments(given, scope) == {"x": [1, 2], "deep": [{"y": 1}]}
    assert render_items(Foreach(items="{{ inputs.x }}"), scope) == [1, 2]
    assert render_replacement(given, scope) == 2


@pytest.mark.parametrize(
    ("phase", "status"),
    [("completed", "success"), ("skipped", "skipped"), ("failed", "failed"), ("cancelled", "skipped")],
)
def test_a_settled_stage_is_seen_by_later_ones(phase: str, status: str) -> None:
    scope = begin_scope({})
    offer(scope, stage("done"), phase, {"n": 1})
    assert render_arguments(stage(with_={"seen": "{{ stages.done }}"}), scope) == {
        "seen": {"output": {"n": 1}, "status": status}
    }


def test_an_item_and_a_stages_own_output_are_seen_in_a_copy_alone() -> None:
    scope = begin_scope({})
    each = stage(foreach={"items": [], "as": "thing"})
    assert with_item(scope, each, 7)["thing"] == 7
    assert with_item(scope, stage(), 7) is scope
    assert with_own_output(scope, each, {"results": [1]})["stages"]["a"]["results"] == [1]
    assert scope == {"inputs": {}, "stages": {}}


def test_after_its_time_nothing_is_rendered_any_more() -> None:
    loop = Foreach(items="{% for a in range(90000) %}{% set x = inputs.x | upper %}{% endfor %}")
    scope = begin_scope({"x": "x" * 100_000})
    with time_limited(0.05) as limit:
        with pytest.raises(ExpressionError, match="too long"):
            render_items(loop, scope)
        assert limit.is_over
        with pytest.raises(ExpressionError, match="too long"):
            render_items(Foreach(items="{{ [1] }}"), scope)
    assert render_items(Foreach(items="{{ [1] }}"), scope) == [1]
