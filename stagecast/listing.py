"""The list of executions, read from the log: newest first, a page at a cost that does not grow with the log."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from contracts.envelope import StoredEvent
from contracts.errors import InvalidInput
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
)
from contracts.requests import ExecutionListing
from contracts.results import ResultStatus
from contracts.subjects import log_subjects, parse_log_subject
from contracts.wire import WireModel
from stagecast.log import ExecutionPage
from stagecast.payloads import PayloadStore
from stagecast.stored import Stored, StreamReader, TooMany
from stagecast.submissions import newest_submissions

MAX_PAGE = 500
"""The most executions on one page."""

_CURSOR = re.compile(r"[1-9][0-9]{0,18}")
_ENDED_KEPT = 4096  # rows of ended executions, which never change
_IDS_PER_REQUEST = 100
_MAX_LOOKED_AT = 500  # submissions, for one page of one owner's
_LOOKED_AT_AT_ONCE = 100


class _Submission(WireModel):
    pipeline_id: str
    at: datetime
    owner: str | None = None


class _Claim(WireModel):
    attempt: int
    runner: str
    at: datetime


class _Result(WireModel):
    status: ResultStatus


class _End(WireModel):
    result: _Result
    filename: str | None = None
    at: datetime


class ListingReader:
    """Reads pages of executions."""

    def __init__(self, reader: StreamReader, payloads: PayloadStore) -> None:
        self._reader = reader
        self._payloads = payloads
        self._ended: OrderedDict[str, ExecutionListing] = OrderedDict()

    async def page(self, limit: int, before: str | None, owner: str | None = None) -> ExecutionPage:
        """Return up to `limit` executions (never more than `MAX_PAGE`) submitted before the cursor, newest first.

        With an `owner` only theirs, among the newest `_MAX_LOOKED_AT`: there may be fewer, and more on a later page.

        Raises:
            InvalidInput: the cursor has another form than those of earlier pages.
            LogUnavailable: the broker does not answer.
        """
        if before is not None and _CURSOR.fullmatch(before) is None:
            raise InvalidInput("`before` must be taken from an earlier page.")
        limit = max(1, min(limit, MAX_PAGE))
        first, last = await self._reader.bounds()
        end = last + 1 if before is None else min(int(before), last + 1)
        if owner is not None:
            shown, next_before = await self._owned(owner, first, end, limit)
            rows = await self._rows(shown)
            return ExecutionPage(rows[::-1], None if next_before is None else str(next_before))
        found = await newest_submissions(self._reader, first, end, limit + 1)
        shown = found[-limit:]
        rows = await self._rows(shown)
        return ExecutionPage(rows[::-1], str(shown[0].sequence) if len(found) > limit else None)

    async def _owned(self, owner: str, first: int, end: int, limit: int) -> tuple[list[Stored], int | None]:
        """Return an owner's last submissions before `end`, in order, and where to go on; None at the beginning."""
        found: list[Stored] = []
        looked_at = 0
        while looked_at < _MAX_LOOKED_AT:
            newest = await newest_submissions(self._reader, first, end, _LOOKED_AT_AT_ONCE)
            is_beginning = len(newest) < _LOOKED_AT_AT_ONCE
            for message in reversed(newest):
                if _Submission.model_validate_json(message.data).owner == owner:
                    found.append(message)
                    if len(found) == limit:
                        is_last = is_beginning and message is newest[0]
                        return found[::-1], None if is_last else message.sequence
            if is_beginning:
                return found[::-1], None
            looked_at += len(newest)
            end = newest[0].sequence
        return found[::-1], end

    async def _rows(self, submissions: Sequence[Stored]) -> list[ExecutionListing]:
        ids = [parse_log_subject(message.subject)[0] for message in submissions]
        open_ids = [execution_id for execution_id in ids if execution_id not in self._ended]
        rows = {
            execution_id: _submitted(execution_id, message.data)
            for execution_id, message in zip(ids, submissions, strict=True)
            if execution_id not in self._ended
        }
        for start in range(0, len(open_ids), _IDS_PER_REQUEST):
            for message in await self._later_events(open_ids[start : start + _IDS_PER_REQUEST]):
                execution_id, event_type, _ = parse_log_subject(message.subject)
                data = message.data
                if event_type == _name(ExecutionCompleted):
                    data = await self._payloads.restore(execution_id, message.headers, data)
                rows[execution_id] = _moved(rows[execution_id], event_type, data)
        listed = [self._ended.get(execution_id) or rows[execution_id] for execution_id in ids]
        self._keep_ended(listed)
        return listed

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

    def _keep_ended(self, rows: Sequence[ExecutionListing]) -> None:
        for row in rows:
            if row.ended_at is not None:
                self._ended[row.id] = row
                self._ended.move_to_end(row.id)
        while len(self._ended) > _ENDED_KEPT:
            self._ended.popitem(last=False)


def _name(kind: type[StoredEvent]) -> str:
    return str(kind.model_fields["type"].default)


def _submitted(execution_id: str, data: bytes) -> ExecutionListing:
    event = _Submission.model_validate_json(data)
    return ExecutionListing(
        id=execution_id, pipeline_id=event.pipeline_id, status="queued", queued_at=event.at, owner=event.owner
    )


def _moved(row: ExecutionListing, event_type: str, data: bytes) -> ExecutionListing:
    """Move a row on by one event: the part of `contracts.state` that a row shows, without reading whole logs."""
    if event_type in (_name(ExecutionStarted), _name(ExecutionResumed)):
        claim = _Claim.model_validate_json(data)
        started_at = row.started_at or claim.at
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
    return row.model_copy(update=update)
