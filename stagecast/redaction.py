"""Keeps secrets out of texts that leave a process: log lines, and the errors of plugins, providers and libraries.

What is a secret: the values of environment variables whose name ends in `_KEY`, `_TOKEN`, `_PASSWORD` or `_SECRET`,
from eight characters on; passwords inside URLs; and whatever looks like a token that somebody shows at a door. What
users submit, and what pipelines deliver, is never touched: a weak password is a word that they may use.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

MASK = "***"

_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_SECRET_NAMES = ("_KEY", "_TOKEN", "_PASSWORD", "_SECRET")
_MIN_CHARACTERS = 8  # a shorter value hides nothing, and masking it would garble texts
_REFRESH_SECONDS = 1.0  # a plugin may load its keys into the environment after the start

_URL_WITH_USER = re.compile(
    r"(?P<begin>\b[A-Za-z][A-Za-z0-9+.-]{0,15}://(?:[^\s/@:]{0,100}:)?)(?P<secret>[^\s/@]{1,500})@"
)
# What a text of this form has in it, its form, and what takes its place: most texts have nothing of the kind, and to
# see that costs a hundredth of looking for the form.
_FORMS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("://", _URL_WITH_USER, rf"\g<begin>{MASK}@"),
    ("earer", re.compile(r"(?P<begin>\b[Bb]earer[ .])(?=\S*[0-9])[A-Za-z0-9._~+/=-]{8,}"), rf"\g<begin>{MASK}"),
    ("sct_", re.compile(r"(?P<begin>\bsct_)[0-9a-f]{8,}"), rf"\g<begin>{MASK}"),
    ("eyJ", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),  # a JWT
)


class Redactor:
    """Masks certain values, and whatever has the form of a credential.

    Args:
        secrets: the values.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one secret may be the beginning of another.
        ordered = sorted(set(secrets), key=len, reverse=True)
        spellings = [spelling for secret in ordered for spelling in _spellings(secret)]
        self._known = re.compile("|".join(spellings)) if spellings else None

    def redact(self, text: str) -> str:
        """Return the text with secrets as `***`."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for sign, form, replacement in _FORMS:
            if sign in text:
                text = form.sub(replacement, text)
        return text


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the values in an environment that are secrets."""
    found: set[str] = set()
    for name, value in environment.items():
        if name.upper().endswith(_SECRET_NAMES):
            found.add(value)
        elif "://" in value:
            found.update(match["secret"] for match in _URL_WITH_USER.finditer(value))
    return frozenset(secret for secret in found if len(secret) >= _MIN_CHARACTERS)


class EnvironmentRedactor:
    """Masks the secrets of an environment as it is now.

    Args:
        environment: the process's own, unless a test has another.
        clock: seconds, going up.
    """

    def __init__(
        self, environment: Mapping[str, str] = os.environ, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._secrets: frozenset[str] = frozenset()
        self._redactor = Redactor()
        self._look_at = float("-inf")

    def redact(self, text: str) -> str:
        """Return the text with secrets as `***`."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + _REFRESH_SECONDS
            # What was a secret stays one: a variable that is taken back may still be in somebody's message.
            secrets = self._secrets | secrets_of(self._environment)
            if secrets != self._secrets:
                self._secrets, self._redactor = secrets, Redactor(secrets)
        return self._redactor.redact(text)


redact = EnvironmentRedactor().redact
"""Masks the secrets of this process: the environment belongs to all of it, so there is one for all."""


def _spellings(secret: str) -> list[str]:
    """Return patterns of a secret within a text, and within a URL.

    In a text it may be escaped, and that may have been escaped again: a message quotes it, and a log line the message.
    """
    in_url = quote(secret, safe="")
    return ["".join(map(_character, secret)), *([] if in_url == secret else [re.escape(in_url)])]


def _character(character: str) -> str:
    """Return a pattern of one character as it is, or after any number of backslashes, as JSON and Python write it."""
    if character.isascii() and (character.isalnum() or character in "-_.:+=~ "):
        return re.escape(character)
    if character == "\\":
        return r"\\+"
    code = ord(character)
    names = [_LETTERS[character]] if character in _LETTERS else []
    names += [f"x{code:02x}"] if code < 0x100 else []
    if code < 0x10000:
        names += [f"u{code:04x}"]
    else:
        high, low = divmod(code - 0x10000, 0x400)
        names += [f"U{code:08x}", rf"u{0xD800 + high:04x}\\+u{0xDC00 + low:04x}"]
    return rf"(?:\\*{re.escape(character)}|\\+(?:{'|'.join(names)}))"
