"""Texts of users and models as they may stand in a pipeline file: readable, and literal wherever a template is read."""

import re
import textwrap

from runner.functions.wording import shorten

_LINE_WIDTH = 108
_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What YAML cannot hold, byte order marks, and signs that turn the direction of what follows: a file that shows
# otherwise than it reads.
_UNREADABLE = re.compile(
    "[^\n\x20-\x7e\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_CLOSING = re.compile(r"</(?=task|notes|design|file|problems)", re.IGNORECASE)
_BRACE = re.compile(r"\{(?=[{%#]|\Z)")


def clean(text: str, max_chars: int) -> str:
    """Return the text with plain line breaks, without what no file should hold, at most `max_chars` long."""
    readable = _UNREADABLE.sub("", _BREAK.sub("\n", text).replace("\t", " "))
    lines = (line.rstrip() for line in readable.split("\n"))
    return shorten("\n".join(lines).strip(), max_chars)


def clean_line(text: str, max_chars: int) -> str:
    """Return the text as `clean` does, in one line."""
    return shorten(" ".join(clean(text, len(text) + 1).split()), max_chars)


def as_literal(text: str) -> str:
    """Return a part of a template that renders to this clean text, whatever braces are in it."""
    return _BRACE.sub("{{ '{' }}", text)


def wrap_lines(text: str) -> str:
    """Break long lines at blanks, so that the file can be read; lines with an expression stay as they are."""
    return "\n".join(_wrapped(line) for line in text.split("\n"))


def enclose(tag: str, text: str) -> str:
    """Put data between tags of our own prompts; a text which holds one of their closing tags cannot end it."""
    return f"<{tag}>\n{_CLOSING.sub('< /', text)}\n</{tag}>"


def _wrapped(line: str) -> str:
    if len(line) <= _LINE_WIDTH or "{{" in line:
        return line
    return textwrap.fill(line, _LINE_WIDTH, break_long_words=False, break_on_hyphens=False)
