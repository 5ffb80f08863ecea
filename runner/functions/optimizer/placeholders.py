"""Placeholders in a prompt: `{name}`, `{{ name }}`, `${name}`, `<name>`, `[NAME]` and `%s`: finding and filling them.

Nothing is evaluated: a prompt is data, whatever template language it was written for.
"""

import re
from collections.abc import Mapping

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_FORMS = re.compile(
    r"\{\{.{0,200}?\}\}"  # {{ name }}, {{ name | filter }}
    r"|\{%.{0,200}?%\}"  # {% if name %}
    rf"|\$\{{{_NAME}\}}"  # ${name}
    rf"|\{{(?:{_NAME}|[0-9]{{0,3}})\}}"  # {name}, {0}, {}
    rf"|%\({_NAME}\)[sd]|%[sd]\b"  # %(name)s, %s
    r"|\[[A-Za-z][A-Za-z0-9_ ]{2,40}\](?!\()"  # [NAME], [your name], but not [text](address)
    r"|</?[A-Za-z][A-Za-z0-9_-]{0,40}>",  # <name>, and tags, which later code may look for
    re.DOTALL,
)
_FILLABLE = re.compile(rf"\{{\{{\s*(?P<a>{_NAME})[^{{}}]{{0,200}}?\}}\}}|\$\{{(?P<b>{_NAME})\}}|\{{(?P<c>{_NAME})\}}")
_JOINTS = " \t\r\n:;,-"


def find_placeholders(text: str) -> frozenset[str]:
    """Return every placeholder as written, white space inside left out of account."""
    return frozenset("".join(match.group().split()) for match in _FORMS.finditer(text))


def longest_text(text: str) -> tuple[int, int]:
    """Return where the longest run without placeholders begins and ends; what joins it to them is left out."""
    places = [0, *(edge for match in _FORMS.finditer(text) for edge in match.span()), len(text)]
    runs = [(places[number], places[number + 1]) for number in range(0, len(places), 2)]
    start, end = max(runs, key=lambda run: len(text[run[0] : run[1]].strip(_JOINTS)))
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip(_JOINTS)), end - (len(inner) - len(inner.rstrip(_JOINTS)))


def placeholder_names(text: str) -> tuple[str, ...]:
    """Return the names that a test case can give values for, in order of appearance, each once."""
    return tuple(dict.fromkeys(_name_of(match) for match in _FILLABLE.finditer(text)))


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Put values in; a placeholder without a value stays. Values are never searched for placeholders."""

    def put(match: re.Match[str]) -> str:
        return values.get(_name_of(match), match.group())

    return _FILLABLE.sub(put, text)


def _name_of(match: re.Match[str]) -> str:
    return next(name for name in match.groups() if name is not None)
