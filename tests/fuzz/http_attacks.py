"""What clients do to the gateway's HTTP that no client should. Each returns when the gateway has let go of it.

`TimeoutError` says that it did not: that is a finding.
"""

import asyncio
import random
from contextlib import suppress

from tests.fuzz.messages import damaged_bytes
from tests.fuzz.target import Target
from tests.raw_connection import UPGRADE, RawConnection, raw_connection

_PAUSE_SECONDS = 0.05  # between two bytes of a slow client
_HEAD = b"GET /api/pipelines HTTP/1.1\r\nHost: localhost\r\n"
_POST = b"POST /api/pipelines/echo-v1/run HTTP/1.1\r\nHost: localhost\r\n"


async def garbage(target: Target, rng: random.Random) -> None:
    """Send bytes that are no HTTP."""
    async with raw_connection(target.url) as connection:
        await _send_and_wait(connection, rng.randbytes(rng.randrange(1, 4096)))


async def damaged_requests(target: Target, rng: random.Random) -> None:
    """Send requests and handshakes with something wrong in them."""
    whole = rng.choice([UPGRADE, _HEAD + b"\r\n", _POST + b'Content-Length: 14\r\n\r\n{"input": "x"}'])
    async with raw_connection(target.url) as connection:
        await _send_and_wait(connection, damaged_bytes(rng, whole * rng.randrange(1, 3)))


async def crowded_handshake(target: Target, rng: random.Random) -> None:
    """Ask for a WebSocket with more in the request than belongs there."""
    more = rng.choice(
        [
            b"".join(b"X-%d: y\r\n" % number for number in range(200)),
            b"X-Long: " + b"x" * 20_000 + b"\r\n",
            b"Content-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Sec-WebSocket-Version: 99\r\n",
            b"Sec-WebSocket-Key: again\r\n",
            b"Sec-WebSocket-Extensions: permessage-deflate; x=\xff\r\n",
        ]
    )
    async with raw_connection(target.url) as connection:
        await _send_and_wait(connection, UPGRADE[:-2] + more + b"\r\nhello" + rng.randbytes(rng.randrange(20)))


async def slow_request(target: Target, rng: random.Random) -> None:
    """Send a head, a handshake or a body byte by byte, and never its end."""
    begun, rest = rng.choice(
        [
            (b"", _HEAD * 100),
            (_HEAD, b"X-Slow: " + b"x" * 10_000),
            (UPGRADE[:-2], b"X-Slow: " + b"x" * 10_000),
            (_POST + b"Content-Length: 10000\r\n\r\n", b"{" * 10_000),
            (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n" * 10_000),
        ]
    )
    async with raw_connection(target.url) as connection:
        reading = asyncio.create_task(connection.read_to_end())
        with suppress(ConnectionError):
            await connection.send(begun)
            for byte in rest:
                if reading.done():
                    break
                await connection.send(bytes([byte]))
                await asyncio.wait({reading}, timeout=_PAUSE_SECONDS)
        await reading


async def silence(target: Target, rng: random.Random) -> None:
    """Connect and say nothing, or stop in the middle."""
    async with raw_connection(target.url) as connection:
        await _send_and_wait(
            connection, rng.choice([b"", b"G", _HEAD, UPGRADE[:-2], _POST + b"Content-Length: 9\r\n\r\n{"])
        )


async def endless_head(target: Target, rng: random.Random) -> None:
    """Send header upon header, as fast as they are taken."""
    piece = rng.choice([b"X-Long: y\r\n", b"x", b"\r\n"]) * 1000
    async with raw_connection(target.url) as connection:
        reading = asyncio.create_task(connection.read_to_end())
        with suppress(ConnectionError):
            await connection.send(_HEAD)
            while not reading.done():
                await connection.send(piece)
                await asyncio.sleep(0)
        await reading


async def unread_answers(target: Target, rng: random.Random) -> None:
    """Ask for a long answer again and again, and take none of it."""
    asking = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with raw_connection(target.url, receive_buffer=4096) as connection:
        with suppress(ConnectionError):
            for _ in range(300):
                async with asyncio.timeout(30.0):
                    await connection.send(asking * rng.randrange(1, 4))
        await connection.read_to_end()


async def event_streams(target: Target, rng: random.Random) -> None:
    """Ask for events as a stream, take some or nothing, and go in one way or another."""
    execution_id = rng.choice(target.executions)
    after = rng.choice(["", "?after=3", "?events=all", "?after=99999999999999999999", "?stream=maybe", "?after=-1"])
    asking = f"GET /api/executions/{execution_id}/events{after} HTTP/1.1\r\nHost: localhost\r\n"
    last = rng.choice(["", "Last-Event-ID: 2\r\n", "Last-Event-ID: -\r\n", "Last-Event-ID: 999999999\r\n"])
    async with raw_connection(target.url, receive_buffer=4096) as connection:
        await connection.send(f"{asking}{last}\r\n".encode())
        if rng.random() < 0.7:
            await connection.reader.read(rng.randrange(1, 4000))
        if rng.random() < 0.5:
            connection.reset()


async def leaving_in_the_middle(target: Target, rng: random.Random) -> None:
    """Send part of a request, and go."""
    whole = rng.choice([UPGRADE, _POST + b'Content-Length: 14\r\nPrefer: wait=5\r\n\r\n{"input": "x"}'])
    async with raw_connection(target.url) as connection:
        await connection.send(whole[: rng.randrange(len(whole) + 1)])
        if rng.random() < 0.5:
            connection.reset()


async def _send_and_wait(connection: RawConnection, data: bytes) -> None:
    with suppress(ConnectionError):
        await connection.send(data)
    await connection.read_to_end()
