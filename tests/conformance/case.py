"""What a conformance case is: bytes that are sent, what must come back, and how the connection must end. Pure data.

Numbers and contents are those of the Autobahn testsuite (Apache-2.0, https://github.com/crossbario/autobahn-testsuite),
which runs on Python 2 alone; groups 12 and 13, compression, are left out with the extension itself. Where Autobahn
waits for a second, these wait for what must come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
NORMAL, PROTOCOL_ERROR, INVALID_TEXT = 1000, 1002, 1007
HELLO = b"Hello, world!"

_MASK = bytes.fromhex("37fa213d")


class Verdict(Enum):
    """What a case came to."""

    OK = "OK"
    NON_STRICT = "NON-STRICT"  # allowed, but later or looser than the standard would like
    INFORMATIONAL = "INFORMATIONAL"  # the standard leaves it open
    FAILED = "FAILED"


class Event(NamedTuple):
    """Something that came from the server."""

    kind: Literal["text", "binary", "ping", "pong", "still open"]
    payload: bytes


STILL_OPEN = Event("still open", b"")
"""Not from the server: it had not failed the connection when the script looked."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes.

    Attributes:
        chop: in pieces of so many bytes, each flushed; at once where it is 0.
        is_close: with this we begin, or mean to begin, the closing handshake.
    """

    data: bytes
    chop: int = 0
    is_close: bool = False


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until so many events have come in all."""

    count: int


@dataclass(frozen=True, slots=True)
class LookWhetherOpen:
    """Give the server a moment to fail the connection, and note it where it did not."""

    seconds: float


Step = Send | Await | LookWhetherOpen


@dataclass(frozen=True, slots=True)
class End:
    """How the connection must end.

    Attributes:
        is_ours: whether we begin it; else the server must, because of what we sent.
        codes: what the server's close frame may carry.
        must_be_clean: whether both sides must send a close frame.
        close: what we send once all has come; None where the script has sent it.
    """

    is_ours: bool
    codes: tuple[int, ...]
    must_be_clean: bool
    close: Send | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `expected` says for each thing that may come back what it is worth."""

    number: str
    what: str
    script: tuple[Step, ...]
    expected: tuple[tuple[Verdict, tuple[Event, ...]], ...]
    end: End
    is_informational: bool = False


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """Write a frame as clients must: masked."""
    head = bytes([fin << 7 | rsv << 4 | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + len(payload).to_bytes(8, "big")
    return head + _MASK + masked(payload)


def masked(payload: bytes, offset: int = 0) -> bytes:
    """Mask a piece of a payload that begins at this offset."""
    if not payload:
        return b""
    turned = _MASK[offset % 4 :] + _MASK[: offset % 4]
    mask = (turned * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(payload), "big")


def fragmented(opcode: int, payload: bytes, size: int) -> bytes:
    """Write a message as frames of this many bytes."""
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    frames = [
        frame(CONTINUATION if number else opcode, piece, fin=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    ]
    return b"".join(frames)


def close(code: int | None = None, reason: bytes = b"") -> Send:
    """Begin the closing handshake."""
    return Send(frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason), is_close=True)


CLOSED_BY_US = End(is_ours=True, codes=(NORMAL,), must_be_clean=True, close=close(NORMAL))
FAILED_BY_SERVER = End(is_ours=False, codes=(PROTOCOL_ERROR,), must_be_clean=False)
INVALID_TEXT_BY_SERVER = End(is_ours=False, codes=(INVALID_TEXT,), must_be_clean=False)


def text(payload: bytes) -> Event:
    """Expect a text message."""
    return Event("text", payload)


def binary(payload: bytes) -> Event:
    """Expect a binary message."""
    return Event("binary", payload)


def pong(payload: bytes = b"") -> Event:
    """Expect a pong."""
    return Event("pong", payload)


def answered(number: str, what: str, script: Sequence[Step], *events: Event) -> Case:
    """Make a case in which exactly these come back; then we close."""
    return Case(number, what, tuple(script), ((Verdict.OK, events),), CLOSED_BY_US)


def refused(number: str, what: str, script: Sequence[Step], *before: Event, end: End = FAILED_BY_SERVER) -> Case:
    """Make a case in which the server must fail the connection; what was valid before may be answered."""
    expected = ((Verdict.OK, before), (Verdict.NON_STRICT, ())) if before else ((Verdict.OK, ()),)
    return Case(number, what, tuple(script), expected, end)
