"""The processes of `stagecast up` as one: started in order, watched, stopped in order. Not what is checked before."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import GatewayUnreachable
from stagecast.client import Client
from stagecast.commands.child import Child

_START_SECONDS = 60.0  # until everything is ready; a busy laptop needs a few
_BROKER_POLL_SECONDS = 0.05
_STOP_SECONDS = 15.0  # gateway and broker; the runners' time is theirs to drain and some more
_DRAIN_SECONDS = 25.0  # what a runner takes when nothing is set
_FIRST_BACKOFF_SECONDS = 1.0  # doubles up to the longest
_LONGEST_BACKOFF_SECONDS = 30.0
_STABLE_SECONDS = 60.0  # a runner that lived so long starts anew at the first back-off


@dataclass(frozen=True)
class Plan:
    """What to start.

    Attributes:
        nats_server: the broker's program; None to use the one at `nats_url`.
        nats_port: where our own broker listens.
        url: where the gateway will be reached from here.
        data_directory: for the broker's configuration and storage.
        ca: the certificate authority of an https:// `url`.
    """

    nats_server: str | None
    nats_port: int
    nats_url: str
    host: str
    port: int
    url: str
    runners: int
    data_directory: Path
    ca: Path | None = None


class Stack:
    """The running processes.

    Args:
        plan: what to start.
        say: tells the user a sentence.
        on_line: gets each line that a process logs, with the process's name.
        services: the command of each service; python's `-m` when left out.
    """

    def __init__(
        self,
        plan: Plan,
        say: Callable[[str], None],
        on_line: Callable[[str, str], None],
        services: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._plan = plan
        self._say = say
        self._on_line = on_line
        self._services = services or {name: (sys.executable, "-m", name) for name in ("gateway", "runner")}
        self._broker: Child | None = None
        self._gateway: Child | None = None
        self._runners: dict[int, Child] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._fatal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._is_ready = False

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> int:
        """Start everything, and return 0 when `stop` was set, 1 when it could not start or go on.

        Cancelling this kills what is left at once. In every case all processes are gone when it returns.
        """
        stopping = asyncio.create_task(stop.wait())
        working = asyncio.create_task(self._start(on_ready))
        try:
            await asyncio.wait({stopping, working, self._fatal}, return_when=asyncio.FIRST_COMPLETED)
            if working.done() and not self._fatal.done() and working.exception() is None:
                await asyncio.wait({stopping, self._fatal}, return_when=asyncio.FIRST_COMPLETED)
            reason = self._failure(working)
            if reason is not None:
                self._say(f"{reason}\nStopping everything.")
            await self._give_up(working)
            await self._stop()
            return 0 if reason is None else 1
        finally:
            stopping.cancel()
            self._kill()
            await self._give_up(working)
            self._kill()  # a process that was just being started
            await asyncio.gather(*(child.wait() for child in self._children()))

    def _failure(self, working: "asyncio.Task[None]") -> str | None:
        if self._fatal.done():
            return self._fatal.result()
        error = working.exception() if working.done() else None
        if isinstance(error, GatewayUnreachable):
            return f"Not ready after {_START_SECONDS:.0f} s. {error.message}"
        if isinstance(error, OSError):
            return f"Cannot start: {error}"
        if error is not None:
            raise error
        return None

    async def _start(self, on_ready: Callable[[], None]) -> None:
        if self._plan.nats_server is not None:
            config = write_nats_config(self._plan)
            self._broker = await self._start_child("nats", (self._plan.nats_server, "--config", str(config)))
            await self._wait_for_broker()
        self._gateway = await self._start_child("gateway", self._services["gateway"])
        for number in range(1, self._plan.runners + 1):
            await self._start_runner(number, _FIRST_BACKOFF_SECONDS)
        async with Client(self._plan.url, ca=self._plan.ca) as client:
            await client.wait_ready(_START_SECONDS, runners=self._plan.runners)
        self._is_ready = True
        on_ready()

    async def _start_child(self, name: str, command: Sequence[str]) -> Child:
        child = await Child.start(name, command, self._env(), self._on_line)
        self._watch(self._end_all_with(child))
        return child

    async def _start_runner(self, number: int, backoff: float) -> None:
        name = "runner" if self._plan.runners == 1 else f"runner-{number}"
        child = await Child.start(name, self._services["runner"], self._env(), self._on_line)
        self._runners[number] = child
        self._watch(self._restart(number, child, backoff))

    def _watch(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    async def _end_all_with(self, child: Child) -> None:
        await child.wait()
        self._fail(child.describe_end())

    async def _restart(self, number: int, child: Child, backoff: float) -> None:
        began = time.monotonic()
        await child.wait()
        if not self._is_ready:
            self._fail(child.describe_end())  # what does not even start will not start the next time either
            return
        if time.monotonic() - began > _STABLE_SECONDS:
            backoff = _FIRST_BACKOFF_SECONDS
        self._say(f"{child.describe_end()}\nStarting it again in {backoff:.0f} s.")
        await asyncio.sleep(backoff)
        await self._start_runner(number, min(backoff * 2, _LONGEST_BACKOFF_SECONDS))

    def _fail(self, reason: str) -> None:
        if not self._fatal.done():
            self._fatal.set_result(reason)

    async def _wait_for_broker(self) -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._plan.nats_port)
                writer.close()
                return
            await asyncio.sleep(_BROKER_POLL_SECONDS)

    async def _stop(self) -> None:
        """Stop the runners first, as they still need the others to finish; then the gateway; then the broker."""
        drain = float(os.environ.get("STAGECAST_DRAIN_SECONDS", _DRAIN_SECONDS))
        await asyncio.gather(*(child.stop(drain + _STOP_SECONDS) for child in self._runners.values()))
        for child in (self._gateway, self._broker):
            if child is not None:
                await child.stop(_STOP_SECONDS)

    def _children(self) -> list[Child]:
        return [child for child in (*self._runners.values(), self._gateway, self._broker) if child is not None]

    def _kill(self) -> None:
        for child in self._children():
            child.kill()

    async def _give_up(self, working: "asyncio.Task[None]") -> None:
        """Start nothing more: from here on the end of a process is no news."""
        tasks = [working, *self._watchers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            "STAGECAST_NATS_URL": self._plan.nats_url,
            "STAGECAST_HOST": self._plan.host,
            "STAGECAST_PORT": str(self._plan.port),
            "STAGECAST_LOG_FORMAT": "json",
            "PYTHONSAFEPATH": "1",  # a directory called `runner` where `up` is called is not our runner
        }


def write_nats_config(plan: Plan) -> Path:
    """Write the broker's configuration into the data directory and return its path.

    `sync_interval: always` makes an acknowledgement survive a power cut, for 0.6 ms more an event.
    """

    def quote(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    storage = plan.data_directory.resolve() / "nats"
    config = plan.data_directory / "nats.conf"
    config.write_text(
        "server_name: stagecast\n"
        f"listen: {quote(f'127.0.0.1:{plan.nats_port}')}\n"
        "jetstream {\n"
        f"  store_dir: {quote(str(storage))}\n"
        "  sync_interval: always\n"
        "}\n"
    )
    return config
