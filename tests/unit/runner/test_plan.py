from typing import Any

import pytest

from contracts.errors import StageError
from contracts.results import StageOutcome
from runner.plan import (
    BudgetStanding,
    Fail,
    Skip,
    Start,
    cut_off_by_early_exit,
    is_early_exit,
    output_after_failure,
    plan,
)
from runner.records import StageRecord, records_of, scope_of
from stagecast.scope import Scope
from tests.unit.runner.scripts import begin, call, definition, prompt

NO_BUDGET = BudgetStanding()


def standing(*stages: dict[str, Any], done: dict[str, object] | None = None, failed: tuple[str, ...] = ()):
    records = records_of(begin(definition(*stages)))
    for stage_id, output in (done or {}).items():
        records[stage_id].complete(StageOutcome(status="success", output=output))
    for stage_id in failed:
        records[stage_id].fail("it broke", "broken", StageOutcome(status="failed"))
    return records, scope_of({"input": "hello"}, records.values())


def test_without_needs_a_stage_waits_for_the_one_before() -> None:
    assert plan(*standing(prompt("a"), prompt("b")), NO_BUDGET) == [Start("a")]
    assert plan(*standing(prompt("a"), prompt("b"), done={"a": 1}), NO_BUDGET) == [Start("b")]


def test_stages_whose_needs_are_met_start_together_in_file_order() -> None:
    stages = (prompt("a"), prompt("c", needs=["a"]), prompt("b", needs=["a"]), prompt("d", needs=["b", "c"]))
    assert plan(*standing(*stages, done={"a": 1}), NO_BUDGET) == [Start("c"), Start("b")]


def test_nothing_is_decided_for_stages_that_run_or_have_ended() -> None:
    records, scope = standing(prompt("a"), prompt("b", needs=[]), done={"a": 1})
    records["b"].phase = "running"
    assert plan(records, scope, NO_BUDGET) == []


def test_the_first_false_condition_gives_the_reason_and_the_skipped_stage_offers_its_replacement() -> None:
    when = [{"if": "true"}, {"if": "stages.a.output > 1", "else": "a gave {{ stages.a.output }}"}, {"if": "false"}]
    stages = (prompt("a"), prompt("b", when=when, output_when_skipped={"x": "{{ stages.a.output }}"}))
    assert plan(*standing(*stages, done={"a": 1}), NO_BUDGET) == [Skip("b", "a gave 1", {"x": 1})]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"if": "stages.a.output.missing > 1"}, "condition_error"),
        ({"if": "false", "else": "{{ stages.a.output.missing.more }}"}, "condition_error"),
    ],
)
def test_an_error_in_a_condition_fails_the_stage_and_never_skips_it(condition: dict[str, str], code: str) -> None:
    decisions = plan(*standing(prompt("a"), prompt("b", when=[condition]), done={"a": {}}), NO_BUDGET)
    assert [(type(decision), getattr(decision, "code", None)) for decision in decisions] == [(Fail, code)]


def test_a_replacement_that_cannot_be_rendered_fails_a_stage_that_its_condition_skips() -> None:
    stage = prompt("b", when=[{"if": "false"}], output_when_skipped="{{ stages.a.output.missing.more }}")
    [decision] = plan(*standing(prompt("a"), stage, done={"a": {}}), NO_BUDGET)
    assert isinstance(decision, Fail)
    assert decision.code == "expression_error"


def test_a_skipped_need_counts_as_met() -> None:
    records, _ = standing(prompt("a"), prompt("b"))
    records["a"].skip("not wanted", {"x": 5})
    scope = scope_of({}, records.values())
    assert plan(records, scope, NO_BUDGET) == [Start("b")]
    assert scope["stages"]["a"] == {"output": {"x": 5}, "status": "skipped"}


def test_a_failed_need_skips_its_dependents_by_name_and_stops_the_rest_but_not_always_stages() -> None:
    stages = (
        prompt("a"),
        prompt("b"),
        prompt("c", needs=[]),
        prompt("d", always=True, needs=["a"]),
        prompt("e", always=True, needs=["b"]),
    )
    assert plan(*standing(*stages, failed=("a",)), NO_BUDGET) == [
        Skip("b", "it needs 'a', which failed", None),
        Skip("c", "stage 'a' failed", None),
        Start("d"),
    ]


def test_an_always_stage_waits_for_an_ancestor_that_still_runs_behind_a_skipped_need() -> None:
    stages = (
        prompt("cases", needs=[]),
        prompt("rewrite", needs=[]),
        prompt("evaluate", needs=["cases", "rewrite"]),
        prompt("report", always=True, needs=["evaluate"]),
    )
    records, scope = standing(*stages, failed=("cases",))
    records["rewrite"].phase = "running"
    [skip] = plan(records, scope, NO_BUDGET)
    assert isinstance(skip, Skip)
    records["evaluate"].skip(skip.reason, None)
    assert plan(records, scope, NO_BUDGET) == []
    records["rewrite"].complete(StageOutcome(status="success"))
    assert plan(records, scope, NO_BUDGET) == [Start("report")]


def test_a_replacement_that_speaks_of_the_failed_stage_becomes_null() -> None:
    stages = (prompt("a"), prompt("b", output_when_skipped="{{ stages.a.output.text }}"))
    assert plan(*standing(*stages, failed=("a",)), NO_BUDGET) == [Skip("b", "it needs 'a', which failed", None)]


@pytest.mark.parametrize("on_error", ["continue", "use_skipped"])
def test_a_failure_that_is_tolerated_lets_dependents_run(on_error: str) -> None:
    stages = (prompt("a", on_error=on_error), prompt("b"))
    assert plan(*standing(*stages, failed=("a",)), NO_BUDGET) == [Start("b")]


def test_only_use_skipped_offers_the_replacement_after_a_failure() -> None:
    stages = [
        prompt(on_error, on_error=on_error, output_when_skipped={"x": "{{ inputs.input }}"})
        for on_error in ("continue", "fail", "use_skipped")
    ]
    pipeline = definition(*stages)
    scope: Scope = {"inputs": {"input": "hello"}, "stages": {}}
    offered = {stage.id: output_after_failure(stage, scope) for stage in pipeline.stages}
    assert offered == {"continue": None, "fail": None, "use_skipped": {"x": "hello"}}


def test_an_early_exit_skips_the_rest_always_stages_too() -> None:
    records, scope = standing(prompt("a"), prompt("b"), prompt("c", always=True), done={"a": 1})
    records["a"].ends_early = True
    reason = "stage 'a' ended the pipeline early"
    assert plan(records, scope, NO_BUDGET) == [Skip("b", reason, None), Skip("c", reason, None)]


def test_a_failure_weighs_more_than_an_early_exit_so_always_stages_run() -> None:
    records, scope = standing(prompt("a"), prompt("b", needs=[]), prompt("c", always=True), done={"a": 1})
    records["a"].ends_early = True
    records["b"].fail("it broke", "broken", StageOutcome(status="failed"))
    assert plan(records, scope, NO_BUDGET) == [Start("c")]


def test_an_early_exit_cuts_off_what_runs_unless_a_failure_ended_the_pipeline_before() -> None:
    records, _ = standing(*(prompt(name, needs=[]) for name in "abcd"), done={"a": 1})
    records["b"].phase, records["c"].phase = "running", "interrupted"
    assert cut_off_by_early_exit(records) == []
    records["a"].ends_early = True
    assert cut_off_by_early_exit(records) == [records["b"], records["c"]]
    records["d"].fail("it broke", "broken", StageOutcome(status="failed"))
    assert cut_off_by_early_exit(records) == []


def test_the_condition_of_an_early_exit_sees_the_stage_s_own_output() -> None:
    stage = definition(prompt("a", early_exit={"if": "stages.a.output.enough"})).stages[0]
    scope: Scope = {"inputs": {}, "stages": {}}
    assert is_early_exit(stage, scope, {"enough": True})
    assert not is_early_exit(stage, scope, {"enough": False})
    assert scope["stages"] == {}
    with pytest.raises(StageError) as failure:
        is_early_exit(stage, scope, {})
    assert failure.value.code == "condition_error"


def test_a_spent_budget_skips_a_stage_that_would_call_a_model_and_then_all_the_rest() -> None:
    stages = (prompt("a", needs=[]), call("b", needs=[]), prompt("c", needs=[], always=True))
    spent = BudgetStanding(spent="the money is gone")
    assert plan(*standing(*stages), spent) == [
        Skip("a", "the money is gone", None),
        Skip("b", "the money is gone", None),
        Start("c"),
    ]


def test_a_spent_budget_alone_stops_no_stage_that_needs_no_model() -> None:
    assert plan(*standing(call("a")), BudgetStanding(spent="the money is gone")) == [Start("a")]


def test_a_call_that_the_budget_refused_skips_the_rest() -> None:
    refused = BudgetStanding(halted="the money is gone", spent="the money is gone")
    assert plan(*standing(call("a")), refused) == [Skip("a", "the money is gone", None)]


def test_a_stage_that_a_lost_runner_had_started_runs_anew_whatever_its_conditions_say_now() -> None:
    records, scope = standing(prompt("a"), prompt("b", when=[{"if": "false"}]), failed=("a",))
    interrupted: StageRecord = records["b"]
    interrupted.phase = "interrupted"
    assert plan(records, scope, BudgetStanding("spent", "spent")) == [Start("b")]
