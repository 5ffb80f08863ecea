"""The brokers under test: one node that is killed and restarted, or a cluster whose leader is."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stagecast.topology import EXECUTIONS
from tests.chaos.clock import elapse
from tests.chaos.faults import Struck
from tests.nats_cluster import NatsCluster
from tests.nats_server import NatsServer


class StruckBroker(Struck, Protocol):
    """A broker that can be connected to and hit."""

    @property
    def url(self) -> str:
        """Where clients connect; several addresses are separated by commas."""
        ...

    @property
    def replicas(self) -> int:
        """How many copies it keeps."""
        ...


@dataclass(frozen=True, slots=True)
class SingleNode:
    """One server that writes every event to the disk before it acknowledges it."""

    server: NatsServer
    fault: str = "kill -9 the broker, start it again"
    replicas: int = 1

    @property
    def url(self) -> str:
        """See `StruckBroker.url`."""
        return self.server.url

    async def strike(self, seconds: float) -> None:
        """See `Struck.strike`."""
        await self.server.kill()
        await elapse(seconds)
        await self.server.restart()


@dataclass(frozen=True, slots=True)
class ThreeNodes:
    """A cluster that keeps every event three times."""

    cluster: NatsCluster
    fault: str = "kill -9 the leader of the log, start it again"
    replicas: int = 3

    @property
    def url(self) -> str:
        """See `StruckBroker.url`."""
        return self.cluster.url

    async def strike(self, seconds: float) -> None:
        """See `Struck.strike`."""
        leader = await self.cluster.leader_of(EXECUTIONS)
        await self.cluster.kill(leader)
        await elapse(seconds)
        await self.cluster.restart(leader)


@asynccontextmanager
async def start_single(directory: Path) -> AsyncGenerator[SingleNode]:
    """Run one node as long as the block lasts; the directory must be there."""
    async with NatsServer.start(directory, sync_interval="always") as server:
        yield SingleNode(server)


@asynccontextmanager
async def start_cluster(directory: Path) -> AsyncGenerator[ThreeNodes]:
    """Run three nodes as long as the block lasts; the directory must be there."""
    async with NatsCluster.start(directory) as cluster:
        yield ThreeNodes(cluster)


VARIANTS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[StruckBroker]]] = {
    "single": start_single,
    "cluster": start_cluster,
}
"""How the broker of each variant is started, below a directory of its own."""
