"""Starting, watching and stopping processes together; small scripts stand in for the services."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stagecast.commands.preflight import find_nats_server
from stagecast.commands.stack import Plan, Stack, write_nats_config
from tests.processes import free_port

WAIT_SECONDS = 40.0

GATEWAY = """
import http.server, os, signal, sys

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ready": true, "broker": true, "runners": 2}')

def end(*_):
    print("gateway stopped", flush=True)
    os._exit(0)

signal.signal(signal.SIGTERM, end)
print("gateway", os.getpid(), flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["STAGECAST_PORT"])), Ready).serve_forever()
"""
RUNNER = """
import os, signal, sys

def end(*_):
    print("runner stopped", flush=True)
    os._exit(0)

signal.signal(signal.SIGTERM, end)
print("runner", os.getpid(), os.environ["STAGECAST_NATS_URL"], flush=True)
while True:
    signal.pause()
"""
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\nwhile True: signal.pause()"
BROKEN = "raise SystemExit('STAGECAST_CONCURRENCY: not a number')"


class Watcher:
    """Runs a stack and keeps what it says."""

    def __init__(self, directory: Path, *, runners: int = 1, nats: bool = False, **scripts: str) -> None:
        self.said: list[str] = []
        self.lines: list[str] = []
        self.changed = asyncio.Condition()
        self.stop = asyncio.Event()
        self.ready = asyncio.Event()
        port, nats_port = free_port(), free_port()
        plan = Plan(
            nats_server=find_nats_server() if nats else None,
            nats_port=nats_port,
            nats_url=f"nats://127.0.0.1:{nats_port}",
            host="127.0.0.1",
            port=port,
            url=f"http://127.0.0.1:{port}",
            runners=runners,
            data_directory=directory,
        )
        services: Mapping[str, tuple[str, ...]] = {
            "gateway": (sys.executable, "-c", scripts.get("gateway", GATEWAY)),
            "runner": (sys.executable, "-c", scripts.get("runner", RUNNER)),
        }
        self.stack = Stack(plan, self.say, self.on_line, services)
        self.task = asyncio.create_task(self.stack.run(self.stop, self.ready.set))

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def on_line(self, _name: str, line: str) -> None:
        self.lines.append(line)
        self._notifying = asyncio.create_task(self.notify())

    async def notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def wait_for(self, beginning: str, times: int = 1) -> int:
        """Wait for a line; return the process id that it tells."""
        async with asyncio.timeout(WAIT_SECONDS), self.changed:
            await self.changed.wait_for(lambda: len(self.starting(beginning)) >= times)
        return int(self.starting(beginning)[-1].split()[1])

    def starting(self, beginning: str) -> list[str]:
        return [line for line in self.lines if line.startswith(beginning + " ") and line.split()[1].isdigit()]

    async def end(self) -> int:
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.task

    def pids(self) -> list[int]:
        return [int(line.split()[1]) for line in self.starting("gateway") + self.starting("runner")]

    def assert_nothing_is_left(self) -> None:
        for pid in self.pids():
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


async def test_everything_is_started_with_the_brokers_address_and_stopped_runners_first(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=2)
    await watcher.wait_for("runner", times=2)
    await asyncio.wait_for(watcher.ready.wait(), WAIT_SECONDS)
    assert all("nats://127.0.0.1:" in line for line in watcher.starting("runner"))
    watcher.stop.set()
    assert await watcher.end() == 0
    assert watcher.lines[-3:] == ["runner stopped", "runner stopped", "gateway stopped"]
    assert watcher.said == []
    watcher.assert_nothing_is_left()


async def test_the_broker_is_started_before_and_stopped_after_the_others(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=2, nats=True)
    await asyncio.wait_for(watcher.ready.wait(), WAIT_SECONDS)
    watcher.stop.set()
    assert await watcher.end() == 0
    assert (tmp_path / "nats" / "jetstream").is_dir()
    assert "[INF] Server Exiting.." in watcher.lines[-1]


async def test_a_gateway_that_dies_ends_everything_and_its_reason_is_told(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=2)
    await asyncio.wait_for(watcher.ready.wait(), WAIT_SECONDS)
    os.kill(await watcher.wait_for("gateway"), signal.SIGKILL)
    assert await watcher.end() == 1
    assert watcher.said[0].startswith("gateway was killed by SIGKILL")
    assert "runner stopped" in watcher.lines
    watcher.assert_nothing_is_left()


async def test_a_broker_that_dies_ends_everything(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=2, nats=True)
    await asyncio.wait_for(watcher.ready.wait(), WAIT_SECONDS)
    broker = watcher.stack._broker  # pyright: ignore[reportPrivateUsage]  # it tells nobody else its process id
    assert broker is not None
    os.kill(broker.pid, signal.SIGKILL)
    assert await watcher.end() == 1
    assert watcher.said[0].startswith("nats was killed by SIGKILL")
    watcher.assert_nothing_is_left()


async def test_a_runner_that_dies_is_started_again(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=2)
    await asyncio.wait_for(watcher.ready.wait(), WAIT_SECONDS)
    os.kill(await watcher.wait_for("runner", times=2), signal.SIGKILL)
    await watcher.wait_for("runner", times=3)
    assert watcher.said[0].endswith("Starting it again in 1 s.")
    watcher.stop.set()
    assert await watcher.end() == 0
    watcher.assert_nothing_is_left()


async def test_a_runner_that_does_not_even_start_ends_everything_with_its_reason(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=3, runner=BROKEN)
    assert await watcher.end() == 1
    assert "ended with exit code 1: STAGECAST_CONCURRENCY: not a number" in watcher.said[0]
    assert not watcher.ready.is_set()
    watcher.assert_nothing_is_left()


async def test_stopping_while_it_starts_leaves_nothing_behind(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=3)  # the gateway will never tell of three
    await watcher.wait_for("runner", times=3)
    watcher.stop.set()
    assert await watcher.end() == 0
    assert not watcher.ready.is_set()
    watcher.assert_nothing_is_left()


async def test_being_cancelled_kills_even_who_does_not_listen(tmp_path: Path):
    watcher = Watcher(tmp_path, runners=2, runner=DEAF.replace("'deaf'", "'runner', __import__('os').getpid()"))
    await watcher.wait_for("runner", times=2)
    watcher.stop.set()
    await watcher.wait_for("gateway")
    watcher.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watcher.end()
    watcher.assert_nothing_is_left()


def test_the_brokers_configuration_is_loopback_only_and_syncs_always(tmp_path: Path):
    directory = tmp_path / 'a "quoted" ünï'
    directory.mkdir()
    plan = Plan(None, 4333, "nats://127.0.0.1:4333", "127.0.0.1", 1, "http://127.0.0.1:1", 1, directory)
    text = write_nats_config(plan).read_text(encoding="utf-8")
    assert 'listen: "127.0.0.1:4333"' in text
    assert "sync_interval: always" in text
    assert r"a \"quoted\" ünï/nats" in text
