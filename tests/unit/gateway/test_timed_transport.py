"""Connections that are closed, over real sockets with TLS."""

import asyncio
import ssl
from pathlib import Path

from gateway.timed_transport import TimedTransport
from tests.certificates import Authority


async def test_a_connection_with_tls_that_is_closed_twice_can_still_be_asked_what_is_left(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("gateway")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.cert, pair.key)
    closed = asyncio.get_running_loop().create_future()

    async def close_twice(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        timed = TimedTransport(transport, asyncio.get_running_loop())
        timed.write(b"last words")
        timed.close()
        timed.close()
        closed.set_result(timed.get_write_buffer_size())

    async with await asyncio.start_server(close_twice, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=authority.context())
        async with asyncio.timeout(30):
            assert await reader.read() == b"last words"
            assert await closed >= 0
        writer.close()
        await writer.wait_closed()
