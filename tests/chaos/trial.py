"""One trial: a broker, services, load and faults for a while, then everything is collected and judged."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from contracts.events import ExecutionCompleted
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from tests.chaos.brokers import StruckBroker
from tests.chaos.clients import Client, Load
from tests.chaos.clock import elapse
from tests.chaos.dossier import write_dossier
from tests.chaos.evidence import Collector
from tests.chaos.faults import Fault, Faults
from tests.chaos.fleet import Fleet, FleetSettings
from tests.chaos.model_server import ModelServer
from tests.chaos.records import Evidence, ExecutionRecord, Violation
from tests.chaos.report import Report
from tests.chaos.subscribers import Listener
from tests.chaos.verification import verify

STUBBORN = "did not end after SIGTERM"

_READY_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 1.0

StartBroker = Callable[[Path], AbstractAsyncContextManager[StruckBroker]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a trial does.

    Attributes:
        clients: executions that are kept in flight.
        seconds: how long new ones are submitted.
        settle_seconds: how long those that were accepted may take to end afterwards.
        mutation: how the runners are broken on purpose; empty for not at all.
    """

    variant: str
    seed: int
    schedule: list[Fault]
    directory: Path
    bytecode: Path
    clients: int
    seconds: float
    settle_seconds: float
    mutation: str = ""


async def run_trial(plan: Plan, start_broker: StartBroker) -> Report:
    """Run one variant from its broker to its report."""
    began = time.monotonic()
    report = Report(plan.variant)
    (plan.directory / "nats").mkdir(parents=True)
    async with (
        start_broker(plan.directory / "nats") as broker,
        ModelServer.start(plan.seed) as models,
        _connected(broker.url) as connection,
    ):
        settings = FleetSettings(plan.directory, broker.url, models.url, plan.bytecode, broker.replicas, plan.mutation)
        async with Fleet.start(settings) as fleet:
            evidence = await _go(plan, report, _Parts(broker, models, connection, fleet))
    report.count(evidence)
    write_dossier(plan.directory / "evidence", evidence)
    report.violations = [*verify(evidence), *(Violation(STUBBORN, "-", name) for name in fleet.stubborn)]
    report.seconds = time.monotonic() - began
    return report


@dataclass(frozen=True, slots=True)
class _Parts:
    broker: StruckBroker
    models: ModelServer
    connection: Broker
    fleet: Fleet


async def _go(plan: Plan, report: Report, parts: _Parts) -> Evidence:
    listener = Listener()
    await listener.listen(parts.connection)
    urls = [f"http://127.0.0.1:{port}" for port in parts.fleet.ports]
    async with httpx.AsyncClient(timeout=20.0, trust_env=False) as http:
        load = Load(http, urls, parts.models, plan.seed)
        faults = Faults(parts.fleet, parts.broker, plan.seed)
        give_up_at = await _put_under_load(plan, load, faults)
        collector = Collector(JetStreamLog(parts.connection, LogSettings()), http, urls[0])
        ids = [execution_id for submission in load.submissions for execution_id in submission.ids]
        executions = await _collect(collector, [*ids, *listener.records], give_up_at)
    report.injected, report.refusals = faults.injected, load.refusals
    report.median_in_flight, report.strays = load.median_in_flight, parts.models.strays
    return Evidence(
        submissions=load.submissions,
        executions=executions,
        calls=parts.models.calls,
        effects=parts.models.effects,
        freezes=parts.fleet.freezes,
        subscribers=[*(subscriber.record for subscriber in load.subscribers), *listener.records.values()],
    )


async def _put_under_load(plan: Plan, load: Load, faults: Faults) -> float:
    """Let clients work while faults happen; return when time is up for what has not ended."""
    clients = [asyncio.create_task(Client(number, load).run()) for number in range(plan.clients)]
    try:
        async with asyncio.TaskGroup() as group:
            async with asyncio.timeout(_READY_SECONDS):
                await load.models.is_busy.wait()
            group.create_task(faults.inject(plan.schedule))
            group.create_task(elapse(plan.seconds))
        load.is_over.set()
        give_up_at = time.monotonic() + plan.settle_seconds
        await asyncio.wait(clients, timeout=plan.settle_seconds)
        if load.watches:
            await asyncio.wait(load.watches, timeout=max(0.0, give_up_at - time.monotonic()))
    finally:
        tasks = [*clients, *load.watches]
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return give_up_at


async def _collect(collector: Collector, known: list[str], give_up_at: float) -> dict[str, ExecutionRecord]:
    executions = await collector.collect(known)
    # An execution whose acceptance nobody heard of has no client that stays to its end.
    while time.monotonic() < give_up_at and any(_is_running(execution) for execution in executions.values()):
        await elapse(_LOOK_AGAIN_SECONDS)
        running = [key for key, execution in executions.items() if _is_running(execution)]
        executions |= await collector.read(running)
    return executions


def _is_running(execution: ExecutionRecord) -> bool:
    return not any(isinstance(logged.event, ExecutionCompleted) for logged in execution.log)


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Broker]:
    connection = Broker(BrokerSettings(nats_url=url), name="chaos")
    await connection.start()
    try:
        await connection.wait_ready(_READY_SECONDS)
        yield connection
    finally:
        await connection.close()
