"""Opens subscriptions: the one hub behind every transport.

What a subscriber is told first is decided here: where the execution stands, which part of its history follows, and
whether what was asked for is still kept.
"""

from contracts.errors import ExecutionNotFound
from contracts.messages import EVERY_EXECUTION, Subscribed
from gateway.archive import Archive, entry_of
from gateway.feed import Feed
from gateway.inspection import read_view, view_of_end
from gateway.lifecycle import Lifecycle, LifecycleSubscription, Origin
from gateway.ownership import may_see_entry, may_see_result
from gateway.principal import EVERYBODY, Principal
from gateway.relay import Relay
from gateway.subscription import Subscription, View
from stagecast.log import ExecutionLog


class Subscriptions:
    """Opens subscriptions.

    Args:
        log: where history is read.
        relay: where live events come from.
        archive: what is known of executions that have left the log; without it they are unknown.

    Attributes:
        lifecycle: where life-cycle events come from.
    """

    def __init__(self, log: ExecutionLog, relay: Relay, archive: Archive | None = None) -> None:
        self._log = log
        self._relay = relay
        self._archive = archive
        self.lifecycle = Lifecycle(log)

    async def open(
        self, execution_id: str, view: View | None = None, *, principal: Principal = EVERYBODY
    ) -> Subscription:
        """Begin to hear an execution.

        Args:
            execution_id: which one.
            view: what of it; everything but the journal, from the start, when left out.
            principal: who asks; somebody who may see everything when left out.

        Raises:
            ExecutionNotFound: nothing is known of it, or it is somebody else's.
            LogUnavailable: the broker does not answer.
            OutputUnreadable: the log does not have it, and what was saved is no result.
            OutputsUnavailable: the log does not have it, and the storage of results does not answer.
            CorruptLog: the log cannot be understood.
        """
        view = view or View()
        try:
            feed = await self._relay.join(execution_id)
        except ExecutionNotFound:
            return await self._open_archived(execution_id, view, principal)
        try:
            if not may_see_entry(principal, feed.first):
                raise ExecutionNotFound
            welcome = await self._welcome(feed, view)
            return Subscription(welcome, view, feed, lambda: self._relay.leave(feed))
        except BaseException:  # cancellation too: nobody else would leave the feed
            self._relay.leave(feed)
            raise

    async def open_lifecycle(
        self, pipeline_id: str | None = None, *, principal: Principal = EVERYBODY
    ) -> LifecycleSubscription:
        """Begin to hear how executions begin, move and end: all of them, or those of one pipeline.

        Raises:
            LogUnavailable: the broker does not answer.
        """

        def wants(origin: Origin) -> bool:
            return pipeline_id in (None, origin.pipeline_id) and principal.may_see(origin.owner)

        every = EVERY_EXECUTION if pipeline_id is None else None
        return await self.lifecycle.join(Subscribed(execution_id=every, pipeline_id=pipeline_id, success=True), wants)

    async def _welcome(self, feed: Feed, view: View) -> Subscribed:
        if view.after > feed.last:
            await feed.refresh()  # another gateway may have heard of it, and told, a moment before this one
        if view.after <= feed.last:
            return Subscribed(
                execution_id=feed.execution_id,
                success=True,
                status=feed.standing.status,
                from_=view.after + 1,
                to=feed.last,
                recovered=True,
            )
        snapshot = await read_view(self._log, feed.execution_id)
        while snapshot.last_seq < feed.last:  # it grew meanwhile, and what follows begins right behind the snapshot
            snapshot = await read_view(self._log, feed.execution_id)
        return Subscribed(
            execution_id=feed.execution_id,
            success=True,
            status=snapshot.status,
            from_=snapshot.last_seq + 1,
            to=snapshot.last_seq,
            recovered=False,
            snapshot=snapshot,
        )

    async def _open_archived(self, execution_id: str, view: View, principal: Principal) -> Subscription:
        end = None if self._archive is None else await self._archive.find_end(execution_id)
        if end is None or not may_see_result(principal, end.result):
            raise ExecutionNotFound
        welcome = Subscribed(
            execution_id=execution_id,
            success=True,
            status=end.result.status,
            recovered=False,
            snapshot=view_of_end(end),
        )
        subscription = Subscription(welcome, view, None, lambda: None)
        subscription.put_back(entry_of(end))
        return subscription
