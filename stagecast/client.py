"""A client of the gateway: submit, follow live, cancel, read results. What the `stagecast` command uses, and users.

    async with Client("http://127.0.0.1:8000") as client:
        execution_id = await client.run("prompt-optimizer-v1", "Write a poem")
        async for event in client.follow(execution_id):
            print(event.type)

Following live events over `/ws`, with reconnecting, is `stagecast.event_stream`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from contracts.errors import GatewayUnreachable, RequestRefused, StagecastError
from contracts.events import Event
from contracts.ids import check_execution_id
from contracts.requests import CancelReply, ExecutionView, PipelineListing, RunReply, RunRequest
from contracts.results import OutputListing, PipelineResult
from stagecast.event_stream import EventStream, unreachable

DEFAULT_URL = "http://127.0.0.1:8000"

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_READY_POLL_SECONDS = 0.2
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

T = TypeVar("T")


class Client:
    """Talks to one gateway, or to any number of them behind one address. Use it with `async with`.

    Every method raises `GatewayUnreachable` when nobody answers and `RequestRefused` when the answer is an error.

    Args:
        url: address of the gateway, without a path unless it is served below one.
        token: sent as bearer token, if given.
        reconnect_seconds: how long `follow` tries to get a lost connection back before it gives up.
    """

    def __init__(self, url: str = DEFAULT_URL, *, token: str | None = None, reconnect_seconds: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._reconnect_seconds = reconnect_seconds
        # A proxy set for the outside world is no way to this machine.
        self._use_proxy = urlsplit(self.url).hostname not in _LOOPBACK
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Open the client; connections are made when they are needed."""
        self._http = httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=self._use_proxy,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections; nothing that runs on the server is touched."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

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
        return _read(list[PipelineListing], await self._request("GET", "/api/pipelines"))

    async def run(self, pipeline_id: str, input: str, options: Mapping[str, Any] | None = None) -> str:
        """Submit an execution and return its id; it runs to its end whether or not anybody follows it.

        Args:
            pipeline_id: which pipeline.
            input: fills the pipeline's primary input.
            options: its other inputs by name, and `models` to override aliases.
        """
        body = RunRequest(input=input, options=dict(options or {})).model_dump_json(by_alias=True)
        reply = await self._request("POST", f"/api/pipelines/{quote(pipeline_id, safe='')}/run", body)
        return _read(RunReply, reply).execution_id

    async def execution(self, execution_id: str) -> ExecutionView:
        """Return where an execution stands."""
        reply = await self._request("GET", f"/api/executions/{check_execution_id(execution_id)}")
        return _read(ExecutionView, reply)

    async def cancel(self, execution_id: str) -> bool:
        """Ask to stop an execution; False when there was nothing to cancel."""
        reply = await self._request("POST", f"/api/executions/{check_execution_id(execution_id)}/cancel")
        return _read(CancelReply, reply).cancelled

    async def outputs(self, *, limit: int = 100, before: str | None = None) -> Sequence[OutputListing]:
        """Return saved results, newest first; `before` is the last file name of the page before."""
        params: dict[str, str | int] = {"limit": limit} | ({} if before is None else {"before": before})
        return _read(list[OutputListing], await self._request("GET", f"/api/outputs?{httpx.QueryParams(params)}"))

    async def output(self, filename: str) -> PipelineResult:
        """Return one saved result."""
        return _read(PipelineResult, await self._request("GET", f"/api/outputs/{quote(filename, safe='')}"))

    async def follow(self, execution_id: str, *, after: int = -1) -> AsyncGenerator[Event, None]:
        """Yield an execution's events in order, each once, the terminal one last.

        A lost connection is made again and goes on after the last event that was seen. Live text (`stage:output`) is
        not stored: what was written while the connection was lost is missing. Events of a kind that this version does
        not know are left out.

        Args:
            execution_id: which execution.
            after: `seq` of the last event already seen; from the first event on when left out.

        Raises:
            ExecutionNotFound: the gateway knows no such execution (any more).
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
        """
        stream = EventStream(self.url, self._headers, use_proxy=self._use_proxy, patience=self._reconnect_seconds)
        async with aclosing(stream.events(check_execution_id(execution_id), after)) as events:
            async for event in events:
                yield event

    async def _request(self, method: str, path: str, body: str | None = None) -> bytes:
        reply = await self._send(method, path, body)
        if reply.is_success:
            return reply.content
        raise _refusal(reply)

    async def _send(self, method: str, path: str, body: str | None = None) -> httpx.Response:
        if self._http is None:
            raise RuntimeError("use the client with `async with`")
        try:
            return await self._http.request(
                method,
                self.url + path,
                content=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
            )
        except httpx.InvalidURL as error:
            raise GatewayUnreachable(f"{self.url} is no address: {error}.") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise unreachable(self.url) from error

    async def _what_is_missing(self, runners: int) -> str | None:
        try:
            reply = await self._send("GET", "/readyz")
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


def _refusal(reply: httpx.Response) -> RequestRefused:
    try:
        body: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(reply.content)
    except ValidationError:
        body = {}
    message = body.get("error")
    code = body.get("code")
    return RequestRefused(
        message if isinstance(message, str) else f"The gateway answered {reply.status_code} {reply.reason_phrase}.",
        status=reply.status_code,
        code=code if isinstance(code, str) else None,
    )
