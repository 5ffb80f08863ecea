"""Claims executions while there is room, runs them side by side, drains at the end."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from pydantic import ValidationError

from contracts.errors import CorruptLog, Fenced, LimitReached, LogUnavailable, StagecastError
from contracts.results import PipelineResult
from contracts.state import ExecutionState
from runner.claim import Claim, ClaimLost
from runner.ending import Ending
from runner.known_log import known_of, read_known
from runner.progress import Progress
from runner.report import Report
from runner.result import result_of_state
from runner.terms import DEFAULT_TERMS, Terms
from runner.wishes import Wishes
from stagecast.log import Delivery, ExecutionLog

_PULL_SECONDS = 5.0  # how long one wait for work lasts before the loop looks around
_PAUSE_AFTER_FAULT_SECONDS = 1.0
_RENEWALS_PER_LEASE = 3

log_line = structlog.get_logger()


class Executor(Protocol):
    """The engine, as the worker sees it."""

    async def run(
        self,
        state: ExecutionState,
        progress: Progress,
        *,
        cancel: asyncio.Event | None = None,
        finish: asyncio.Event | None = None,
    ) -> PipelineResult:
        """Run an execution from `state` on and return its result."""
        ...


class Liveness(Protocol):
    """Judges whether a claim's owner lives."""

    async def may_be_alive(self, name: str) -> bool:
        """Tell whether the runner of this name lives, or cannot be taken for dead."""
        ...


@dataclass(frozen=True)
class WorkerOptions:
    """What the worker must know besides its parts.

    Attributes:
        name: the runner's name in the log.
        concurrency: executions at once.
        drain_seconds: how long running executions may go on after `stop`.
        max_lost_claims: an execution that lost so many runners in a row is given up.
        terms: under which executions are held.
    """

    name: str
    concurrency: int
    drain_seconds: float
    max_lost_claims: int = 5
    terms: Terms = DEFAULT_TERMS


class Worker:
    """One runner's work. `run` returns after `stop` is set and everything has ended or was given back."""

    def __init__(
        self,
        log: ExecutionLog,
        executor: Executor,
        ending: Ending,
        liveness: Liveness,
        options: WorkerOptions,
    ) -> None:
        self._log = log
        self._executor = executor
        self._ending = ending
        self._liveness = liveness
        self._options = options
        self._in_hand: set[str] = set()
        self._active: dict[str, Claim] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(options.concurrency)

    @property
    def active_count(self) -> int:
        """How many executions are being worked on."""
        return len(self._active)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let what runs finish for `drain_seconds`, then give the rest back."""
        wishes = Wishes(self._log, self._ending, self._active)
        await wishes.open()
        stopping = asyncio.create_task(_wait(stop))
        claiming = asyncio.create_task(self._claim_for_ever())
        try:
            await asyncio.wait({claiming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if claiming.done():
                claiming.result()  # it ends only by a fault of ours
            await _cancel_all({claiming})
            if self._tasks:
                log_line.info("draining", executions=len(self._tasks), seconds=self._options.drain_seconds)
                await asyncio.wait(set(self._tasks), timeout=self._options.drain_seconds)
        finally:
            await _cancel_all({claiming, stopping})
            await _cancel_all(self._tasks)
            await wishes.close()

    async def _claim_for_ever(self) -> None:
        """Take work while there is room. Being cancelled strands none: what was got is taken in the same step."""
        while True:
            await self._room.acquire()
            try:
                delivery = await self._log.next_delivery(timeout_seconds=_PULL_SECONDS)
            except LogUnavailable as error:
                log_line.warning("no work to be had", reason=error.message)
                await asyncio.sleep(_PAUSE_AFTER_FAULT_SECONDS)
                delivery = None
            if delivery is None:
                self._room.release()
                continue
            task = asyncio.create_task(self._handle(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _handle(self, delivery: Delivery) -> None:
        execution_id = delivery.execution_id
        if execution_id in self._in_hand:
            return  # delivered again to the one who has it: its renewals cover this delivery, too
        self._in_hand.add(execution_id)
        with structlog.contextvars.bound_contextvars(execution_id=execution_id):
            try:
                claim = await self._claim(delivery)
                if claim is not None:
                    await self._work(claim, delivery)
            except ClaimLost as error:
                log_line.warning("claim lost", reason=error.message)
            except LogUnavailable as error:
                log_line.warning("left to the queue", reason=error.message)
            except Exception:
                # The process edge: whatever it was, the other executions go on and this one is delivered again.
                log_line.exception("left to the queue")
            finally:
                self._in_hand.discard(execution_id)

    async def _claim(self, delivery: Delivery) -> Claim | None:
        """Take the execution; None where there is nothing to take."""
        queued = delivery.queued
        while True:
            try:
                # The first time event 0 is all there is, most likely; if not, the claim's own slot is taken.
                known = known_of([queued]) if queued else await read_known(self._log, delivery.execution_id)
                queued = None
            except (CorruptLog, ValidationError) as error:
                with suppress(Fenced):
                    await self._ending.end_unreadable(delivery.execution_id, error)
                await delivery.ack()
                return None
            if known is None or known.state.is_ended:
                await delivery.ack()
                return None
            if await self._is_owned(known.state):
                return None  # dropped silently: the owner's renewals cover this delivery too
            claim = Claim(self._log, delivery, known, self._options.name, self._options.terms)
            try:
                await claim.take()
            except ClaimLost:
                continue  # look again: somebody claimed or ended it
            log_line.info("claimed", pipeline_id=known.state.pipeline.id, attempt=claim.attempt)
            return claim

    async def _is_owned(self, state: ExecutionState) -> bool:
        # The broker may deliver again although the owner lives: its delivery state does not survive every crash.
        if state.runner in (None, self._options.name):
            return False  # what is in our own hands is not looked at again; this one was left to the queue
        return await self._liveness.may_be_alive(state.runner)

    async def _work(self, claim: Claim, delivery: Delivery) -> None:
        self._active[claim.execution_id] = claim
        every_seconds = self._options.terms.lease_seconds / _RENEWALS_PER_LEASE
        work = asyncio.create_task(self._run(claim))
        renewal: asyncio.Task[None] | None = None
        try:
            # Most executions are over before there is anything to renew.
            await asyncio.wait({work}, timeout=every_seconds)
            if not work.done():
                renewal = asyncio.create_task(claim.renew_for_ever(every_seconds))
                await asyncio.wait({work, renewal}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    renewal.result()  # it ends only by losing the claim
            work.result()
            await delivery.ack()
        except asyncio.CancelledError:
            await _cancel_all({work})
            with suppress(StagecastError):
                await self._hand_over(claim, delivery)
            raise
        finally:
            self._active.pop(claim.execution_id, None)
            if renewal is not None:
                await _cancel_all({renewal})
            if not work.done():
                await _cancel_all({work})

    async def _hand_over(self, claim: Claim, delivery: Delivery) -> None:
        if claim.state.is_ended:
            await delivery.ack()
        else:
            await claim.release("the runner shuts down")
            log_line.info("handed over")

    async def _run(self, claim: Claim) -> None:
        state = claim.state
        if state.ending is not None:
            await self._ending.complete(claim)
            return
        if state.is_cancel_requested:
            result = result_of_state(state, "cancelled")
        elif state.lost_claims >= self._options.max_lost_claims:
            log_line.error("given up: its runners were lost", times=state.lost_claims)
            result = result_of_state(state, "failed", error=_given_up(state), code="runner_lost")
        else:
            async with Report(claim, self._log) as report:
                result = await self._run_engine(claim, report)
        await self._ending.end(claim, result)

    async def _run_engine(self, claim: Claim, report: Report) -> PipelineResult:
        try:
            return await self._executor.run(
                claim.state, report, cancel=claim.cancel_requested, finish=claim.finish_requested
            )
        except (ClaimLost, LogUnavailable):
            raise
        except LimitReached as error:
            log_line.error("ended at a limit", reason=error.message)
            await claim.catch_up()  # an answer whose append was cut off is stored all the same, and counts
            return result_of_state(claim.state, "failed", error=error.message, code=error.code)
        except Exception:
            # A fault of ours must end this execution with something readable, not be delivered for ever.
            log_line.exception("the engine failed")
            return result_of_state(
                claim.state, "failed", error="Internal error: the runner's log has it.", code="internal_error"
            )


def _given_up(state: ExecutionState) -> str:
    running = [f"'{stage.id}'" for stage in state.stages.values() if stage.phase == "running"]
    where = f" while {', '.join(running)} ran" if running else ""
    return f"Its runner was lost {state.lost_claims} times in a row{where}, so it is not tried again."


async def _cancel_all(tasks: set[asyncio.Task[None]]) -> None:
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*list(tasks), return_exceptions=True)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
