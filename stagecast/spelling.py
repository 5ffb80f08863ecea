"""Guesses which known word a misspelt one was meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

_MAX_LISTED = 12  # known words that a message lists


def suggest(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown word: a likely meaning, or all that there is.

    Examples: `did you mean 'prompt'?`; `there are: a, b`; `there are none`.
    """
    names = sorted(set(known))
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "there are none"
    return "there are: " + ", ".join(names[:_MAX_LISTED]) + (", …" if len(names) > _MAX_LISTED else "")
