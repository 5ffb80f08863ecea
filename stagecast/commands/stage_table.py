"""The live stage table: a rich renderable made from what is known and the time. It neither waits nor writes."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stagecast.commands.run_view import Phase, RunView, StageRow
from stagecast.wording import has_cost, one_line, printable, word_cost, word_duration, word_tokens

_TAIL_LINES = 4

_MARKS: dict[Phase, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("▶", "bold cyan"),
    "retrying": ("↻", "yellow"),
    "done": ("✓", "green"),
    "reused": ("=", "green"),
    "skipped": ("-", "dim"),
    "failed": ("✗", "bold red"),
    "cancelled": ("■", "yellow"),
}
_STATUS_STYLES = {"success": "green", "early_exit": "green", "failed": "bold red", "cancelled": "yellow"}


def render(view: RunView, now: datetime, *, width: int = 100, hint: str = "") -> RenderableType:
    """Draw an execution: heading, a line a stage, totals, and the end of the text that is being written.

    `hint` says what may be done to end it; it is left out once that is done.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=False)
    table.add_column("")
    table.add_column("Stage", no_wrap=True, max_width=32)
    table.add_column("Status", no_wrap=True)
    for heading in ("Elapsed", "Cost", "Tokens"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", overflow="ellipsis", max_width=48)
    for _, row in sorted(view.stages.items()):
        table.add_row(*_cells(row, now))
    parts: list[RenderableType] = [_heading(view), table, _totals(view, now)]
    if view.result is None and (tail := _tail(view, width)):
        parts.append(Text(tail, style="dim"))
    if hint and view.result is None and not view.is_finishing:
        parts.append(Text(hint, style="dim"))
    return Group(*parts)


def _heading(view: RunView) -> Text:
    return Text.assemble((one_line(view.title), "bold"), "  ", (view.execution_id, "dim"))


def _cells(row: StageRow, now: datetime) -> list[Text]:
    mark, style = _MARKS[row.phase]
    elapsed = row.elapsed(now)
    spent = row.outcome
    about = one_line(row.note) or (one_line(spent.model) if spent and spent.model else "")
    return [
        Text(mark, style=style),
        Text(one_line(row.name)),
        Text(row.phase, style=style),
        Text("" if elapsed is None else word_duration(elapsed)),
        Text(word_cost(spent.cost) if spent and has_cost(spent) else ""),
        Text(word_tokens(spent.input_tokens, spent.output_tokens) if spent else ""),
        Text(about, style="red" if row.phase == "failed" else "dim"),
    ]


def _totals(view: RunView, now: datetime) -> Text:
    cost, is_complete = view.cost()
    tokens = word_tokens(*view.tokens())
    parts = [word_duration(view.elapsed(now)), word_cost(cost, is_complete=is_complete)]
    parts += [f"{tokens} tokens"] if tokens else []
    line = Text.assemble((view.status, _STATUS_STYLES.get(view.status, "bold cyan")), "  ", " · ".join(parts))
    return line.append(f"  {one_line(view.note)}", style="dim") if view.note else line


def _tail(view: RunView, width: int) -> str:
    """Return the last lines that the last running stage wrote; of items that write side by side, one each."""
    running = [row for _, row in sorted(view.stages.items()) if row.phase == "running" and row.tails]
    if not running:
        return ""
    texts = [_fold(text, width) for text in running[-1].tails.values()]
    shown = texts[0][-_TAIL_LINES:] if len(texts) == 1 else [line for lines in texts for line in lines[-1:]]
    return "\n".join(shown[-_TAIL_LINES:])


def _fold(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for line in printable(text).splitlines():
        lines += [line[start : start + width] for start in range(0, len(line), width)] or [""]
    return lines
