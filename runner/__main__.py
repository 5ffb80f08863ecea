"""The runner's process: puts the parts together, listens to signals, ends cleanly."""

import asyncio
import os
import signal
from contextlib import suppress
from importlib.metadata import version

import structlog
import uvloop

from contracts.envelope import utc_now
from contracts.errors import LogUnavailable, StagecastError
from contracts.presence import RunnerPresence
from runner.ending import Ending
from runner.executor import PipelineExecutor
from runner.heartbeat import beat, beat_for_ever
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from runner.settings import RunnerSettings
from runner.terms import Terms
from runner.worker import Worker, WorkerOptions
from stagecast.broker import Broker, BrokerSettings
from stagecast.functions import FunctionRegistry
from stagecast.garbage import collect_seldom
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.leaving import leave
from stagecast.outputs import OutputStore
from stagecast.presence import PresenceBucket
from stagecast.retention import Retention
from stagecast.settings import read_settings
from stagecast.telemetry import configure_logging

_OPEN_RETRY_SECONDS = 1.0

log_line = structlog.get_logger()


async def serve(settings: RunnerSettings, stop: asyncio.Event) -> None:
    """Run a runner until `stop` is set."""
    log_settings = read_settings(LogSettings)
    broker = Broker(read_settings(BrokerSettings), name=settings.runner_name)
    log = JetStreamLog(broker, log_settings)
    bucket = PresenceBucket(broker, lease_seconds=log_settings.ack_wait_seconds, replicas=log_settings.log_replicas)
    models = ModelRouter(read_settings(ModelSettings))
    worker = Worker(
        log,
        PipelineExecutor(models, FunctionRegistry()),
        Ending(log, OutputStore.open(settings.outputs)),
        bucket,
        WorkerOptions(
            name=settings.runner_name,
            concurrency=settings.concurrency,
            drain_seconds=settings.drain_seconds,
            max_lost_claims=settings.max_lost_claims,
            terms=Terms(log_settings.ack_wait_seconds, settings.max_events, settings.max_log_bytes),
        ),
    )
    presence = describe(settings)
    await broker.start()
    lost = asyncio.create_task(_stop_when_lost(broker, stop))
    retention = Retention(
        log, retention_hours=log_settings.retention_hours, idempotency_hours=log_settings.idempotency_hours
    )
    aside: list[asyncio.Task[None]] = []
    try:
        # Present before the first claim: others judge by it whether a claim has a living owner.
        if await _open(log, bucket, presence, settings, stop):
            aside.append(asyncio.create_task(beat_for_ever(bucket, presence, settings.heartbeat_file)))
            aside.append(asyncio.create_task(retention.run_for_ever(settings.retention_sweep_seconds)))
            log_line.info("ready", runner=settings.runner_name, concurrency=settings.concurrency)
            await worker.run(stop)
    finally:
        lost.cancel()
        for task in aside:
            task.cancel()
        await asyncio.gather(*aside, return_exceptions=True)
        with suppress(LogUnavailable):
            await bucket.withdraw(settings.runner_name)
        await models.close()
        await log.close()
        await broker.close()
        log_line.info("stopped", runner=settings.runner_name)


def describe(settings: RunnerSettings) -> RunnerPresence:
    """Tell what this runner is set up for: the names of its keys, never their values."""
    return RunnerPresence(
        name=settings.runner_name,
        version=version("stagecast"),
        concurrency=settings.concurrency,
        keys=tuple(sorted(name for name, value in os.environ.items() if name.endswith("_API_KEY") and value)),
        started_at=utc_now(),
    )


async def _stop_when_lost(broker: Broker, stop: asyncio.Event) -> None:
    # The broker has said why in the log; whoever runs this process starts it again.
    await broker.wait_lost()
    stop.set()


async def _open(
    log: JetStreamLog, bucket: PresenceBucket, presence: RunnerPresence, settings: RunnerSettings, stop: asyncio.Event
) -> bool:
    """Make the streams and announce the runner, as soon as the broker lets us; False when stopped before."""
    while not stop.is_set():
        try:
            await log.open()
            await bucket.open()
            await beat(bucket, presence, settings.heartbeat_file)
        except LogUnavailable as error:
            log_line.warning("waiting for the broker", reason=error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _OPEN_RETRY_SECONDS)
        else:
            return True
    return False


async def _main(settings: RunnerSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop)


def main() -> None:
    """Run until SIGTERM or SIGINT; exit code 1 with one sentence when the settings do not hold."""
    configure_logging("runner")
    collect_seldom()
    # obstore's threads: with one for each processor, saving results took 4 % more of a runner's time.
    os.environ.setdefault("TOKIO_WORKER_THREADS", "1")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_main(read_settings(RunnerSettings)))
        except StagecastError as error:
            log_line.error("cannot run", reason=error.message, code=error.code)
            leave(1)
        leave(0)


if __name__ == "__main__":
    main()
