"""A run as rows, whatever its pipeline."""

from contracts.results import PipelineResult, StageResult
from stagecast.report.overview import Block, blocks_of, facts_of, optimization_of, options_of, stage_rows
from tests.report_examples import improved, result_of


def test_the_facts_of_a_run_are_told_in_words():
    result = result_of("text")
    assert facts_of(result) == [
        ("Status", "✓ succeeded"),
        ("Submitted", "2026-11-24 01:50 UTC"),
        ("Duration", "1 min 36 s"),
        ("Cost", "$0.1184"),
        ("Tokens", "31,204 → 9,871"),
    ]
    owned = result.model_copy(update={"owner": "ci", "status": "failed"})
    assert facts_of(owned)[0] == ("Status", "✕ failed")
    assert facts_of(owned)[-1] == ("Submitted by", "ci")


def test_a_cost_that_is_partly_unknown_is_a_lower_bound_and_never_nothing():
    assert dict(facts_of(result_of("text", cost=None)))["Cost"] == "≥ $0.0743"
    bare = PipelineResult.model_validate(
        {
            **result_of("x", cost=None).model_dump(),
            "stages": [{"stage_id": "a", "stage_name": "A", "status": "success", "cost": None}],
        }
    )
    assert dict(facts_of(bare))["Cost"] == "unknown"


def test_what_was_reused_cost_this_run_nothing():
    reused = StageResult(stage_id="a", stage_name="A", status="success", cost=3.0, model="m", reused_from="exec_1")
    result = result_of("x", cost=None).model_copy(update={"stages": (reused,)})
    assert dict(facts_of(result))["Cost"] == "unknown"
    assert stage_rows(result)[0].about == "reused from exec_1 · m"


def test_bars_of_stages_compare_them_with_the_longest_and_the_dearest():
    rows = {row.name: row for row in stage_rows(result_of("x"))}
    assert (rows["Evaluate vs Original"].duration_part, rows["Evaluate vs Original"].cost_part) == (1.0, 1.0)
    assert 0 < rows["Analyze Prompt"].duration_part < 0.2
    skipped = rows["Draft Test Cases"]
    assert (skipped.duration, skipped.cost, skipped.tokens, skipped.about) == (
        "",
        "",
        "",
        "16 test cases were supplied",
    )


def test_a_stage_of_unknown_cost_says_so():
    rows = {row.name: row for row in stage_rows(result_of("x", cost=None))}
    assert (rows["Evaluate vs Original"].cost, rows["Evaluate vs Original"].cost_part) == ("unknown", 0.0)


def test_an_output_is_read_as_text_where_it_is_text_and_as_json_where_it_is_not():
    assert blocks_of(None) == []
    assert blocks_of("a\nb") == [Block("", "a\nb")]
    assert blocks_of([1, {"ü": None}]) == [Block("", '[\n  1,\n  {\n    "ü": null\n  }\n]', is_json=True)]
    assert blocks_of({"text": "short"}) == [Block("text", "short")]
    assert blocks_of({"title": "short", "words": 2}) == [
        Block("", '{\n  "title": "short",\n  "words": 2\n}', is_json=True),
    ]
    assert blocks_of({"summary": "one\ntwo", "words": 2}) == [
        Block("summary", "one\ntwo"),
        Block("", '{\n  "words": 2\n}', is_json=True),
    ]
    assert blocks_of({}) == [Block("", "{}", is_json=True)]


def test_only_what_is_an_optimization_is_taken_for_one():
    assert optimization_of(improved()) is not None
    for output in (None, "text", [1], {"optimizedPrompt": "x"}, {"optimizedPrompt": "x", "verdict": "great"}):
        assert optimization_of(result_of(output)) is None


def test_options_that_were_not_given_are_not_shown():
    assert options_of(result_of("x")).startswith("{\n")
    bare = result_of("x")
    assert options_of(bare.model_copy(update={"input": bare.input.model_copy(update={"options": {}})})) == ""
