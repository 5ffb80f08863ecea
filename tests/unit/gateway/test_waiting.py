"""Waiting for a result when the log does not play along. The usual cases are in the integration tests."""

import asyncio

import pytest

from contracts.errors import CorruptLog, LogUnavailable, StagecastError
from gateway.relay import Relay
from gateway.subscriptions import Subscriptions
from gateway.waiting import wait_for_result
from tests.example_events import Example
from tests.unit.gateway.faulty_log import WAIT_SECONDS, FaultyLog


@pytest.mark.parametrize("refusal", [LogUnavailable("away"), CorruptLog("broken")])
async def test_a_log_that_cannot_be_read_ends_the_wait_without_a_result(refusal: StagecastError) -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    log.refused_reads, log.refusal = 1, refusal
    waiting = wait_for_result(
        Subscriptions(log, Relay(log)), example.id, seconds=WAIT_SECONDS, until=asyncio.Event().wait
    )
    assert await waiting is None
