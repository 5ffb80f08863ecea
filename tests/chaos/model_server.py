"""The model server of the chaos suite: OpenAI's chat completions, slow and faulty by seed, with every request counted.

What a request gets depends on the seed, its marker, and how often the marker was asked before, on nothing else.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from tests.chaos.clock import now
from tests.chaos.markers import Marker, find_marker
from tests.chaos.records import CallRecord, EffectRecord
from tests.provider_server import Answer, failure, openai_answer

SPOILT_PART = "spoilt"
"""Calls with this part get an answer that breaks the schema first."""
REFUSED_PART = "refused"
"""Calls with this part are refused until `repair` was called for their tag."""

_DELAY_SECONDS = (0.05, 0.8)
_EFFECT_SECONDS = (0.02, 0.1)
_FAULTY = 0.12
_TWICE_FAULTY = 0.03
_BUSY_CALLS = 50  # by then every runner has loaded what it needs, and faults meet calls in flight
_RETRY_AFTER = {"retry-after": "1"}

Mishap = Literal["500", "429", "broken"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    path: str
    runner: str
    body: dict[str, Any]


@dataclass
class ModelServer:
    """Answers, and remembers who asked what when.

    Attributes:
        strays: requests without a marker.
        is_busy: set once runners call at full speed.
    """

    seed: int
    url: str = ""
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    effects: list[EffectRecord] = field(default_factory=list[EffectRecord])
    strays: int = 0
    is_busy: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: Counter[Marker] = field(default_factory=Counter[Marker])
    _spoilt: set[Marker] = field(default_factory=set[Marker])
    _repaired: set[str] = field(default_factory=set[str])

    @classmethod
    @asynccontextmanager
    async def start(cls, seed: int) -> AsyncGenerator[Self]:
        """Listen on a free loopback port until the block ends."""
        self = cls(seed)
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    def repair(self, tag: str) -> None:
        """Refuse this submission's calls no longer."""
        self._repaired.add(tag)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await _read(reader)
                if request.path == "/effect":
                    await self._take_effect(request, reader, writer)
                elif not await self._take_call(request, reader, writer):
                    break
        writer.close()

    async def _take_effect(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tag, step = str(request.body["tag"]), str(request.body["step"])
        self.effects.append(EffectRecord(tag, step, request.runner, now()))
        chance = random.Random(f"{self.seed}/effect/{tag}/{step}")
        if not await _is_left(reader, chance.uniform(*_EFFECT_SECONDS)):
            await _write(writer, Answer([b'{"done": true}']))

    async def _take_call(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a call; return whether the connection can go on."""
        marker = find_marker(str(request.body["messages"][-1]["content"]))
        if marker is None:
            self.strays += 1
            await _write(writer, failure(400, "no marker"))
            return True
        self._asked[marker] += 1
        number = self._asked[marker]
        call = CallRecord(marker, request.runner, now())
        self.calls.append(call)
        chance = random.Random(f"{self.seed}/{marker}/{number}")
        if await _is_left(reader, chance.uniform(*_DELAY_SECONDS)):
            call.outcome, call.answered_at = "left", now()
            return False
        try:
            return await self._answer(call, number, request, writer)
        except ConnectionError:
            call.outcome = "left"
            return False
        finally:
            call.answered_at = now()

    async def _answer(self, call: CallRecord, number: int, request: Request, writer: asyncio.StreamWriter) -> bool:
        marker = call.marker
        if marker.part.startswith(REFUSED_PART) and marker.tag not in self._repaired:
            call.outcome = "refused"
            await _write(writer, failure(400, "not now", kind="invalid_request_error"))
            return True
        match self._mishap(marker, number):
            case "500" | "429" as status:
                call.outcome = "refused"
                await _write(writer, failure(int(status), headers=_RETRY_AFTER if status == "429" else None))
                return True
            case "broken":
                call.outcome = "broken"
                await _write(writer, openai_answer("Only the begin", hangs=True))
                writer.transport.abort()
                return False
            case None:
                text = self._text(call, is_json="response_format" in request.body)
                await _write(writer, openai_answer(*_halves(text)))
                call.outcome = "complete"
                if len(self.calls) >= _BUSY_CALLS:
                    self.is_busy.set()
                return True

    def _mishap(self, marker: Marker, number: int) -> Mishap | None:
        chance = random.Random(f"{self.seed}/{marker}/mishaps")
        share = chance.random()
        count = 2 if share < _TWICE_FAULTY else 1 if share < _FAULTY else 0
        kinds: list[Mishap] = chance.choices(("500", "429", "broken"), k=count)
        return kinds[number - 1] if number <= count else None

    def _text(self, call: CallRecord, *, is_json: bool) -> str:
        if call.marker.part.startswith(SPOILT_PART) and call.marker not in self._spoilt:
            self._spoilt.add(call.marker)
            call.is_paid_for_nothing = True
            return "this is not what was asked for"
        text = answer_to(call.marker)
        return json.dumps({"answer": text}) if is_json else text


def answer_to(marker: Marker) -> str:
    """Return what is answered to a call."""
    return f"done {marker}"


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(first.split(" ")[1], headers.get("authorization", "").removeprefix("Bearer "), json.loads(body))


async def _is_left(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait; tell whether the client went away meanwhile."""
    gone = asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait({gone}, timeout=seconds)
        return gone.done()
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    kind = "text/event-stream" if any(piece.startswith(b"data:") for piece in answer.pieces) else "application/json"
    headers = {"content-type": kind, "transfer-encoding": "chunked", **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in answer.pieces]
    end = b"" if answer.hangs else b"0\r\n\r\n"
    writer.write("\r\n".join(lines).encode() + b"".join(chunks) + end)
    await writer.drain()


def _halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    return text[:middle], text[middle:]
