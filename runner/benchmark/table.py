"""How the result is shown: a table for a terminal, Markdown for the documents, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from runner.benchmark.comparison import ORIGINAL, Outcome
from runner.benchmark.rows import Row, Summary, build_rows, build_summaries

_COLUMNS = ("method", "right", "95 %", "gain", "better:worse", "p", "calls", "tokens", "cost", "seconds")
_SUMMARY_COLUMNS = ("method", "runs", "mean gain", "95 %", "better:worse", "p")
_WIDTH = 100  # of what is printed where no terminal says otherwise
_SHORTEST_P = 0.001


def print_tables(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the tables and, below them, what there is to say about single rows."""
    if not console.is_terminal:
        console.width = _WIDTH
    rows = build_rows(outcomes)
    for task in dict.fromkeys(row.task for row in rows):
        _print_table(task, _COLUMNS, [_line(row) for row in rows if row.task == task], console)
    _print_table("all tasks", _SUMMARY_COLUMNS, _summary_lines(build_summaries(outcomes)), console)
    for remark in _remarks(rows):
        console.print(remark, markup=False, highlight=False)


def as_markdown(outcomes: Sequence[Outcome], origin: str = "") -> str:
    """Return the tables as Markdown, and below them where they come from."""
    rows, summaries = build_rows(outcomes), build_summaries(outcomes)
    lines = [(row.task, *_line(row)) for row in rows]
    parts = [_markdown(("task", *_COLUMNS), lines), _markdown(_SUMMARY_COLUMNS, _summary_lines(summaries))]
    if remarks := _remarks(rows):
        parts.append("\n".join(f"- {remark}" for remark in remarks))
    return "\n\n".join([*parts, origin] if origin else parts)


def as_json(outcomes: Sequence[Outcome], terms: dict[str, Any]) -> str:
    """Return everything: the terms, each run with its prompt, and the rows that were made of them."""
    content = {
        "terms": terms,
        "runs": [asdict(outcome) | {"accuracy": outcome.accuracy} for outcome in outcomes],
        "rows": [asdict(row) | {"accuracy": row.accuracy, "gain": row.gain} for row in build_rows(outcomes)],
        "summary": [asdict(summary) for summary in build_summaries(outcomes)],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _print_table(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]], console: Console) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="left" if name == "method" else "right")
    for line in lines:
        table.add_row(*line)
    console.print(table)
    console.print()


def _line(row: Row) -> tuple[str, ...]:
    if not row.runs:
        return (row.method, "not run", *("",) * (len(_COLUMNS) - 2))
    compared = row.method != ORIGINAL
    return (
        row.method,
        f"{row.accuracy:.1%}",
        f"{row.interval.low:.1%} to {row.interval.high:.1%}",
        _points(row.gain) if compared else "",
        f"{row.better}:{row.worse}" if compared else "",
        _p(row.p_value) if compared else "",
        f"{row.calls:,.0f}",
        f"{row.tokens:,.0f}",
        "unknown" if row.cost_usd is None else "$0" if row.cost_usd == 0 else f"${row.cost_usd:.4f}",
        f"{row.seconds:,.0f}",
    )


def _summary_lines(summaries: Sequence[Summary]) -> list[tuple[str, ...]]:
    return [
        (
            each.method,
            f"{each.runs}" if not each.failed else f"{each.runs} of {each.runs + each.failed}",
            _points(each.gain) if each.runs else "not run",
            "" if each.interval is None else f"{_points(each.interval.low)} to {_points(each.interval.high)}",
            f"{each.better}:{each.worse}" if each.runs else "",
            _p(each.p_value) if each.runs else "",
        )
        for each in summaries
    ]


def _remarks(rows: Sequence[Row]) -> list[str]:
    errors = [f"{row.task}, {row.method}: {error}" for row in rows for error in row.errors]
    notes = [f"{row.task}, {row.method}: {'; '.join(row.notes)}" for row in rows if row.notes]
    return [*errors, *notes]


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"


def _p(value: float) -> str:
    return f"< {_SHORTEST_P}" if value < _SHORTEST_P else f"{value:.3f}"


def _markdown(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---" if name in {"task", "method"} else "---:" for name in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *lines))
