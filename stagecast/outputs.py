"""Result files: saving one, reading one by its name, listing them newest first a page at a time.

Where a result lies is taken from its file name (`stagecast.output_keys`). So reading needs no index, no directory
grows large, and a page costs the same with a hundred results and with a hundred thousand. Where the files are (a
directory, S3 or compatible, memory for tests) is obstore's affair. What a result looks like is in `contracts.results`.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from contracts.errors import InvalidId, InvalidInput, OutputNotFound, OutputsUnavailable
from contracts.ids import output_filename, parse_output_filename
from contracts.results import OutputListing, PipelineResult
from stagecast.output_keys import LEVELS, directory_of, is_of_execution, order_of, output_key
from stagecast.output_rows import LeftOut, OutputRows
from stagecast.selection import EVERYTHING, Selection

_MAX_CONCURRENT_LISTINGS = 16  # directories of one listing at once
_LOOKING_SECONDS = 0.3  # for one page of selected results; looked at between batches
_MAX_FILES_READ = 2_000  # the same: where files are requests that are paid for, a search is not to make too many
_BATCH = 32  # results looked at together in a search
_S3_TIMEOUT_SECONDS = 10  # one request
_S3_RETRY_SECONDS = 15  # all tries of one request; obstore's 3 minutes would hang a page for as long

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OutputPage:
    """One page of saved results, newest first.

    Attributes:
        next_before: what to give as `before` for the next page; None on the last one.
    """

    rows: Sequence[OutputListing]
    next_before: str | None


class OutputStore:
    """The saved results in one place.

    Every method raises `OutputsUnavailable` when the storage does not answer or refuses. Nothing blocks the event loop.
    Any number of processes may use the same place at once.

    Args:
        store: where the files are.
        clock: seconds, going up; the process's own unless a test drives it.
    """

    def __init__(self, store: ObjectStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._left_out = LeftOut()
        self._rows = OutputRows(self.read, self._left_out)

    @classmethod
    def open(cls, location: str) -> "OutputStore":
        """Open a directory, which is created when missing, or `s3://bucket/prefix`, or `memory:`.

        S3 credentials, region and endpoint come from the usual `AWS_*` environment variables.

        Raises:
            OutputsUnavailable: the directory cannot be created, or the URL is not understood.
        """
        with _storage_errors():
            if location.startswith("memory:"):
                return cls(MemoryStore())
            if location.startswith("s3://"):
                return cls(
                    S3Store.from_url(
                        location,
                        client_options={"timeout": timedelta(seconds=_S3_TIMEOUT_SECONDS)},
                        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=_S3_RETRY_SECONDS)},
                    )
                )
            if "://" in location:
                raise OutputsUnavailable("The outputs' location must be a directory or an s3:// URL.")
            return cls(LocalStore(Path(location).expanduser().resolve(), mkdir=True))

    async def save(self, result: PipelineResult) -> str:
        """Store a result as indented JSON and return its file name.

        A reader sees the whole file or none. Saving the same execution again replaces the file: the caller holds the
        execution's claim, so whoever saved before lost it or crashed between saving and telling.
        """
        filename = output_filename(result.pipeline_id, result.execution_id)
        content = result.model_dump_json(by_alias=True, indent=2).encode() + b"\n"
        with _storage_errors():
            # A local file is written beside its place and renamed over it. `mode="create"` would need hard links, which
            # some mounted volumes do not have, and S3's If-None-Match, which some compatible stores do not have.
            await self._store.put_async(output_key(filename), content, mode="overwrite", use_multipart=False)
        self._rows.kept.drop(filename)
        return filename

    async def read(self, filename: str) -> bytes:
        """Return a saved result as it was written: UTF-8 JSON.

        Raises:
            OutputNotFound: there is none of this name, or the text is no such name at all.
        """
        try:
            key = output_key(filename)
        except InvalidId:
            raise OutputNotFound from None
        with _storage_errors():
            try:
                reply = await self._store.get_async(key)
                return bytes(await reply.bytes_async())
            except FileNotFoundError:
                raise OutputNotFound from None

    async def find(self, execution_id: str) -> str | None:
        """Return the file name of an execution's result, None where none was saved.

        Raises:
            InvalidId: the text is no execution id.
        """
        names = [key.rpartition("/")[2] for key in await self._children(directory_of(execution_id), None)]
        return next((name for name in names if is_of_execution(name, execution_id)), None)

    async def list(self, *, limit: int, before: str | None = None, selection: Selection = EVERYTHING) -> OutputPage:
        """Return up to `limit` results, newest first, from those older than `before`.

        Files that are no results are left out with a warning in the log; they never make a listing fail. Where not
        everything is selected, it is looked for about `_LOOKING_SECONDS`: there may be fewer rows on a page, even none,
        and more on a later one. Of which pipeline a result is, its file name tells: others' files are not read.

        Args:
            limit: how many rows, at least 1.
            before: a file name, as in `next_before` of an earlier page; it need not exist (any more).
            selection: which ones.

        Raises:
            InvalidInput: `before` is no file name of a result, or `limit` is below 1.
        """
        if limit < 1:
            raise InvalidInput("The limit must be at least 1.")
        rows: list[OutputListing] = []
        batch: list[str] = []
        files_read = 0
        ends_at = self._clock() + _LOOKING_SECONDS
        async with aclosing(self._keys_newest_first(_cursor(before))) as keys:
            async for key in keys:
                if len(batch) == (limit - len(rows) if selection.is_everything else _BATCH):
                    found, read = await self._select(batch, selection)
                    rows += found
                    files_read += read
                    if len(rows) >= limit:
                        break
                    is_spent = files_read >= _MAX_FILES_READ or self._clock() >= ends_at
                    if is_spent and not selection.is_everything:
                        return OutputPage(rows, next_before=batch[-1])
                    batch = []
                    await asyncio.sleep(0)  # where all is kept nothing is waited for, and others want to go on, too
                batch.append(key.rpartition("/")[2])
            else:
                rows += (await self._select(batch, selection))[0]
                if len(rows) <= limit:
                    return OutputPage(rows, next_before=None)
        return OutputPage(rows[:limit], next_before=rows[limit - 1].filename)

    async def _select(self, filenames: Sequence[str], selection: Selection) -> tuple[Sequence[OutputListing], int]:
        """Return the rows that are wanted of these files, and how many files were read."""
        rows, read = await self._rows.of([name for name in filenames if _may_be_of(name, selection.pipeline_id)])
        wanted = [row for row in rows if selection.admits(row.pipeline_id, row.owner, row.status, row.searched)]
        return [OutputListing.model_validate_json(row.row()) for row in wanted], read

    async def _keys_newest_first(self, before: str | None) -> AsyncGenerator[str, None]:
        """Walk down the tree from its newest end, listing no more directories than are needed.

        The first results take one listing a level. Only when they are not enough are directories listed side by side,
        twice as many each time, so that results which are days apart do not cost one round trip after the other.
        """
        pending: list[str] = [""]  # directories (ending in `/`, the root is empty) and keys, newest last
        width = 1
        while pending:
            if pending[-1].endswith(".json"):
                yield pending.pop()
                continue
            first = len(pending)
            while first > 0 and len(pending) - first < width and not pending[first - 1].endswith(".json"):
                first -= 1
            directories = pending[first:]
            children = await asyncio.gather(*(self._children(directory, before) for directory in directories))
            pending[first:] = [child for group in children for child in group]
            if directories[-1].count("/") == len(LEVELS):
                width = min(width * 2, _MAX_CONCURRENT_LISTINGS)

    async def _children(self, directory: str, before: str | None) -> Sequence[str]:
        """List what may hold results older than `before` in one directory, oldest first."""
        with _storage_errors():
            if not directory and isinstance(self._store, LocalStore) and self._store.prefix is not None:
                await asyncio.to_thread(_check_is_listable, Path(self._store.prefix))
            # Half of the type is Arrow's, whose package obstore makes optional.
            found = await self._store.list_with_delimiter_async(directory or None)  # pyright: ignore[reportUnknownMemberType]
        if (depth := directory.count("/")) < len(LEVELS):
            names = sorted(f"{prefix}/" for prefix in found["common_prefixes"] if LEVELS[depth].fullmatch(prefix))
            return [name for name in names if before is None or name <= before[: len(name)]]
        keys = [item["path"] for item in found["objects"] if self._is_result(item["path"])]
        limit = None if before is None else order_of(before)
        return sorted((key for key in keys if limit is None or order_of(key) < limit), key=order_of)

    def _is_result(self, key: str) -> bool:
        """Tell whether a file has a result's name and lies where that name says."""
        try:
            if output_key(key.rpartition("/")[2]) == key:
                return True
        except InvalidId:
            pass
        self._left_out.tell(key, reason="foreign file")
        return False


def _check_is_listable(directory: Path) -> None:
    """Raise what the system says when a directory cannot be listed: obstore takes a file in its place for empty."""
    with suppress(FileNotFoundError):  # nothing was saved yet
        os.scandir(directory).close()


def _cursor(before: str | None) -> str | None:
    try:
        return None if before is None else output_key(before)
    except InvalidId:
        raise InvalidInput("The place to go on from is not the name of a result file.") from None


def _may_be_of(filename: str, pipeline_id: str | None) -> bool:
    return pipeline_id is None or parse_output_filename(filename)["pipeline"] == pipeline_id


@contextmanager
def _storage_errors() -> Generator[None, None, None]:
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        # obstore's messages carry whole paths, which are nobody's business outside, and pages of debug output.
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        _log.warning("outputs storage failed", error=type(error).__name__, reason=reason)
        raise OutputsUnavailable("The storage of results does not answer or refuses; see the service's log.") from error
