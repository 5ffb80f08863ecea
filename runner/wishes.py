"""Hears what somebody asks of executions, live: to cancel or to finish them. What comes of it is the engine's."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import structlog
from pydantic import ValidationError

from contracts.errors import StagecastError
from contracts.events import ExecutionCancelRequested, ExecutionFinishRequested
from runner.claim import Claim
from runner.ending import Ending
from stagecast.log import ExecutionLog, Watch

log_line = structlog.get_logger()


class Wishes:
    """Lets the claims of this runner know of what is asked. What it does not hear is in the log all the same.

    Args:
        log: where it is heard.
        ending: ends what nobody has claimed yet.
        active: the claims of this runner, by execution.
    """

    def __init__(self, log: ExecutionLog, ending: Ending, active: Mapping[str, Claim]) -> None:
        self._log = log
        self._ending = ending
        self._active = active
        self._watches: list[Watch] = []

    async def open(self) -> None:
        """Listen from now on."""
        self._watches.append(await self._log.watch_requests(ExecutionCancelRequested, self._on_cancel))
        self._watches.append(await self._log.watch_requests(ExecutionFinishRequested, self._on_finish))

    async def close(self) -> None:
        """Listen no longer."""
        for watch in self._watches:
            await watch.close()

    async def _on_cancel(self, execution_id: str) -> None:
        """Abort it if it is ours; end it at once if nobody has claimed it yet."""
        with _left_to_the_claim(execution_id):
            if not await self._is_told(execution_id):
                await self._ending.end_unclaimed(execution_id)

    async def _on_finish(self, execution_id: str) -> None:
        """Let it finish if it is ours. One that nobody has claimed runs what it runs always, once it is claimed."""
        with _left_to_the_claim(execution_id):
            await self._is_told(execution_id)

    async def _is_told(self, execution_id: str) -> bool:
        claim = self._active.get(execution_id)
        if claim is not None:
            await claim.catch_up()
        return claim is not None


@contextmanager
def _left_to_the_claim(execution_id: str) -> Generator[None]:
    try:
        yield
    except (StagecastError, ValidationError) as error:
        # Not lost: the request is in the log, and whoever claims the execution finds it.
        log_line.debug("request left to the claim", execution_id=execution_id, reason=str(error))
