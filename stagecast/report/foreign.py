"""Foreign text, made harmless to look at: what cannot be seen, or turns the direction of writing, is named.

Escaping is not done here: in pages the template engine does it, in Markdown `stagecast.report.markdown_text`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Controls but tab and line feed, direction marks, what has no width, and what is no character at all (half of a pair).
# Joiners stay: scripts and emoji need them.
_UNSEEN = re.compile(
    r"([\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    r"\U000e0000-\U000e007f])\1*"
)
_LINE_CHARS = 2_000  # of what should be a sentence or a name, and may be all that a model wrote
_NO_PAGE_HAS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is as it looks, or of one character that cannot be seen.

    Attributes:
        text: what is there; empty for a character that no page can have.
        name: what to show in place of what cannot be seen, like `U+202E`; empty where the text shows itself.
    """

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Clipped:
    """The beginning of a text.

    Attributes:
        left_out: how many characters are missing behind it.
    """

    text: str
    left_out: int = 0


def pieces(text: str) -> Iterator[Piece]:
    """Take a text apart into what shows itself and what does not."""
    text = text.replace("\r\n", "\n")
    end = 0
    for match in _UNSEEN.finditer(text):
        if match.start() > end:
            yield Piece(text[end : match.start()])
        run = match[0]
        times = f" {len(run)} times" if len(run) > 1 else ""
        yield Piece("" if _NO_PAGE_HAS.match(run) else run, f"U+{ord(run[0]):04X}{times}")
        end = match.end()
    if end < len(text):
        yield Piece(text[end:])


def shown(text: str) -> str:
    """Return a text with what cannot be seen named in its place: `⟨U+202E⟩`."""
    return "".join(f"⟨{piece.name}⟩" if piece.name else piece.text for piece in pieces(text))


def one_line(text: str) -> str:
    """Return a text on one line, and of one that is no sentence any more only the beginning."""
    line = " ".join(text.split())
    return line if len(line) <= _LINE_CHARS else f"{line[:_LINE_CHARS]} …"


def shown_line(text: str) -> str:
    """Return a text on one line, with what cannot be seen named in its place."""
    return shown(one_line(text))


def has_unseen(text: str) -> bool:
    """Tell whether a text has characters that cannot be seen."""
    return _UNSEEN.search(text.replace("\r\n", "\n")) is not None


def clip(text: str, limit: int) -> Clipped:
    """Return as much of a text as a reader would look at."""
    return Clipped(text) if len(text) <= limit else Clipped(text[:limit], len(text) - limit)
