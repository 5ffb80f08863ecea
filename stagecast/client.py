"""A client of the gateway: submit, follow live, cancel, read results. What the `stagecast` command uses, and users.

    async with Client("http://127.0.0.1:8000") as client:
        execution_id = await client.run("prompt-optimizer-v1", "Write a poem")
        async for event in client.follow(execution_id):
            print(event.type)

Following live events over `/ws`, with reconnecting, is `stagecast.event_stream`; HTTP is `stagecast.exchange`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from contracts.errors import GatewayUnreachable, RequestRefused, StagecastError
from contracts.events import Event
from contracts.ids import check_execution_id
from contracts.requests import (
    CancelReply,
    ExecutionView,
    PipelineListing,
    RerunReply,
    RerunRequest,
    RunReply,
    RunRequest,
)
from contracts.results import OutputListing, PipelineResult
from stagecast.event_stream import EventStream
from stagecast.exchange import Exchange

DEFAULT_URL = "http://127.0.0.1:8000"

_READY_POLL_SECONDS = 0.2

T = TypeVar("T")


class Client:
    """Talks to one gateway, or to any number of them behind one address. Use it with `async with`.

    Every method raises `GatewayUnreachable` when nobody answers and `RequestRefused` when the answer is an error.

    Args:
        url: address of the gateway, without a path unless it is served below one.
        token: sent as bearer token, if given.
        reconnect_seconds: how long `follow` tries to get a lost connection back before it gives up, and how long `run`
            and `rerun` are repeated when an answer was lost or the broker is away.
    """

    def __init__(self, url: str = DEFAULT_URL, *, token: str | None = None, reconnect_seconds: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._reconnect_seconds = reconnect_seconds
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._exchange = Exchange(self.url, headers, patience=reconnect_seconds)

    async def __aenter__(self) -> Self:
        """Open the client; connections are made when they are needed."""
        self._exchange.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections; nothing that runs on the server is touched."""
        await self._exchange.close()

    async def wait_ready(self, timeout_seconds: float = 30.0, *, runners: int = 0) -> None:
        """Return when the gateway says that it is ready and at least so many runners are there.

        Raises:
            GatewayUnreachable: it was not so within the time; the message tells what was missing.
        """
        end = time.monotonic() + timeout_seconds
        while True:
            missing = await self._what_is_missing(runners)
            if missing is None:
                return
            if time.monotonic() >= end:
                raise GatewayUnreachable(missing)
            await asyncio.sleep(_READY_POLL_SECONDS)

    async def pipelines(self) -> list[PipelineListing]:
        """Return the pipelines that can be run."""
        return _read(list[PipelineListing], await self._exchange.request("GET", "/api/pipelines"))

    async def run(self, pipeline_id: str, input: str, options: Mapping[str, Any] | None = None) -> str:
        """Submit an execution and return its id; it runs to its end whether or not anybody follows it.

        It is submitted once, however often an answer is lost: each call has an `Idempotency-Key` of its own.

        Args:
            pipeline_id: which pipeline.
            input: fills the pipeline's primary input.
            options: its other inputs by name, and `models` to override aliases.
        """
        body = RunRequest(input=input, options=dict(options or {})).model_dump_json(by_alias=True)
        return _read(
            RunReply, await self._exchange.submit(f"/api/pipelines/{quote(pipeline_id, safe='')}/run", body)
        ).execution_id

    async def rerun(
        self,
        execution_id: str,
        *,
        from_stage: str | None = None,
        input: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> RerunReply:
        """Run an execution that has ended again, and return the new one's id and what it takes over. Once, as `run`.

        Args:
            execution_id: which execution.
            from_stage: run this stage, and all that depends on it, anew, and keep the rest. Left out: keep what an
                execution that did not succeed has completed, if nothing is changed.
            input: another input; as it was when left out.
            options: other options, all of them; as they were when left out.
        """
        request = RerunRequest(from_stage=from_stage, input=input, options=None if options is None else dict(options))
        path = f"/api/executions/{check_execution_id(execution_id)}/rerun"
        return _read(
            RerunReply, await self._exchange.submit(path, request.model_dump_json(by_alias=True, exclude_none=True))
        )

    async def execution(self, execution_id: str) -> ExecutionView:
        """Return where an execution stands."""
        reply = await self._exchange.request("GET", f"/api/executions/{check_execution_id(execution_id)}")
        return _read(ExecutionView, reply)

    async def cancel(self, execution_id: str) -> bool:
        """Ask to stop an execution; False when there was nothing to cancel."""
        reply = await self._exchange.request("POST", f"/api/executions/{check_execution_id(execution_id)}/cancel")
        return _read(CancelReply, reply).cancelled

    async def outputs(self, *, limit: int = 100, before: str | None = None) -> Sequence[OutputListing]:
        """Return saved results, newest first; `before` is the last file name of the page before."""
        params: dict[str, str | int] = {"limit": limit} | ({} if before is None else {"before": before})
        return _read(
            list[OutputListing], await self._exchange.request("GET", f"/api/outputs?{httpx.QueryParams(params)}")
        )

    async def output(self, filename: str) -> PipelineResult:
        """Return one saved result."""
        return _read(PipelineResult, await self._exchange.request("GET", f"/api/outputs/{quote(filename, safe='')}"))

    async def follow(
        self, execution_id: str, *, after: int = -1, events: Literal["default", "all"] = "default"
    ) -> AsyncGenerator[Event, None]:
        """Yield an execution's events in order, each once, the terminal one last.

        A lost connection is made again and goes on after the last event that was seen. Live text (`stage:output`) is
        not stored: what was written while the connection was lost is missing. Events of a kind that this version does
        not know are left out.

        Args:
            execution_id: which execution.
            after: `seq` of the last event already seen; from the first event on when left out.
            events: `all` adds the journal, which runners store for each other; without it numbers have gaps.

        Raises:
            ExecutionNotFound: the gateway knows no such execution (any more).
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
        """
        stream = EventStream(
            self.url,
            self._exchange.headers,
            use_proxy=self._exchange.use_proxy,
            patience=self._reconnect_seconds,
        )
        following = stream.events(check_execution_id(execution_id), after, with_journal=events == "all")
        async with aclosing(following):
            async for event in following:
                yield event

    async def _what_is_missing(self, runners: int) -> str | None:
        try:
            reply = await self._exchange.send("GET", "/readyz")
            ready = _read(dict[str, Any], reply.content)
        except StagecastError as error:
            return error.message
        there = ready.get("runners")
        if not reply.is_success:
            return "The gateway is there, but its broker does not answer."
        if not isinstance(there, int) or there < runners:
            return f"{there or 'None'} of {runners} runners are there."
        return None


def _read(kind: type[T], content: bytes) -> T:
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        raise RequestRefused("The answer is not one of a stagecast gateway.", status=200, code="bad_reply") from error
