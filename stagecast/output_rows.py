"""The rows of saved results: made from their files, and kept. Where the files are is `stagecast.outputs`' affair."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from pydantic import ValidationError

from contracts.errors import OutputNotFound, OutputsUnavailable
from contracts.ids import parse_output_filename
from contracts.results import OutputListing, ResultExtract
from stagecast.kept_rows import KeptRow, KeptRows
from stagecast.output_keys import moment_of
from stagecast.selection import searched_text

_MAX_CONCURRENT_READS = 16  # open files or requests of one listing at once
_KEPT_BYTES = 160 * 2**20  # 100,000 rows, the longest prompts included; only a search through as many takes that
_REPORTED_FILES = 1_000  # foreign files that are not told about a second time

_log = structlog.get_logger(__name__)


class LeftOut:
    """Tells of files that no listing shows, of each once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, key: str, *, reason: str) -> None:
        """Warn of a file."""
        if key not in self._told and len(self._told) < _REPORTED_FILES:
            self._told.add(key)
            _log.warning("file among the results left out of the listing", key=key, reason=reason)


class OutputRows:
    """Makes rows, each once while there is room: results never change, so neither do their rows.

    Args:
        read: returns the bytes of a saved result by its file name.
        left_out: is told which files are no results.
        max_bytes: about how much memory rows may take.
    """

    def __init__(
        self, read: Callable[[str], Awaitable[bytes]], left_out: LeftOut, *, max_bytes: int = _KEPT_BYTES
    ) -> None:
        self._read = read
        self._left_out = left_out
        self.kept = KeptRows(max_bytes)

    async def of(self, filenames: Sequence[str]) -> tuple[list[KeptRow], int]:
        """Return the rows of files in their order, without those that are no results, and how many were read."""
        rows = {filename: self.kept.get(filename) for filename in filenames}
        missing = [filename for filename, row in rows.items() if row is None]
        slots = asyncio.Semaphore(_MAX_CONCURRENT_READS)

        async def make(filename: str) -> tuple[str, KeptRow | None]:
            async with slots:
                return filename, await self._make(filename)

        rows |= dict(await asyncio.gather(*map(make, missing)))
        return [row for row in rows.values() if row is not None], len(missing)

    async def _make(self, filename: str) -> KeptRow | None:
        try:
            result = ResultExtract.model_validate_json(await self._read(filename))
        except (ValidationError, OutputNotFound, OutputsUnavailable) as error:
            self._left_out.tell(filename, reason=type(error).__name__)
            return None
        pipeline_id = parse_output_filename(filename)["pipeline"]
        searched = searched_text(result.input.prompt, pipeline_id, result.execution_id, result.error)
        row = OutputListing.of(filename, result)
        kept = KeptRow.of(row, result.owner, result.status, searched, pipeline_id=pipeline_id)
        self.kept.keep(filename, moment_of(filename), kept)
        return kept
