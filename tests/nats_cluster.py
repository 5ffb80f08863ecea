"""Three real nats-servers that know each other, from the configuration file that a production cluster has."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import nats.errors

from tests.nats_server import PASSWORDS, START_SECONDS, NatsServer, Setup, connected
from tests.processes import REPOSITORY, free_port

NODE_CONFIG = REPOSITORY / "deploy" / "nats-cluster.conf"

_NODES = 3


class NatsCluster:
    """Three servers that know each other. An index names a node: 0, 1, 2."""

    def __init__(self, directory: Path, *, sync_interval: str = "2m", includes: Sequence[str] = ()) -> None:
        ports = [free_port() for _ in range(_NODES)]
        us = f"route:{PASSWORDS['route']}"
        self.routes = [f"nats://{us}@127.0.0.1:{port}" for port in ports]
        env = {"NATS_ROUTES": json.dumps(self.routes)}
        self.nodes: list[NatsServer] = []
        for index, port in enumerate(ports):
            flags = ("--name", _name(index), "--cluster", f"nats://{us}@127.0.0.1:{port}")
            place = directory / _name(index)
            place.mkdir(parents=True, exist_ok=True)
            setup = Setup(NODE_CONFIG, includes, flags, env)
            self.nodes.append(NatsServer(place, sync_interval=sync_interval, setup=setup))

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls, directory: Path, *, sync_interval: str = "2m", includes: Sequence[str] = ()
    ) -> "AsyncGenerator[NatsCluster]":
        """Run the nodes as long as the context lasts."""
        cluster = cls(directory, sync_interval=sync_interval, includes=includes)
        try:
            for node in cluster.nodes:
                await node.spawn()
            for node in cluster.nodes:
                await node.wait_ready()
            yield cluster
        finally:
            for node in cluster.nodes:
                await node.stop()

    @property
    def urls(self) -> list[str]:
        """Where clients connect, node by node."""
        return [node.url for node in self.nodes]

    @property
    def url(self) -> str:
        """All of `urls`, as `STAGECAST_NATS_URL` takes them."""
        return ",".join(self.urls)

    async def kill(self, index: int) -> None:
        """End a node as a crash would."""
        await self.nodes[index].kill()

    async def restart(self, index: int) -> None:
        """Start a node again, with its data; returns when it answers."""
        await self.nodes[index].restart()

    async def leader_of(self, stream: str) -> int:
        """Return which node leads a stream; waits until one does."""
        node = next(node for node in self.nodes if node.is_running)
        async with asyncio.timeout(START_SECONDS), connected(node.url) as client:
            while True:
                with contextlib.suppress(nats.errors.Error, TimeoutError):
                    answer = await client.request(f"$JS.API.STREAM.INFO.{stream}", timeout=1)
                    leader = json.loads(answer.data).get("cluster", {}).get("leader")
                    running = [index for index, each in enumerate(self.nodes) if each.is_running]
                    if found := [index for index in running if _name(index) == leader]:
                        return found[0]
                await node.pause()


def _name(index: int) -> str:
    return f"nats-{index + 1}"
