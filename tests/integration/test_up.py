"""`stagecast up` as users have it: real broker, gateway and runner, started and ended by the one command."""

import asyncio
import re
import select
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from os import close, pidfd_open
from pathlib import Path

import httpx
import pytest

from tests.certificates import Authority
from tests.command_line import stagecast, start_command
from tests.processes import free_port

START_SECONDS = 90.0
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Up:
    """A running `stagecast up`."""

    def __init__(self, process: Process, url: str, announced: str) -> None:
        self.process = process
        self.url = url
        self.announced = announced
        self.children = _children(process.pid)
        # Held open, so that the numbers stay theirs until we have seen the end of each.
        self._ends = [pidfd_open(pid) for pid in self.children]

    async def end(self) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(START_SECONDS):
            return await self.process.wait()

    async def wait_for_children(self) -> None:
        """Wait until every process that it had started is gone."""
        waiting = [asyncio.to_thread(select.select, [end], [], [], START_SECONDS) for end in self._ends]
        assert all(readable for readable, _, _ in await asyncio.gather(*waiting)), self.children

    def close(self) -> None:
        for end in self._ends:
            close(end)


def _children(pid: int) -> list[int]:
    """List the processes below one, its grandchildren included."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [grandchild for child in found for grandchild in _children(child)]


@asynccontextmanager
async def upped(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[Up]:
    """Start everything below a directory and wait until it says that it is ready."""
    process = await start_command("up", "--port", "0", "--nats-port", "0", *arguments, cwd=directory, env=env)
    assert process.stdout is not None
    assert process.stderr is not None
    log = asyncio.create_task(process.stderr.read())
    announced = ""
    async with asyncio.timeout(START_SECONDS):
        while "Ctrl-C" not in announced:
            line = (await process.stdout.readline()).decode()
            assert line, (await log).decode()
            announced += line
    url = re.search(r"ready at (https?://\S+)", announced)
    assert url is not None, announced
    up = Up(process, url[1], announced)
    try:
        yield up
    finally:
        if process.returncode is None:
            process.kill()
        await up.end()
        await up.wait_for_children()
        await log
        up.close()


async def test_one_command_serves_a_run_and_ctrl_c_ends_all_of_it(tmp_path: Path):
    async with upped(tmp_path, "--runners", "2") as up:
        assert len(up.children) >= 4  # broker, gateway, two runners
        async with httpx.AsyncClient() as http:
            ready = (await http.get(f"{up.url}/readyz")).json()
        assert ready == {"ready": True, "broker": True, "runners": 2}
        ended = await stagecast("run", "echo-v1", "--input", "hello", url=up.url)
        assert ended.code == 0, ended.err
        filename = ended.err.rpartition("Saved as ")[2].partition("\n")[0]
        assert list((tmp_path / "outputs").rglob(filename))
        assert (await stagecast("outputs", url=up.url)).out.startswith(filename)
        shown = await stagecast(*ended.err.rpartition("stagecast ")[2].split(), url=up.url)
        assert shown.out.startswith("# echo-v1\n")
        up.process.send_signal(signal.SIGINT)
        assert await up.end() == 0
        await up.wait_for_children()


async def test_results_and_log_are_there_after_a_restart(tmp_path: Path):
    async with upped(tmp_path) as up:
        detached = await stagecast("run", "echo-v1", "--input", "hello", "--detach", url=up.url)
        assert (await stagecast("watch", detached.out.strip(), url=up.url)).code == 0
        up.process.send_signal(signal.SIGTERM)
        assert await up.end() == 0
    async with upped(tmp_path) as up:
        watched = await stagecast("watch", detached.out.strip(), url=up.url)
        assert watched.code == 0
        assert "[1/6]" in watched.err


async def test_no_process_is_left_when_it_is_killed_itself(tmp_path: Path):
    async with upped(tmp_path) as up:
        up.process.kill()
        assert await up.end() == -signal.SIGKILL
        await up.wait_for_children()


async def test_a_second_one_in_the_same_directory_is_refused(tmp_path: Path):
    async with upped(tmp_path) as up:
        ended = await stagecast("up", "--port", "0", "--nats-port", "0", cwd=tmp_path)
        assert (ended.code, ended.out) == (1, "")
        assert f"already up in .stagecast (process {up.process.pid})" in ended.err


async def test_a_port_in_use_is_told_before_anything_is_started(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = await stagecast("up", "--port", str(taken.getsockname()[1]), "--nats-port", "0", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert "Address already in use" in ended.err
    assert not (tmp_path / ".stagecast" / "nats.conf").exists()


async def test_a_broker_that_is_not_there_is_told_before_anything_is_started(tmp_path: Path):
    ended = await stagecast("up", "--port", "0", "--nats", f"nats://127.0.0.1:{free_port()}", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert "No broker answers" in ended.err


@pytest.mark.parametrize("arguments", [("--runners", "0"), ("--port", "70000"), ("--frob",)])
async def test_wrong_arguments_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]):
    assert (await stagecast("up", *arguments, cwd=tmp_path)).code == 2


async def test_with_a_certificate_the_gateway_is_reached_over_https(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("gateway")
    env = {"STAGECAST_TLS_CERT": str(pair.cert), "STAGECAST_TLS_KEY": str(pair.key)}
    async with upped(tmp_path, env={**env, "STAGECAST_TLS_CA": str(authority.file)}) as up:
        assert up.url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(verify=authority.context(), trust_env=False) as http:
            assert (await http.get(f"{up.url}/readyz")).json()["runners"] == 1
