"""What the gateway does with connections that dawdle, flood, lie or vanish."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.http_protocol import MAX_HEAD_BYTES
from stagecast.memory_log import MemoryLog
from stagecast.outputs import output_key
from tests.conformance.case import BINARY, CONTINUATION, PING, TEXT, frame
from tests.gateway_server import RunningGateway, running_gateway
from tests.raw_connection import UPGRADE, RawConnection, raw_connection

TIMEOUT_SECONDS = 1.0
WAIT_SECONDS = 30.0
POST = b"POST /api/pipelines/example-v1/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path, request_timeout_seconds=TIMEOUT_SECONDS) as gateway:
        yield gateway


def error_of(answer: bytes) -> tuple[int, str]:
    head, body = answer.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), json.loads(body)["code"]


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not is_so():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


async def dawdle(connection: RawConnection) -> None:
    """Send a byte now and then, as long as it can be sent."""
    while True:
        await connection.send(b"x")
        await asyncio.sleep(TIMEOUT_SECONDS / 20)


@pytest.mark.parametrize(
    "begun", [b"GE", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", POST], ids=["line", "header", "body"]
)
async def test_a_request_that_does_not_end_is_answered_with_408(gateway: RunningGateway, begun: bytes) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(begun)
        dawdling = asyncio.create_task(dawdle(connection)) if begun.endswith(b": ") else None
        assert error_of(await connection.read_to_end()) == (408, "request_timeout")
        if dawdling is not None:
            dawdling.cancel()
            await asyncio.gather(dawdling, return_exceptions=True)


async def test_a_connection_without_a_byte_is_closed(gateway: RunningGateway) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        assert await connection.read_to_end() == b""


async def test_empty_lines_do_not_keep_a_connection(gateway: RunningGateway) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await connection.reader.readuntil(b'"ok"}')
        await connection.send(b"\r\n\r\n")
        assert (await connection.read_to_end()).startswith(b"HTTP/1.1 408 ")


async def test_a_request_behind_one_that_waits_does_not_end_it(gateway: RunningGateway) -> None:
    body = b'{"input": "x"}'
    head = POST.replace(b"100", b"%d\r\nPrefer: wait=3")
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(head % len(body) + body + b"GET /healthz HTTP/1.1\r\nHost:")
        answer = await connection.read_to_end()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"status":"started"' in answer
    assert answer.count(b"HTTP/1.1 408 ") == 1


CHUNKED = POST.replace(b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nX: ", b"a"),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
        (CHUNKED, b"1;aaaaaaaaaaaaaa"),
    ],
    ids=["line", "header", "headers", "chunk extension"],
)
async def test_a_head_without_end_is_answered_with_431(gateway: RunningGateway, begun: bytes, more: bytes) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(begun)
        if begun is CHUNKED:
            await connection.reader.readuntil(b"100 Continue\r\n\r\n")
        # Not more than the limit and a little, so that all of it is read and the answer is not lost to a reset.
        await connection.send(more * (MAX_HEAD_BYTES // len(more) + 1))
        assert error_of(await connection.read_to_end()) == (431, "head_too_large")


async def test_what_is_no_http_is_answered_like_every_error(gateway: RunningGateway) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(b"HELLO\r\n\r\n")
        assert error_of(await connection.read_to_end()) == (400, "invalid_request")


async def test_an_offer_of_http_2_is_passed_over(gateway: RunningGateway, caplog: pytest.LogCaptureFixture) -> None:
    reply = await gateway.http.get("/healthz", headers={"Connection": "Upgrade", "Upgrade": "h2c"})
    assert reply.status_code == 200
    assert caplog.records == []


async def test_an_answer_that_nobody_takes_is_given_up(gateway: RunningGateway, tmp_path: Path) -> None:
    name = "example-v1_2026-11-24T15-04-05-123Z_abcdefghijklmnop.json"
    file = tmp_path / "outputs" / output_key(name)
    file.parent.mkdir(parents=True)
    file.write_bytes(b'{"output": "' + b"x" * (32 << 20) + b'"}')
    asking = f"GET /api/outputs/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    async with raw_connection(gateway.server.address(), receive_buffer=4096) as connection:
        await connection.send(asking)
        await eventually(lambda: gateway.connection_count == 1)
        await eventually(lambda: gateway.connection_count == 0)
        received = await connection.read_to_end()
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert len(received) < 32 << 20


async def test_a_client_that_leaves_before_its_body_is_whole_is_no_fault(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(POST + b"{")
        await eventually(lambda: gateway.connection_count == 1)
    await eventually(lambda: gateway.connection_count == 0)
    await gateway.http.get("/healthz")
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


@pytest.mark.parametrize("garbage", [frame(3), frame(TEXT, b"\xff"), b"\xff" * 100], ids=["opcode", "text", "bytes"])
async def test_garbage_behind_the_handshake_closes_without_a_trace_in_the_log(
    gateway: RunningGateway, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.upgrade()
        await connection.send(garbage)
        assert (await connection.read_to_end())[:1] == b"\x88"
    await eventually(lambda: gateway.connection_count == 0)
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_a_handshake_with_too_much_in_it_is_refused(gateway: RunningGateway) -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(200))
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(UPGRADE[:-2] + many + b"\r\n")
        assert (await connection.read_to_end()).startswith(b"HTTP/1.1 431 ")


async def test_a_handshake_of_a_foreign_page_is_refused_and_no_fault(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.send(UPGRADE[:-2] + b"Origin: http://elsewhere.example\r\n\r\n")
        assert error_of(await connection.read_to_end()) == (403, "origin_not_allowed")
    await eventually(lambda: gateway.connection_count == 0)
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_empty_fragments_take_no_memory(gateway: RunningGateway) -> None:
    async with raw_connection(gateway.server.address()) as connection:
        await connection.upgrade()
        await connection.send(frame(BINARY, b"x", fin=False))
        await connection.send(frame(CONTINUATION, fin=False) * 100_000)
        await connection.send(frame(PING, b"are you there"))
        async with asyncio.timeout(WAIT_SECONDS):
            await connection.reader.readuntil(b"are you there")
        [protocol] = gateway.server.server_state.connections
        assert [len(piece) for piece in getattr(protocol, "frames")] == [1]  # noqa: B009 - of uvicorn's class, not in its type


async def test_pings_of_a_client_that_reads_nothing_do_not_pile_up(gateway: RunningGateway) -> None:
    async with raw_connection(gateway.server.address(), receive_buffer=4096) as connection:
        await connection.upgrade()
        [protocol] = gateway.server.server_state.connections
        transport: asyncio.Transport = getattr(protocol, "transport")  # noqa: B009
        pings = frame(PING, b"x" * 125) * 1000
        for _ in range(200):  # 26 MB
            await connection.send(pings)
        assert transport.get_write_buffer_size() < 4 << 20
        await connection.send(frame(PING, b"the last one"))
        received = b""
        async with asyncio.timeout(WAIT_SECONDS):
            while b"the last one" not in received:
                received = received[-20:] + await connection.reader.read(1 << 16)


async def test_a_socket_that_is_closed_is_gone_although_its_client_reads_nothing(tmp_path: Path) -> None:
    async with (
        running_gateway(MemoryLog(), tmp_path, ws_ping_seconds=0.2) as gateway,
        raw_connection(gateway.server.address(), receive_buffer=4096) as connection,
    ):
        await connection.upgrade()
        with suppress(ConnectionError):
            for _ in range(200):
                await connection.send(frame(PING, b"x" * 125) * 1000)
        await eventually(lambda: gateway.connection_count == 0)
