"""Plays one case over a raw socket and judges it. No WebSocket library is in the way."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tests.conformance.case import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    STILL_OPEN,
    TEXT,
    Await,
    Case,
    Event,
    LookWhetherOpen,
    Send,
    Verdict,
)

CASE_SECONDS = 60.0  # generous: what hangs is a failure, however busy the machine is
_BYTES_IN_FLIGHT = 64 * 1024
_HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_KINDS: dict[int, Literal["text", "binary", "ping", "pong"]] = {
    TEXT: "text",
    BINARY: "binary",
    PING: "ping",
    PONG: "pong",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case came to, and why."""

    case: Case
    verdict: Verdict
    reason: str


class _Link:
    """One connection: what came on it, and how it ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._changed = asyncio.Condition()
        self.received: list[Event] = []
        self.is_over = False
        self.close: bytes | None = None  # what the server's close frame carried
        self.has_closed_first = False
        self.fault = ""

    async def send(self, step: Send) -> None:
        """Send; nothing happens where the server has gone already."""
        if step.is_close and self.close is None:
            self.has_closed_first = True
        size = step.chop or len(step.data)
        with suppress(ConnectionError):
            for at in range(0, len(step.data), size):
                if self._writer.is_closing():
                    return
                self._writer.write(step.data[at : at + size])
                await self._writer.drain()
                if step.chop:
                    await asyncio.sleep(0)  # so that each piece is a packet of its own

    async def wait(self, count: int) -> None:
        """Wait until so many events have come, or no more will."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.received) >= count or self.is_over)

    async def wait_over(self) -> None:
        """Wait until the server has closed the connection."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.is_over)

    async def look_whether_open(self, seconds: float) -> None:
        """Note it if the server has not closed the connection in this time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wait_over(), seconds)
        if not self.is_over and self.close is None:
            self.received.append(STILL_OPEN)

    async def read(self) -> None:
        """Take note of all that comes, to the end."""
        pending: tuple[int, bytearray] | None = None
        try:
            while True:
                fin, opcode, payload = await self._read_frame()
                if opcode == CLOSE:
                    self.close = payload
                elif opcode in (PING, PONG):
                    await self._note(opcode, payload)
                else:
                    if (opcode == CONTINUATION) != (pending is not None):
                        raise ValueError("fragments out of order")
                    kind, joined = pending or (opcode, bytearray())
                    joined += payload
                    pending = None if fin else (kind, joined)
                    if fin:
                        await self._note(kind, bytes(joined))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except (ValueError, KeyError) as error:
            self.fault = f"the server sent no valid frame: {error}"
        async with self._changed:
            self.is_over = True
            self._changed.notify_all()

    async def _note(self, opcode: int, payload: bytes) -> None:
        async with self._changed:
            self.received.append(Event(_KINDS[opcode], payload))
            self._changed.notify_all()

    async def _read_frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        if first & 0x70 or second & 0x80:
            raise ValueError("reserved bits or a mask")
        length = second
        if length >= 126:
            length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
        return bool(first & 0x80), first & 0x0F, await self._reader.readexactly(length)


async def play(case: Case, address: str, *, seconds: float = CASE_SECONDS) -> Outcome:
    """Play a case against the server at this address; one that takes longer than this has failed."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=_BYTES_IN_FLIGHT)
    try:
        async with asyncio.timeout(seconds):
            writer.write(_HANDSHAKE.format(host=parts.netloc).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 101 "):
                return Outcome(case, Verdict.FAILED, f"the handshake was answered with {answer[:40]!r}")
            link = _Link(reader, writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(link.read())
                await _follow(case, link)
    except TimeoutError:
        return Outcome(case, Verdict.FAILED, f"it did not end in {seconds:.0f} s")
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return _judge(case, link)


async def _follow(case: Case, link: _Link) -> None:
    for step in case.script:
        match step:
            case Send():
                await link.send(step)
            case Await(count):
                await link.wait(count)
            case LookWhetherOpen(seconds):
                await link.look_whether_open(seconds)
    if case.end.close is not None:
        await link.wait(len(case.expected[0][1]))
        await link.send(case.end.close)
    await link.wait_over()


def _judge(case: Case, link: _Link) -> Outcome:
    fault = link.fault or _fault_of_end(case, link)
    verdict = next((worth for worth, events in case.expected if link.received == list(events)), Verdict.FAILED)
    if verdict is Verdict.FAILED and not fault:
        fault = f"came: {_shown(link.received)}; expected: {_shown(case.expected[0][1])}"
    if case.is_informational and not link.fault:
        return Outcome(case, Verdict.INFORMATIONAL, fault)
    return Outcome(case, Verdict.FAILED if fault else verdict, fault)


def _fault_of_end(case: Case, link: _Link) -> str:
    end, code = case.end, _code(link.close)
    if link.has_closed_first != end.is_ours:
        return f"the connection was closed by the wrong side, with {code}"
    if code is not None and code not in end.codes:
        return f"the server closed with {code}, not with {' or '.join(map(str, end.codes))}"
    if end.must_be_clean and link.close is None:
        return "the server went without a close frame"
    return ""


def _code(close: bytes | None) -> int | None:
    return int.from_bytes(close[:2], "big") if close else None


def _shown(events: Sequence[Event]) -> str:
    shown = [f"{event.kind} of {len(event.payload)} bytes {event.payload[:20]!r}" for event in events[:3]]
    return ", ".join(shown) + (f" and {len(events) - 3} more" if len(events) > 3 else "") or "nothing"
