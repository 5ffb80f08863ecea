"""A small real HTTP and WebSocket server that speaks the story's protocol with events given to it, and drops on order.

It stands in for a gateway where a test wants to decide what goes wrong; the gateway itself has tests of its own.
"""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from contracts.envelope import BaseEvent, StageRef, utc_now
from contracts.events import (
    ExecutionCompleted,
    ExecutionQueued,
    ExecutionStarted,
    StageCompleted,
    StageFailed,
    StageOutput,
    StageSkipped,
    StageStarted,
    encode,
)
from contracts.results import PipelineInput, PipelineResult, ResultStatus, StageOutcome

EXECUTION_ID = "exec_1790000000000_aaaaaaaaaaaaaaaa"
FILENAME = "demo_2026-09-21T14-13-20-000Z_aaaaaaaaaaaaaaaa.json"
STAGES = (StageRef(id="one", name="First"), StageRef(id="two", name="Second"), StageRef(id="three", name="Third"))


def demo_result(status: ResultStatus = "success") -> PipelineResult:
    """The end of the demo execution."""
    return PipelineResult(
        execution_id=EXECUTION_ID,
        pipeline_id="demo",
        status=status,
        timestamp=utc_now(),
        input=PipelineInput(prompt="hello"),
        output={"optimizedPrompt": "Better hello"} if status == "success" else None,
        error=None if status == "success" else f"it was {status}",
    )


def demo_events(status: ResultStatus = "success") -> list[BaseEvent]:
    """One execution of three stages: the first delivers, the second is skipped, the third delivers or fails."""
    common: dict[str, Any] = {"execution_id": EXECUTION_ID}
    places: list[dict[str, Any]] = [{**common, "stage": STAGES[n], "index": n, "total": 3} for n in range(3)]
    first, second, third = places
    spent = StageOutcome(status="success", cost=0.0012, duration=1523, model="scripted:echo", input_tokens=120)
    outcome = spent if status == "success" else StageOutcome(status="failed", cost=None)
    last = (
        StageCompleted(**third, result=outcome)
        if status == "success"
        else StageFailed(**third, error="the model refused", code="model_error", result=outcome)
    )
    stored = [
        ExecutionQueued(**common, pipeline_id="demo", pipeline={"name": "Demo"}, input="hello"),
        ExecutionStarted(**common, pipeline_id="demo", pipeline_name="Demo", stages=STAGES, total=3, runner="r"),
        StageStarted(**first),
        StageCompleted(**first, result=spent),
        StageSkipped(**second, reason="nothing to do"),
        StageStarted(**third),
        last,
        ExecutionCompleted(**common, result=demo_result(status), filename=FILENAME),
    ]
    return [event.model_copy(update={"seq": seq}) for seq, event in enumerate(stored)]


def live_text(text: str) -> StageOutput:
    """Live text of the first stage."""
    return StageOutput(execution_id=EXECUTION_ID, stage=STAGES[0], index=0, total=3, text=text)


@dataclass
class Story:
    """What the server tells, and what it was asked.

    Attributes:
        drop_after: for each connection in turn, how many messages it sends before it is cut; later ones are not cut.
        leave_out: for each connection in turn, numbers of events that it swallows.
        replay: repeat everything from the start, as a server does that ignores `after`.
        interludes: messages sent before the event of this number, on the first connection.
        hold_at: wait at this number until `cancelled` is set; asking to finish sets it, too.
        ignores_cancel: take a cancel request and do nothing about it.
        replies: answers to HTTP requests by `METHOD /path`.
        refused_handshakes: how many of the next WebSocket handshakes are answered with 503.
        first_replies: answers to the first HTTP requests, whatever they ask for; None cuts the connection.
    """

    events: Sequence[BaseEvent] = field(default_factory=demo_events)
    drop_after: list[int] = field(default_factory=list[int])
    leave_out: list[set[int]] = field(default_factory=list[set[int]])
    replay: bool = False
    interludes: Mapping[int, object] = field(default_factory=dict[int, object])
    hold_at: int | None = None
    replies: dict[str, tuple[int, object]] = field(default_factory=dict[str, tuple[int, object]])
    first_replies: list[tuple[int, object] | None] = field(default_factory=list[tuple[int, object] | None])
    subscriptions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    requests: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_held: asyncio.Event = field(default_factory=asyncio.Event)
    ignores_cancel: bool = False
    refused_handshakes: int = 0
    cancel_asked: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def answer(self, request: Request) -> Response:
        """Answer an HTTP request from `replies`."""
        body = await request.body()
        what = f"{request.method} {request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        self.requests.append((what, json.loads(body) if body else None))
        self.headers.append(dict(request.headers))
        self.asked.set()
        if what == f"POST /api/executions/{EXECUTION_ID}/cancel":
            self.cancel_asked.set()
            if not self.ignores_cancel:
                self.cancelled.set()
            return JSONResponse({"cancelled": True})
        if what == f"POST /api/executions/{EXECUTION_ID}/finish" and what not in self.replies:
            self.cancelled.set()
            return JSONResponse({"finishing": True})
        reply = self.replies.get(what, (404, {"error": "Pipeline not found", "code": "pipeline_not_found"}))
        if self.first_replies:
            first = self.first_replies.pop(0)
            if first is None:
                return Response(headers={"Content-Length": "1"})  # less than announced: the server hangs up
            reply = first
        status, content = reply
        return Response(content, status) if isinstance(content, str) else JSONResponse(content, status)

    async def talk(self, websocket: WebSocket) -> None:
        """Serve one connection."""
        if self.refused_handshakes:
            self.refused_handshakes -= 1
            await websocket.send_denial_response(Response(status_code=503))
            return
        await websocket.accept()
        number = len(self.subscriptions)
        request = json.loads(await websocket.receive_text())
        self.subscriptions.append(request)
        known = request["executionId"] == EXECUTION_ID
        await websocket.send_json({"type": "subscribed", "executionId": request["executionId"], "success": known})
        try:
            if known:
                await self._send_events(websocket, number, -1 if self.replay else request.get("after", -1))
            await websocket.receive_text()
        except WebSocketDisconnect:
            return

    async def _send_events(self, websocket: WebSocket, number: int, after: int) -> None:
        sent = 0
        swallowed = self.leave_out[number] if number < len(self.leave_out) else set[int]()
        for seq, event in enumerate(self.events):
            if seq <= after or seq in swallowed:
                continue
            if number < len(self.drop_after) and sent == self.drop_after[number]:
                await websocket.close(1012)
                return
            if number == 0 and seq in self.interludes:
                await websocket.send_json(self.interludes[seq])
            if seq == self.hold_at:
                self.is_held.set()
                await self.cancelled.wait()
            await websocket.send_text(encode(event).decode())
            sent += 1


@asynccontextmanager
async def telling(story: Story) -> AsyncGenerator[Story]:
    """Serve the story on a free loopback port as long as the context lasts."""
    app = Starlette(
        routes=[
            WebSocketRoute("/ws", story.talk),
            Route("/{path:path}", story.answer, methods=["GET", "POST"]),
        ]
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        story.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield story
        finally:
            story.cancelled.set()
            server.should_exit = True
            await serving
