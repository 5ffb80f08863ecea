"""The health check of the containers, run as they run it: as a script, with nothing but the standard library."""

import asyncio
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path

from tests.certificates import Authority
from tests.processes import REPOSITORY, free_port

SCRIPT = REPOSITORY / "deploy" / "healthcheck.py"


async def check(target: str, *, env: Mapping[str, str] | None = None) -> tuple[int | None, str]:
    """Run the script; return its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(SCRIPT), target),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )
    async with asyncio.timeout(30):
        _, err = await process.communicate()
    return process.returncode, err.decode()


def answering(status: HTTPStatus) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Make a connection handler that answers every request with this status."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    return answer


async def check_server(status: HTTPStatus) -> tuple[int | None, str]:
    server = await asyncio.start_server(answering(status), "127.0.0.1", 0)
    async with server:
        return await check(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/readyz")


async def test_an_answer_below_400_is_well() -> None:
    assert await check_server(HTTPStatus.OK) == (0, "")


async def test_a_service_that_says_it_is_not_ready_is_not_well() -> None:
    code, said = await check_server(HTTPStatus.SERVICE_UNAVAILABLE)
    assert code == 1
    assert "503" in said
    assert "Traceback" not in said


async def test_a_service_that_does_not_listen_is_not_well() -> None:
    code, said = await check(f"http://127.0.0.1:{free_port()}/healthz")
    assert code == 1
    assert "refused" in said


async def test_a_gateway_that_speaks_tls_is_asked_by_tls_whatever_name_its_certificate_is_for(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("gateway")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.cert, pair.key)
    server = await asyncio.start_server(answering(HTTPStatus.OK), "127.0.0.1", 0, ssl=tls)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/readyz"
        assert await check(url, env={"STAGECAST_TLS_CERT": str(pair.cert)}) == (0, "")
        assert (await check(url))[0] == 1


async def test_a_heartbeat_of_just_now_is_well(tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    heartbeat.touch()
    assert await check(str(heartbeat)) == (0, "")


async def test_a_heartbeat_of_half_a_minute_ago_is_not_well(tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    heartbeat.touch()
    long_ago = time.time() - 31
    os.utime(heartbeat, (long_ago, long_ago))
    code, said = await check(str(heartbeat))
    assert code == 1
    assert "seconds ago" in said


async def test_no_heartbeat_at_all_is_not_well(tmp_path: Path) -> None:
    code, said = await check(str(tmp_path / "heartbeat"))
    assert code == 1
    assert "no heartbeat yet" in said
