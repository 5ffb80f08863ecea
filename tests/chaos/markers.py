"""Markers: how a prompt says which call it is, so that the model server and the log can be compared call by call."""

import re
from dataclasses import dataclass

_MARKER = re.compile(r"\[\[(?P<tag>[a-z0-9-]+)/(?P<stage>[a-z0-9_]+)/(?P<part>[a-z0-9_]+)(?:\*(?P<times>[0-9]+))?\]\]")


@dataclass(frozen=True, slots=True)
class Marker:
    """One call, written as `[[tag/stage/part]]`, or `[[tag/stage/part*3]]` where three items look the same.

    Attributes:
        tag: the submission; a rerun with the same input has the same tag.
        times: how many calls with this marker the pipeline makes when nothing goes wrong.
    """

    tag: str
    stage: str
    part: str
    times: int = 1

    def __str__(self) -> str:
        """Write it as prompts do."""
        return f"[[{self.tag}/{self.stage}/{self.part}{f'*{self.times}' if self.times > 1 else ''}]]"


def find_marker(text: str) -> Marker | None:
    """Return the first marker in a text: a prompt names itself before it quotes earlier answers."""
    return next(iter(find_markers(text)), None)


def find_markers(text: str) -> list[Marker]:
    """Return every marker in a text."""
    return [
        Marker(match["tag"], match["stage"], match["part"], int(match["times"] or 1))
        for match in _MARKER.finditer(text)
    ]
