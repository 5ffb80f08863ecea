"""Plain measures of a text: its words, how much it repeats itself, how much of another text is in it.

No model is asked and no language is assumed, so they are cheap, repeatable, and blind to meaning.
"""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+")
_SIGNIFICANT_LETTERS = 4  # shorter words are mostly grammar, in the languages that separate words
_STEM_LETTERS = 5  # so that a word is found again in another form of it
_REPEAT_WORDS = 3
_COPY_WORDS = 5
_REPEAT_RUN = re.compile(r"(.)\1{24,}", re.DOTALL)


def words_of(text: str) -> list[str]:
    """Return the words in lower case, in order."""
    return [word.lower() for word in _WORD.findall(text)]


def significant_stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words that carry meaning; of all words where none is long enough."""
    words = words_of(text)
    long_words = [word for word in words if len(word) >= _SIGNIFICANT_LETTERS]
    return frozenset(word[:_STEM_LETTERS] for word in long_words or words)


def share_of_subject(subject: str, text: str) -> float:
    """Return how much of the subject's significant words is in the text, from 0 to 1; 1 for a subject without any."""
    stems = significant_stems(subject)
    found = frozenset(word[:_STEM_LETTERS] for word in words_of(text))
    return len(stems & found) / len(stems) if stems else 1.0


def share_of_new(text: str) -> float:
    """Return how much of the text does not repeat what it said before, from 0 (all the same) to 1."""
    if _REPEAT_RUN.search(text):
        return 0.0
    runs = _runs(words_of(text), _REPEAT_WORDS)
    return len(set(runs)) / len(runs) if runs else 1.0


def share_copied(source: str, text: str) -> float:
    """Return how much of the text stands word for word in the source, from 0 to 1."""
    runs = _runs(words_of(text), _COPY_WORDS)
    known = set(_runs(words_of(source), _COPY_WORDS))
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def word_runs(text: str, length: int) -> frozenset[tuple[str, ...]]:
    """Return every run of so many words."""
    return frozenset(_runs(words_of(text), length))


def shorten(text: str, max_chars: int) -> str:
    """Return the text, cut with an ellipsis where it is longer."""
    return text if len(text) <= max_chars else f"{text[: max_chars - 1].rstrip()}…"


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
