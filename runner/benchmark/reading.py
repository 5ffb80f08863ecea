"""How an answer is read before it is scored: the same way for every method and every prompt."""

import re
from typing import Literal

ReadAs = Literal["number", "text"]
"""`number`: the last number of the answer. `text`: the whole answer without the white space around it."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_GROUPING = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def read_answer(text: str, read_as: ReadAs) -> str:
    """Return the part of an answer that is scored; empty where there is none."""
    if read_as == "text":
        return text.strip()
    numbers: list[str] = _NUMBER.findall(_GROUPING.sub("", text))
    return numbers[-1] if numbers else ""
