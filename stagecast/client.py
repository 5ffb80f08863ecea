"""A client of the gateway: run, follow live, cancel, finish, read results. For users, and the `stagecast` command.

    async with Client("http://127.0.0.1:8000") as client:
        async for event in client.run("prompt-optimizer-v1", "Write a poem"):
            print(event.type)

`/ws` is `stagecast.event_stream`, HTTP is `stagecast.exchange`, what is yielded besides events `stagecast.updates`.
"""

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx

from contracts.estimate import Estimate
from contracts.ids import check_execution_id
from contracts.requests import (
    CancelReply,
    ExecutionView,
    FinishReply,
    PipelineDetail,
    PipelineListing,
    RerunReply,
    RerunRequest,
    RunReply,
    RunRequest,
)
from contracts.results import OutputListing, PipelineResult, ResultStatus
from stagecast.connections import Connections
from stagecast.dialer import Dialer
from stagecast.event_stream import EventStream
from stagecast.exchange import Exchange, read_reply
from stagecast.gateway_address import GatewayAddress
from stagecast.pages import read_pages
from stagecast.position import Position
from stagecast.readiness import wait_ready
from stagecast.run import Run
from stagecast.updates import ExecutionEvents, LifecycleUpdate, Update

DEFAULT_URL = "http://127.0.0.1:8000"

R = TypeVar("R", bound=RunReply)


class Client:
    """Talks to one gateway, or to any number of them behind one address. Use it with `async with`.

    Every method raises `GatewayUnreachable` when nobody answers and `RequestRefused` when the answer is an error; its
    `code` is the gateway's, `unauthenticated` and `forbidden` where the token is not good enough. All that is followed
    shares connections, a hundred executions each.

    Args:
        url: address of the gateway, without a path unless it is served below one.
        token: sent as bearer token, if given.
        ca: file with the certificate authority of an `https://` address, if it is a private one.
        reconnect_seconds: how long a lost connection is tried again before following gives up, and how long a
            submission is repeated when an answer was lost or the broker is away; `math.inf` for ever.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca: Path | None = None,
        reconnect_seconds: float = 60.0,
    ) -> None:
        address = GatewayAddress.of(url, token, ca)
        self.url = address.url
        self._exchange = Exchange(address, patience=reconnect_seconds)
        self._connections = Connections(Dialer(address))
        self._stream = EventStream(
            self._connections,
            patience=reconnect_seconds,
            was_reached=lambda: self._exchange.was_answered or self._connections.was_open,
        )

    async def __aenter__(self) -> Self:
        """Open the client; connections are made when they are needed."""
        self._exchange.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections; nothing that runs on the server is touched."""
        await self._connections.close()
        await self._exchange.close()

    async def wait_ready(self, timeout_seconds: float = 30.0, *, runners: int = 0) -> None:
        """Return when the gateway says that it is ready and at least so many runners are there.

        Raises:
            GatewayUnreachable: it was not so within the time; the message tells what was missing.
        """
        await wait_ready(self._exchange, timeout_seconds, runners)

    async def pipelines(self) -> list[PipelineListing]:
        """Return the pipelines that can be run."""
        return read_reply(list[PipelineListing], await self._exchange.request("GET", "/api/pipelines"))

    async def pipeline(self, pipeline_id: str) -> PipelineDetail:
        """Return one pipeline: its inputs with their schemas, its models, its stages."""
        reply = await self._exchange.request("GET", f"/api/pipelines/{quote(pipeline_id, safe='')}")
        return read_reply(PipelineDetail, reply)

    def run(self, pipeline_id: str, input: str, options: Mapping[str, Any] | None = None) -> Run[RunReply]:
        """Run a pipeline: iterate over what is returned for its events, or await its `result()`.

        Args:
            pipeline_id: which pipeline.
            input: fills the pipeline's primary input.
            options: its other inputs by name, and `models` to override aliases.
        """
        request = RunRequest(input=input, options=dict(options or {}))
        path = f"/api/pipelines/{quote(pipeline_id, safe='')}/run"
        return self._run(RunReply, path, request.model_dump_json(by_alias=True))

    async def estimate(self, pipeline_id: str, input: str, options: Mapping[str, Any] | None = None) -> Estimate:
        """Return what a run would take, in calls, tokens and dollars; nothing is started. Arguments as for `run`."""
        request = RunRequest(input=input, options=dict(options or {}))
        path = f"/api/pipelines/{quote(pipeline_id, safe='')}/estimate"
        return read_reply(Estimate, await self._exchange.request("POST", path, request.model_dump_json(by_alias=True)))

    def rerun(
        self,
        execution_id: str,
        *,
        from_stage: str | None = None,
        input: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Run[RerunReply]:
        """Run an execution that has ended again; what is returned is as that of `run`, and tells what is reused.

        Args:
            execution_id: which execution.
            from_stage: run this stage, and all that depends on it, anew, and keep the rest. Left out: keep what an
                execution that did not succeed has completed, if nothing is changed.
            input: another input; as it was when left out.
            options: other options, all of them; as they were when left out.
        """
        request = RerunRequest(from_stage=from_stage, input=input, options=None if options is None else dict(options))
        path = f"/api/executions/{check_execution_id(execution_id)}/rerun"
        return self._run(RerunReply, path, request.model_dump_json(by_alias=True, exclude_none=True))

    async def submit(self, pipeline_id: str, input: str, options: Mapping[str, Any] | None = None) -> str:
        """Submit an execution as `run` does, and return its id; it runs to its end though nobody follows it."""
        return (await self.run(pipeline_id, input, options).submit()).execution_id

    async def execution(self, execution_id: str) -> ExecutionView:
        """Return where an execution stands."""
        reply = await self._exchange.request("GET", f"/api/executions/{check_execution_id(execution_id)}")
        return read_reply(ExecutionView, reply)

    async def cancel(self, execution_id: str) -> bool:
        """Ask to stop an execution; False when there was nothing to cancel."""
        reply = await self._exchange.request("POST", f"/api/executions/{check_execution_id(execution_id)}/cancel")
        return read_reply(CancelReply, reply).cancelled

    async def finish(self, execution_id: str) -> bool:
        """Ask an execution to stop here and keep the best that it has; False when there was nothing to finish."""
        reply = await self._exchange.request("POST", f"/api/executions/{check_execution_id(execution_id)}/finish")
        return read_reply(FinishReply, reply).finishing

    async def outputs(
        self,
        *,
        limit: int = 100,
        before: str | None = None,
        pipeline: str | None = None,
        status: ResultStatus | None = None,
        text: str | None = None,
    ) -> Sequence[OutputListing]:
        """Return saved results, newest first, as many as there are up to `limit`; it may take many requests.

        Args:
            limit: how many.
            before: the last file name of what was returned before.
            pipeline: only those of the pipeline with this id.
            status: only those with this status.
            text: only those with this text in prompt, ids or error.
        """
        filters = {"before": before, "pipeline": pipeline, "status": status, "q": text}
        return await read_pages(self._exchange, "/api/outputs", list[OutputListing], limit=limit, filters=filters)

    async def output(self, filename: str) -> PipelineResult:
        """Return one saved result."""
        reply = await self._exchange.request("GET", f"/api/outputs/{quote(filename, safe='')}")
        return read_reply(PipelineResult, reply)

    async def report(self, filename: str, format: Literal["md", "html"] = "md") -> str:
        """Return one saved result as people read it: Markdown, or one HTML page that needs no other file."""
        reply = await self._exchange.request("GET", f"/api/outputs/{quote(filename, safe='')}?format={format}")
        return reply.decode()

    async def events(
        self, execution_id: str, *, after: int = -1, events: Literal["default", "all"] = "default"
    ) -> ExecutionEvents:
        """Return an execution's stored events as they are now, without waiting for more; arguments as for `follow`."""
        params: dict[str, str | int] = {"stream": "false"}
        params |= ({"after": after} if after >= 0 else {}) | ({"events": events} if events != "default" else {})
        path = f"/api/executions/{check_execution_id(execution_id)}/events?{httpx.QueryParams(params)}"
        return read_reply(ExecutionEvents, await self._exchange.request("GET", path))

    async def follow(
        self, execution_id: str, *, after: int = -1, events: Literal["default", "all"] = "default"
    ) -> AsyncGenerator[Update, None]:
        """Yield an execution's events in order, each once, the terminal one last.

        A lost connection is made again and goes on after the last event that was seen. Nothing stored is missing
        without a word: a `Snapshot` stands in for events that are not kept any more. Live text (`stage:output`) is not
        stored: `Dropped` tells of pieces that a slow reader did not get, and what was written while a connection was
        lost is missing. Events of a kind that this version does not know are left out.

        Args:
            execution_id: which execution.
            after: `seq` of the last event already seen; from the first event on when left out.
            events: `all` adds the journal, which runners store for each other; without it numbers have gaps.

        Raises:
            ExecutionNotFound: the gateway knows no such execution (any more).
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
        """
        position = Position(check_execution_id(execution_id), after, with_journal=events == "all")
        async with aclosing(self._stream.updates(position)) as updates:
            async for update in updates:
                yield update

    async def lifecycle(self, pipeline_id: str | None = None) -> AsyncGenerator[LifecycleUpdate, None]:
        """Yield how executions are queued, started, resumed, released, cancelled and completed, for ever.

        A `Gap` comes first, and again wherever such events may be missing, as after a lost connection: from there on
        nothing is. So whoever keeps a list asks for it anew at each `Gap`.

        Args:
            pipeline_id: only those of this pipeline; of all that one may see when left out.

        Raises:
            PipelineNotFound: this cannot be a pipeline's id. One that nobody runs brings nothing.
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
        """
        async with aclosing(self._stream.lifecycle(pipeline_id)) as updates:
            async for update in updates:
                yield update

    def _run(self, kind: type[R], path: str, body: str) -> Run[R]:
        key = secrets.token_hex(16)

        async def submit() -> R:
            return read_reply(kind, await self._exchange.submit(path, body, key))

        def follow(execution_id: str, after: int, events: Literal["default", "all"]) -> AsyncGenerator[Update, None]:
            return self.follow(execution_id, after=after, events=events)

        return Run(submit, follow, cancel=self.cancel, finish=self.finish)
