"""Collects, when all has ended, what the log and the outputs have. What was seen on the way is in `records`."""

import asyncio
from collections.abc import Sequence

import httpx
from pydantic import ValidationError

from contracts.errors import StagecastError
from contracts.events import ExecutionCompleted
from contracts.results import PipelineResult
from stagecast.jetstream_log import JetStreamLog
from tests.chaos.records import ExecutionRecord, Logged, digest_of

_AT_ONCE = 16
_PAGE = 200


class Collector:
    """Reads logs from the broker and results through a gateway."""

    def __init__(self, log: JetStreamLog, http: httpx.AsyncClient, url: str) -> None:
        self._log = log
        self._http = http
        self._url = url
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def collect(self, known: Sequence[str]) -> dict[str, ExecutionRecord]:
        """Return every execution of the log, and those that should be there."""
        return await self.read(sorted({*known, *await self._all_ids()}))

    async def read(self, ids: Sequence[str]) -> dict[str, ExecutionRecord]:
        """Return these executions."""
        records = await asyncio.gather(*(self._record(execution_id) for execution_id in ids))
        return {record.execution_id: record for record in records}

    async def _all_ids(self) -> list[str]:
        ids: list[str] = []
        before: str | None = None
        while True:
            page = await self._log.list_executions(limit=_PAGE, before=before)
            ids += [execution.id for execution in page.executions]
            before = page.next_before
            if before is None:
                return ids

    async def _record(self, execution_id: str) -> ExecutionRecord:
        async with self._room:
            record = ExecutionRecord(execution_id)
            try:
                entries = await self._log.read(execution_id)
                record.log = [Logged(entry.stored_event(), digest_of(entry.data)) for entry in entries]
            except (StagecastError, ValidationError) as error:
                record.fault = str(error)
            for logged in record.log:
                if isinstance(logged.event, ExecutionCompleted) and logged.event.filename is not None:
                    await self._read_result(record, logged.event.filename)
            return record

    async def _read_result(self, record: ExecutionRecord, filename: str) -> None:
        try:
            reply = await self._http.get(f"{self._url}/api/outputs/{filename}")
            if reply.is_success:
                record.saved = PipelineResult.model_validate_json(reply.content)
            else:
                record.saved_fault = f"status {reply.status_code}"
        except (httpx.HTTPError, ValidationError) as error:
            record.saved_fault = str(error)
