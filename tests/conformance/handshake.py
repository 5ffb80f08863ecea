"""The opening handshake (RFC 6455, 4.2), which Autobahn leaves out: what is answered to what."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_KEY, _ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # the standard's own example, 1.3
_HEADERS = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": _KEY,
    "Sec-WebSocket-Version": "13",
}
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Handshake:
    """One request to upgrade.

    Attributes:
        statuses: what it may be answered with; None for a connection that is closed without a word.
        told: a line that the head of the answer must have.
    """

    what: str
    request: bytes
    statuses: tuple[int | None, ...]
    told: str = ""


def handshakes() -> Iterable[Handshake]:
    """Make all of them."""
    accepted = f"Sec-WebSocket-Accept: {_ACCEPT}"
    yield Handshake("as it should be", _request(), (101,), accepted)
    yield Handshake(
        "names in other case", _request({"Upgrade": "WebSocket", "Connection": "upgrade"}), (101,), accepted
    )
    yield Handshake(
        "an extension that is not spoken", _request({"Sec-WebSocket-Extensions": "x-none"}), (101,), accepted
    )
    yield Handshake("no key", _request({"Sec-WebSocket-Key": None}), (400,))
    yield Handshake("a key that is too short", _request({"Sec-WebSocket-Key": "dGhl"}), (400,))
    yield Handshake("a key that is no base64", _request({"Sec-WebSocket-Key": "*" * 24}), (400,))
    yield Handshake(
        "an older version", _request({"Sec-WebSocket-Version": "8"}), (400, 426), "Sec-WebSocket-Version: 13"
    )
    yield Handshake("no version", _request({"Sec-WebSocket-Version": None}), (400, 426))
    yield Handshake("POST", _request(method="POST"), (400, 405, None))
    yield Handshake("a body", _request({"Content-Length": "5"}) + b"hello", (400, None))
    yield Handshake("too many headers", _request({f"X-{number}": "x" for number in range(200)}), (431,))
    yield Handshake("a header too long", _request({"X-Long": "x" * 10_000}), (431,))
    yield Handshake("a header without end", _request({"X-Long": "x" * 1_000_000})[:-4], (431,))
    yield Handshake("no HTTP", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", (400,))


async def ask(handshake: Handshake, address: str) -> str:
    """Send one and return what is wrong with the answer; nothing if it is as it should be."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            writer.write(handshake.request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    except (asyncio.IncompleteReadError, ConnectionError):
        head = []
    except TimeoutError:
        return f"no answer and no end in {_ANSWER_SECONDS:.0f} s"
    finally:
        writer.close()
    return _fault(handshake, head)


def _fault(handshake: Handshake, head: Sequence[str]) -> str:
    status = int(head[0].split()[1]) if head else None
    if status not in handshake.statuses:
        return f"answered with {status}, not with {handshake.statuses}"
    if handshake.told and handshake.told.lower() not in map(str.lower, head):
        return f"the answer does not say {handshake.told}"
    return ""


def _request(changed: dict[str, str | None] | None = None, *, method: str = "GET") -> bytes:
    lines = [f"{name}: {value}" for name, value in {**_HEADERS, **(changed or {})}.items() if value is not None]
    return "\r\n".join([f"{method} /ws HTTP/1.1", *lines, "", ""]).encode()
