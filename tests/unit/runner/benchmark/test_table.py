import io
import json

from rich.console import Console

from runner.benchmark.table import as_json, as_markdown, print_tables
from tests.unit.runner.benchmark.outcomes import outcome

OUTCOMES = [
    outcome("original", "+-------"),
    outcome("ours", "+++++++-", note="improved", prompt="Say it.\n\n{question}"),
    outcome("theirs", "", error="not installed: pip install 'stagecast[peers]'"),
]


def test_markdown_has_a_row_for_each_method_and_says_why_one_was_not_run() -> None:
    lines = as_markdown(OUTCOMES).splitlines()
    assert lines[0] == "| task | method | right | 95 % | gain | better:worse | p | calls | tokens | cost | seconds |"
    assert lines[2] == "| sums | original | 12.5% | 2.2% to 47.1% |  |  |  | 10 | 300 | $0.0200 | 3 |"
    assert lines[3] == "| sums | ours | 87.5% | 52.9% to 97.8% | +75.0 | 6:0 | 0.031 | 10 | 300 | $0.0200 | 3 |"
    assert lines[4].startswith("| sums | theirs | not run | ")
    assert "| ours | 1 | +75.0 |  | 6:0 | 0.031 |" in lines
    assert "| theirs | 0 of 1 | not run |  |  |  |" in lines
    assert lines[-2:] == [
        "- sums, theirs: not installed: pip install 'stagecast[peers]'",
        "- sums, ours: improved",
    ]


def test_every_row_of_the_markdown_has_as_many_cells_as_its_head() -> None:
    for table in as_markdown(OUTCOMES).split("\n\n")[:2]:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_the_terminals_table_fits_and_cuts_nothing_off() -> None:
    out = io.StringIO()
    print_tables(OUTCOMES, Console(file=out))
    text = out.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "+75.0" in text
    assert "sums, theirs: not installed: pip install 'stagecast[peers]'" in text


def test_json_has_the_terms_every_run_with_its_prompt_and_the_rows() -> None:
    content = json.loads(as_json(OUTCOMES, {"budget": 5}))
    assert content["terms"] == {"budget": 5}
    assert [run["prompt"] for run in content["runs"]] == ["", "Say it.\n\n{question}", ""]
    assert content["runs"][1]["accuracy"] == content["rows"][1]["accuracy"] == 0.875
    assert content["summary"][0]["better"] == 6


def test_no_outcome_makes_an_empty_table() -> None:
    assert as_markdown([]).startswith("| task | method |")
    print_tables([], Console(file=io.StringIO()))


def test_an_unknown_price_is_said_and_never_zero() -> None:
    first = outcome("original", "+-")
    first.used.cost_usd = None
    assert "| unknown |" in as_markdown([first])
