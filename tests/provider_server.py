"""A server on loopback that speaks enough HTTP to play OpenAI or Anthropic to the real SDKs, and tells what it got."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """One request as it came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What to send back: a status, headers, and the body in pieces.

    `hangs` keeps it open after the last piece; all pieces but the first one wait for `gate`.
    """

    pieces: Sequence[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    hangs: bool = False
    gate: asyncio.Event | None = None


@dataclass
class ProviderServer:
    """Answers requests with `answers` in order, and remembers them."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def start(cls) -> AsyncGenerator[Self]:
        """Listen on a free port until the block ends."""
        self = cls()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.received.append(Received(first.split(" ")[1], headers, json.loads(body)))
                await self._answer(self.answers.pop(0), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hung_up.set()
        finally:
            writer.close()

    async def _answer(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        headers = {"content-type": "text/event-stream" if answer.status == 200 else "application/json"}
        headers |= {"transfer-encoding": "chunked"} | answer.headers
        lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for piece in answer.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            if answer.gate is not None:
                await answer.gate.wait()
        if not answer.hangs:
            writer.write(b"0\r\n\r\n")
            await writer.drain()


def openai_answer(
    *texts: str, tokens: tuple[int, int] | None = (11, 7), finish: str = "stop", hangs: bool = False
) -> Answer:
    """Stream these texts as chat completion chunks; no usage chunk when `tokens` is None."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"content": text}, None) for text in texts]
    if not hangs:
        deltas.append(({}, finish))
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas
    ]
    if tokens and not hangs:
        usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
        chunks.append({**head, "choices": [], "usage": usage})
    end = [] if hangs else [b"data: [DONE]\n\n"]
    return Answer([*(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks), *end], hangs=hangs)


def anthropic_answer(
    *texts: str, tokens: tuple[int, int] = (11, 7), stop: str = "end_turn", hangs: bool = False
) -> Answer:
    """Stream these texts as events of the messages API."""
    message: dict[str, Any] = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    usage = {"input_tokens": tokens[0], "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_sequence": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in texts),
    ]
    if not hangs:
        delta = {"stop_reason": stop, "stop_sequence": None}
        events += [
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": delta, "usage": {"output_tokens": tokens[1]}},
            {"type": "message_stop"},
        ]
    pieces = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    return Answer(pieces, hangs=hangs)


def failure(status: int, message: str = "no", *, kind: str = "error", headers: dict[str, str] | None = None) -> Answer:
    """Refuse with the error body that both APIs use."""
    body = {"type": "error", "error": {"type": kind, "message": message, "code": None}}
    return Answer([json.dumps(body).encode()], status, headers or {})
