"""The list of executions, read from the log: newest first, a page at a cost that does not grow with the log."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.envelope import StoredEvent
from contracts.errors import CorruptLog, InvalidInput
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
)
from contracts.requests import ExecutionListing
from contracts.results import LOOKED_AT_CHARACTERS, ResultStatus, excerpt_of
from contracts.subjects import log_subjects, parse_log_subject
from contracts.wire import WireModel
from stagecast.kept_rows import KeptRow, KeptRows
from stagecast.log import ExecutionPage
from stagecast.payloads import PayloadStore
from stagecast.selection import EVERYTHING, Selection, searched_text
from stagecast.stored import Stored, StreamReader, TooMany
from stagecast.submissions import newest_submissions

MAX_PAGE = 500
"""The most executions on one page."""

_CURSOR = re.compile(r"[1-9][0-9]{0,18}")
_ENDED_BYTES = 96 * 2**20  # rows of ended executions, which never change: 100,000 with prompts of 500 characters
_PROMPTS_KEPT = 1_000  # of submissions whose input is stored apart
_IDS_PER_REQUEST = 100
_LOOKING_SECONDS = 0.3  # for one page of selected executions; looked at between batches
_MAX_LOOKED_AT = 2_000  # submissions, the same
_BATCH = 100  # submissions looked at together in a search


class _Submission(WireModel):
    pipeline_id: str
    at: datetime
    owner: str | None = None
    input: str | None = None


class _Claim(WireModel):
    attempt: int
    runner: str
    at: datetime


class _Result(WireModel):
    status: ResultStatus
    error: str | None = None


class _End(WireModel):
    result: _Result
    filename: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row as far as its events were read, and what else it is searched by."""

    row: ExecutionListing
    prompt: str
    error: str | None = None

    def pack(self) -> KeptRow:
        row = self.row
        searched = searched_text(self.prompt, row.pipeline_id, row.id, self.error)
        return KeptRow.of(row, row.owner, row.status, searched, pipeline_id=row.pipeline_id)


class ListingReader:
    """Reads pages of executions.

    Args:
        reader: of the stream that holds the log.
        payloads: what was too large for it.
        clock: seconds, going up; the process's own unless a test drives it.
    """

    def __init__(
        self, reader: StreamReader, payloads: PayloadStore, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._payloads = payloads
        self._clock = clock
        self._ended = KeptRows(_ENDED_BYTES)
        self._prompts: OrderedDict[str, str] = OrderedDict()

    async def page(self, limit: int, before: str | None, selection: Selection = EVERYTHING) -> ExecutionPage:
        """Return up to `limit` executions (never more than `MAX_PAGE`) submitted before the cursor, newest first.

        Where not everything is selected, it is looked for about `_LOOKING_SECONDS`, and never among more than
        `_MAX_LOOKED_AT`: there may be fewer rows, and more on a later page.

        Raises:
            InvalidInput: the cursor has another form than those of earlier pages.
            LogUnavailable: the broker does not answer.
        """
        if before is not None and _CURSOR.fullmatch(before) is None:
            raise InvalidInput("`before` must be taken from an earlier page.")
        limit = max(1, min(limit, MAX_PAGE))
        first, last = await self._reader.bounds()
        end = last + 1 if before is None else min(int(before), last + 1)
        if not selection.is_everything:
            rows, next_before = await self._selected(selection, first, end, limit)
            return _page(rows, next_before)
        found = await newest_submissions(self._reader, first, end, limit + 1)
        shown = found[-limit:]
        rows = await self._rows(shown)
        return _page(rows[::-1], shown[0].sequence if len(found) > limit else None)

    async def _selected(
        self, selection: Selection, first: int, end: int, limit: int
    ) -> tuple[list[KeptRow], int | None]:
        """Return the last wanted executions before `end`, newest first, and where to go on; None at the beginning."""
        found: list[KeptRow] = []
        looked_at = 0
        ends_at = self._clock() + _LOOKING_SECONDS
        while True:
            newest = await newest_submissions(self._reader, first, end, _BATCH)
            is_beginning = len(newest) < _BATCH
            # What is known at the submission is enough to pass over most; the others' later events are read.
            wanted = [message for message in newest if _may_be_wanted(message, selection)]
            rows = await self._rows(wanted)
            for message, row in zip(wanted[::-1], rows[::-1], strict=True):
                if selection.admits(row.pipeline_id, row.owner, row.status, row.searched):
                    found.append(row)
                    if len(found) == limit:
                        is_last = is_beginning and message is newest[0]
                        return found, None if is_last else message.sequence
            if is_beginning:
                return found, None
            looked_at += len(newest)
            end = newest[0].sequence
            if looked_at >= _MAX_LOOKED_AT or self._clock() >= ends_at:
                return found, end

    async def _rows(self, submissions: Sequence[Stored]) -> list[KeptRow]:
        ids = [parse_log_subject(message.subject)[0] for message in submissions]
        rows = {execution_id: self._ended.get(execution_id) for execution_id in ids}
        seen = {
            execution_id: await self._submitted(execution_id, message)
            for execution_id, message in zip(ids, submissions, strict=True)
            if rows[execution_id] is None
        }
        open_ids = list(seen)
        for start in range(0, len(open_ids), _IDS_PER_REQUEST):
            for message in await self._later_events(open_ids[start : start + _IDS_PER_REQUEST]):
                execution_id, event_type, _ = parse_log_subject(message.subject)
                data = message.data
                if event_type == _name(ExecutionCompleted):
                    data = await self._payloads.restore(execution_id, message.headers, data)
                seen[execution_id] = _moved(seen[execution_id], event_type, data)
        for execution_id, one in seen.items():
            rows[execution_id] = row = one.pack()
            if one.row.ended_at is not None:
                self._ended.keep(execution_id, int(execution_id.split("_")[1]), row)
        return [row for row in rows.values() if row is not None]

    async def _submitted(self, execution_id: str, message: Stored) -> _Seen:
        event = _Submission.model_validate_json(message.data)
        prompt = event.input if event.input is not None else await self._large_prompt(execution_id, message)
        row = ExecutionListing(
            id=execution_id,
            pipeline_id=event.pipeline_id,
            status="queued",
            queued_at=event.at,
            owner=event.owner,
            excerpt=excerpt_of(prompt),
        )
        return _Seen(row, prompt)

    async def _large_prompt(self, execution_id: str, message: Stored) -> str:
        """Return how an input begins that is stored apart; such are megabytes, so each is read once."""
        known = self._prompts.get(execution_id)
        if known is None:
            try:
                data = await self._payloads.restore(execution_id, message.headers, message.data)
            except CorruptLog:  # it is being purged: the row is still good to be shown
                return ""
            known = (_Submission.model_validate_json(data).input or "")[:LOOKED_AT_CHARACTERS]
            self._prompts[execution_id] = known
            if len(self._prompts) > _PROMPTS_KEPT:
                self._prompts.popitem(last=False)
        return known

    async def _later_events(self, ids: Sequence[str]) -> list[Stored]:
        kinds = [
            *(ExecutionStarted, ExecutionResumed, ExecutionReleased),
            *(ExecutionCancelRequested, ExecutionFinishRequested, ExecutionCompleted),
        ]
        try:
            return await self._reader.last_of([log_subjects(each, _name(kind)) for each in ids for kind in kinds])
        except TooMany:
            if len(ids) > 1:
                half = len(ids) // 2
                return await self._later_events(ids[:half]) + await self._later_events(ids[half:])
            # More claims than an answer may hold: the last event of each kind says what a row shows.
            lasts = [await self._reader.last_one_of(log_subjects(ids[0], _name(kind))) for kind in kinds]
            return sorted((last for last in lasts if last is not None), key=lambda last: last.sequence)


def _name(kind: type[StoredEvent]) -> str:
    return str(kind.model_fields["type"].default)


def _page(rows: Sequence[KeptRow], next_before: int | None) -> ExecutionPage:
    listed = [ExecutionListing.model_validate_json(row.row()) for row in rows]
    return ExecutionPage(listed, None if next_before is None else str(next_before))


def _may_be_wanted(message: Stored, selection: Selection) -> bool:
    event = _Submission.model_validate_json(message.data)
    return selection.admits_submission(event.pipeline_id, event.owner)


def _moved(seen: _Seen, event_type: str, data: bytes) -> _Seen:
    """Move a row on by one event: the part of `contracts.state` that a row shows, without reading whole logs."""
    error = seen.error
    if event_type in (_name(ExecutionStarted), _name(ExecutionResumed)):
        claim = _Claim.model_validate_json(data)
        started_at = seen.row.started_at or claim.at
        update = {"status": "running", "attempt": claim.attempt, "runner": claim.runner, "started_at": started_at}
    elif event_type == _name(ExecutionReleased):
        update = {"status": "queued", "runner": None}
    elif event_type == _name(ExecutionCancelRequested):
        update = {"cancel_requested": True}
    elif event_type == _name(ExecutionFinishRequested):
        update = {"finish_requested": True}
    else:
        end = _End.model_validate_json(data)
        update = {"status": end.result.status, "filename": end.filename, "ended_at": end.at}
        error = end.result.error
    return replace(seen, row=seen.row.model_copy(update=update), error=error)
