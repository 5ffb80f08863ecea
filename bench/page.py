"""Writes `docs/benchmarks.md` from the results, and prints a result. No figure on that page is written by hand."""

from collections.abc import Sequence
from pathlib import Path

from bench.outcome import RESULTS, Figure, Outcome, read_outcomes

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_PROMPTS = Path(__file__).parent / "prompts.md"  # what `stagecast benchmark` does, and what its table does not show
_PROMPTS_TABLE = RESULTS / "prompts.md"  # as that command printed it
_HEAD = """# Benchmarks

`make bench` measures all of this on real processes and writes this page from `bench/results/`, whose files have every
round. Load generator and services share the machine; sides that are compared take turns in one run, and what is given
is the median over the rounds. A target that was missed is told; it fails nothing.
"""


def write_page() -> None:
    """Write the page anew from all results that are there."""
    PAGE.write_text(page())


def page() -> str:
    """Return the page as the results say."""
    sections = [_section(outcome) for outcome in read_outcomes()]
    return "\n".join([_HEAD, *sections, _PROMPTS.read_text(), _PROMPTS_TABLE.read_text()])


def print_outcome(outcome: Outcome) -> None:
    """Print one result as a table."""
    print(f"\n({outcome.key}) {outcome.title}")
    width = max(len(figure.name) for figure in outcome.figures)
    for figure in outcome.figures:
        print(f"  {figure.name:<{width}}  {_amount(figure):>16}  {_verdict(figure)}".rstrip())


def _section(outcome: Outcome) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in outcome.machine.items())
    rows = _rows(outcome.figures)
    return "\n".join(
        [
            f"## ({outcome.key}) {outcome.title}",
            "",
            "| what | figure | target |",
            "|---|---|---|",
            *rows,
            "",
            f"`{outcome.command}`, {outcome.at} ({machine}).",
            "",
        ]
    )


def _rows(figures: Sequence[Figure]) -> list[str]:
    return [f"| {figure.name} | {_amount(figure)} | {_verdict(figure)} |" for figure in figures]


def _amount(figure: Figure) -> str:
    value = abs(figure.value)
    text = f"{figure.value:,.0f}" if value >= 100 else f"{figure.value:.1f}" if value >= 10 else f"{figure.value:.2f}"
    return f"{text} {figure.unit}"


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"{figure.wanted} {figure.target:g} {figure.unit}: {'MISSED' if figure.is_missed else 'met'}"
