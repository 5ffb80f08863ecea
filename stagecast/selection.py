"""Which rows of a list somebody wants to see: whose, of which pipeline, in which status, with which text.

Lists are read in `stagecast.outputs` and `stagecast.listing`; who may see what is the gateway's affair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from contracts.results import LOOKED_AT_CHARACTERS
from contracts.state import ExecutionStatus


@dataclass(frozen=True)
class Selection:
    """What a row must be to be shown; None admits all.

    Attributes:
        owner: who submitted it.
        pipeline_id: exactly this pipeline.
        text: is found in what `searched_text` made of the row, however it is written in capitals and small letters and
            white space; blank admits all.
    """

    owner: str | None = None
    pipeline_id: str | None = None
    status: ExecutionStatus | None = None
    text: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether every row is admitted."""
        return self.owner is None and self.pipeline_id is None and self.status is None and not self._sought

    def admits_submission(self, pipeline_id: str, owner: str | None) -> bool:
        """Tell whether a row may be admitted, by what is known of it before it begins."""
        return self.pipeline_id in (None, pipeline_id) and self.owner in (None, owner)

    def admits(self, pipeline_id: str, owner: str | None, status: str, searched: Callable[[], bytes]) -> bool:
        """Tell whether a row is wanted.

        Args:
            pipeline_id: the row's.
            owner: the row's.
            status: the row's.
            searched: returns the row's `searched_text`; called only where it decides.
        """
        return (
            self.admits_submission(pipeline_id, owner)
            and self.status in (None, status)
            and (not self._sought or self._sought in searched())
        )

    @cached_property
    def _sought(self) -> bytes:
        return _folded(self.text or "")


EVERYTHING = Selection()
"""Admits every row."""


def searched_text(prompt: str, pipeline_id: str, execution_id: str, error: str | None) -> bytes:
    """Return what a row is searched by; of long texts only the first `LOOKED_AT_CHARACTERS`."""
    return b"\n".join(map(_folded, (prompt, pipeline_id, execution_id, error or "")))


def _folded(text: str) -> bytes:
    # White space becomes single spaces: what is sought never holds the newline that parts the fields.
    return " ".join(text[:LOOKED_AT_CHARACTERS].split()).casefold().encode(errors="replace")
