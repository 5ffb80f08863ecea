"""What clients do on `/ws` that no client should. Those that can be told apart from a slow network end by themselves.

`TimeoutError` says that the gateway did not let go of a client: that is a finding.
"""

import asyncio
import json
import random
from contextlib import suppress

from tests.conformance.case import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame
from tests.fuzz.messages import UNKNOWN_ID, random_frames, random_text, valid_message
from tests.fuzz.target import Target
from tests.raw_connection import UPGRADE, RawConnection, raw_connection

_NORMAL_CLOSE = frame(CLOSE, (1000).to_bytes(2, "big"))
_PACKET_SECONDS = 0.01  # between two packets, so that they are taken one by one
_MANY_SUBSCRIPTIONS = 150  # more than the settings allow


async def random_bytes(target: Target, rng: random.Random) -> None:
    """Send bytes that are no frames."""
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        await _send_and_wait(connection, rng.randbytes(rng.randrange(100, 5000)))


async def damaged_frames(target: Target, rng: random.Random) -> None:
    """Send frames with something wrong in them."""
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        reading = asyncio.create_task(connection.read_to_end())
        with suppress(ConnectionError):
            for _ in range(20):
                await connection.send(random_frames(rng, target.executions))
                # One by one: a fault in the framing hides what the same packet held before it.
                await asyncio.wait({reading}, timeout=_PACKET_SECONDS)
            await connection.send(_NORMAL_CLOSE)
        await reading


async def bytes_behind_the_handshake(target: Target, rng: random.Random) -> None:
    """Send frames or garbage without waiting for the handshake's answer."""
    async with raw_connection(target.url) as connection:
        await connection.send(UPGRADE)
        data = rng.choice([random_frames(rng, target.executions), rng.randbytes(200), frame(3), frame(TEXT, b"\xff")])
        await _send_and_wait(connection, data + _NORMAL_CLOSE)


async def random_messages(target: Target, rng: random.Random) -> None:
    """Send messages with something wrong in them, and read all answers."""
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        reading = asyncio.create_task(connection.read_to_end())
        with suppress(ConnectionError):
            for _ in range(60):
                if reading.done():
                    break
                # A valid one now and then, so that the count of bad ones in a row starts anew.
                message = valid_message(rng, target.executions)
                text = json.dumps(message).encode() if rng.random() < 0.2 else random_text(rng, target.executions)
                await connection.send(frame(rng.choice([TEXT, TEXT, TEXT, BINARY]), text))
                await asyncio.sleep(0)
            await connection.send(_NORMAL_CLOSE)
        await reading


async def subscribe_storm(target: Target, rng: random.Random) -> None:
    """Subscribe to everything there is, again and again, beyond every limit."""
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        reading = asyncio.create_task(connection.read_to_end())
        with suppress(ConnectionError):
            for number in range(_MANY_SUBSCRIPTIONS):
                execution_id = rng.choice([*target.executions[-20:], "*", f"{UNKNOWN_ID[:-4]}{number:04d}"])
                message = {"type": "subscribe", "executionId": execution_id, "events": rng.choice(["all", None])}
                await connection.send(frame(TEXT, json.dumps(message).encode()))
            await connection.send(_NORMAL_CLOSE)
        await reading


async def oversized(target: Target, rng: random.Random) -> None:
    """Announce or send more than a message may hold."""
    huge = bytes([0x81, 0xFF]) + rng.choice([2**63 - 1, 2**40, 2**63]).to_bytes(8, "big") + b"mask"
    million = frame(TEXT, b"x" * 1_000_000)
    parts = frame(TEXT, b"x" * 10_000, fin=False) + frame(CONTINUATION, b"x" * 10_000, fin=False) * 100
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        await _send_and_wait(connection, rng.choice([huge + b"x" * 5000, million, parts]))


async def endless_fragments(target: Target, rng: random.Random) -> None:
    """Begin a message and add fragment upon fragment, most of them empty."""
    pieces = frame(CONTINUATION, b"", fin=False) * 1000 + frame(CONTINUATION, b"x", fin=False)
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        with suppress(ConnectionError):
            await connection.send(frame(TEXT, fin=False))
            for _ in range(rng.randrange(5, 40)):
                await connection.send(pieces)
        await _send_and_wait(connection, frame(9, b"x" * 126))


async def slow_frames(target: Target, rng: random.Random) -> None:
    """Send a frame byte by byte, so slowly that it never ends. Who watches nothing may not stay for long."""
    data = frame(TEXT, random_text(rng, target.executions) + b" " * 1000)
    async with raw_connection(target.url) as connection:
        await connection.upgrade()
        reading = asyncio.create_task(connection.read_to_end())
        with suppress(ConnectionError):
            for byte in data:
                if reading.done():
                    break
                await connection.send(bytes([byte]))
                await asyncio.wait({reading}, timeout=0.1)
        await reading


async def opening_and_closing(target: Target, rng: random.Random) -> None:
    """Connect and leave, again and again, each time in another way."""
    for _ in range(20):
        async with raw_connection(target.url) as connection:
            await connection.send(UPGRADE)
            if rng.random() < 0.7:
                await connection.reader.readuntil(b"\r\n\r\n")
                message = valid_message(rng, target.executions)
                await connection.send(frame(TEXT, json.dumps(message).encode()))
            match rng.randrange(3):
                case 0:
                    connection.reset()
                case 1:
                    await _send_and_wait(connection, _NORMAL_CLOSE)
                case _:
                    pass


async def unread_pongs(target: Target, rng: random.Random, connection: RawConnection) -> None:
    """Send pings, and read neither the pongs nor anything else; it does not end by itself."""
    pings = frame(PING, rng.randbytes(125)) * 500
    with suppress(ConnectionError):
        for _ in range(60):
            await connection.send(pings)


async def unread_events(target: Target, rng: random.Random, connection: RawConnection) -> None:
    """Subscribe to what brings much, and read nothing; it does not end by itself."""
    with suppress(ConnectionError):
        for execution_id in target.executions[-10:]:
            message = {"type": "subscribe", "executionId": execution_id, "events": "all"}
            await connection.send(frame(TEXT, json.dumps(message).encode()))


async def close_without_reply(target: Target, rng: random.Random, connection: RawConnection) -> None:
    """Make the gateway close, and do not answer its close; it does not end by itself."""
    with suppress(ConnectionError):
        for _ in range(rng.randrange(15, 30)):
            await connection.send(frame(TEXT, b"no message"))


async def _send_and_wait(connection: RawConnection, data: bytes) -> None:
    with suppress(ConnectionError):
        await connection.send(data)
    await connection.read_to_end()
