"""An execution as its submitter has it in hand: submitted once, followed, awaited. Not how either is done."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Generic, Literal, TypeVar

from contracts.events import ExecutionCompleted
from contracts.requests import RunReply
from contracts.results import PipelineResult
from stagecast.updates import Update

R = TypeVar("R", bound=RunReply)


class Run(Generic[R]):
    """What `Client.run` and `Client.rerun` return. Nothing is submitted before it is iterated or awaited.

        async for event in run: …       # submits, then every event, the terminal one last
        result = await run.result()     # submits, then waits for the end

    However often and by how many tasks, it is submitted once: also where an answer was lost and you try again. It
    runs to its end whether or not anybody follows it.

    Args:
        submit: submits it; the same execution each time.
        follow: yields the updates of an execution after a number; `all` with the journal.
        cancel: asks to stop an execution.
        finish: asks an execution to stop here and keep the best.
    """

    def __init__(
        self,
        submit: Callable[[], Awaitable[R]],
        follow: Callable[[str, int, Literal["default", "all"]], AsyncGenerator[Update, None]],
        *,
        cancel: Callable[[str], Awaitable[bool]],
        finish: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._submit = submit
        self._follow = follow
        self._cancel = cancel
        self._finish = finish
        self._reply: R | None = None
        self._result: PipelineResult | None = None
        self._submitting = asyncio.Lock()

    @property
    def execution_id(self) -> str:
        """The execution's id.

        Raises:
            RuntimeError: it is not submitted yet.
        """
        if self._reply is None:
            raise RuntimeError("it has no execution id before it is submitted")
        return self._reply.execution_id

    async def submit(self) -> R:
        """Submit it, if that is not done yet, and return the gateway's answer.

        Raises:
            GatewayUnreachable: nobody answers.
            RequestRefused: the gateway does not take it.
        """
        async with self._submitting:
            if self._reply is None:
                self._reply = await self._submit()
            return self._reply

    def __aiter__(self) -> AsyncGenerator[Update, None]:
        """Submit it, and yield what happens to it from its first event on; each iteration begins there."""
        return self.follow()

    async def follow(
        self, *, after: int = -1, events: Literal["default", "all"] = "default"
    ) -> AsyncGenerator[Update, None]:
        """Submit it, and yield its updates as `Client.follow` does; raises what `submit` and that raise.

        Args:
            after: `seq` of the last event already seen.
            events: `all` adds the journal.
        """
        execution_id = (await self.submit()).execution_id
        async with aclosing(self._follow(execution_id, after, events)) as updates:
            async for update in updates:
                if isinstance(update, ExecutionCompleted):
                    self._result = update.result
                yield update

    async def result(self) -> PipelineResult:
        """Submit it, and return what it delivered, whatever that is: `status` tells. Raises what `follow` raises."""
        if self._result is None:
            async with aclosing(self.follow()) as updates:
                async for _ in updates:
                    pass
        if self._result is None:
            raise RuntimeError("following ended without a result")
        return self._result

    async def cancel(self) -> bool:
        """Ask to stop it; False when it has ended.

        Raises:
            RuntimeError: it is not submitted yet.
        """
        return await self._cancel(self.execution_id)

    async def finish(self) -> bool:
        """Ask it to stop here and keep the best that it has; False when it has ended.

        Raises:
            RuntimeError: it is not submitted yet.
        """
        return await self._finish(self.execution_id)
