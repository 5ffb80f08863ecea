"""Says every few seconds that this runner lives: to the gateways through its presence, to a health check by a file."""

import asyncio
from pathlib import Path

import structlog

from contracts.errors import LogUnavailable
from contracts.presence import RunnerPresence
from stagecast.presence import PresenceBucket

log_line = structlog.get_logger()


async def beat(bucket: PresenceBucket, presence: RunnerPresence, file: Path | None) -> None:
    """Announce the runner once; when the broker took it, touch the file.

    Raises:
        LogUnavailable: the broker did not take it.
    """
    await bucket.announce(presence)
    if file is not None:
        await asyncio.to_thread(file.touch)


async def beat_for_ever(bucket: PresenceBucket, presence: RunnerPresence, file: Path | None) -> None:
    """Beat until cancelled; a broker that is away is waited for."""
    while True:
        await asyncio.sleep(bucket.interval_seconds)
        try:
            await beat(bucket, presence, file)
        except LogUnavailable as error:
            log_line.warning("presence not announced", reason=error.message)
