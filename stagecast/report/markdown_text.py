"""GitHub-flavoured Markdown, piece by piece: foreign text stays text in it, whatever it looks like."""

import re
from collections.abc import Sequence

from stagecast.report.foreign import Clipped, shown, shown_line

BAR_CELLS = 12
_ALWAYS_ESCAPED = re.compile(r"([\\`*\[\]<>|~$#@])")
_ESCAPED_AT_WORD_EDGES = re.compile(r"(?<!\w)_|_(?!\w)")
_ENTITY = re.compile(r"&(?=[#\w])")
_LIST_START = re.compile(r"^([-+=]|\d+(?=[.)]))")
_TICKS = re.compile(r"`{3,}")
_ALIGNMENTS = {"<": ":--", ">": "--:"}


def inline(text: str) -> str:
    """Return foreign text on one line, with no markup in it."""
    line = _ALWAYS_ESCAPED.sub(r"\\\1", shown_line(text))
    line = _ENTITY.sub(r"\\&", _ESCAPED_AT_WORD_EDGES.sub(r"\\_", line))
    start = _LIST_START.match(line)
    if start is None:
        return line
    return f"\\{line}" if not start[0].isdigit() else f"{start[0]}\\{line[start.end() :]}"


def fence(text: str, *, language: str = "text") -> str:
    """Return foreign text as a block of code, between fences longer than any in it."""
    content = shown(text)
    longest = max((len(ticks) for ticks in _TICKS.findall(content)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{content}\n{ticks}"


def clipped_fence(clipped: Clipped) -> str:
    """Return the beginning of a foreign text as a block of code, and how much is missing."""
    block = fence(clipped.text)
    if not clipped.left_out:
        return block
    return f"{block}\n\n… {clipped.left_out:,} characters more are in the JSON result."


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, align: str = "") -> str:
    """Return a table; its cells must be Markdown of one line, with `inline` around what is foreign.

    Args:
        headings: of the columns.
        rows: the cells.
        align: `<` or `>` for each column.
    """
    marks = [_ALIGNMENTS[side] for side in align.ljust(len(headings), "<")]
    lines = [headings, marks, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def bar(part: float) -> str:
    """Draw a number from 0 to 1."""
    full = round(part * BAR_CELLS)
    return "█" * full + "░" * (BAR_CELLS - full)


def bullets(lines: Sequence[str]) -> str:
    """Return a list of Markdown lines."""
    return "\n".join(f"- {line}" for line in lines)
