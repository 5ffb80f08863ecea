"""All live feeds of this gateway, by execution: made when somebody begins to listen, closed after the last one left.

What a feed does is in `gateway.feed`.
"""

import asyncio

from gateway.feed import Feed, FeedOptions
from stagecast.log import ExecutionLog


class Relay:
    """All live feeds of this gateway.

    Args:
        log: where they come from.
        options: how long feeds wait.
    """

    def __init__(self, log: ExecutionLog, options: FeedOptions | None = None) -> None:
        self._log = log
        self._options = options or FeedOptions()
        self._feeds: dict[str, Feed] = {}
        self._users: dict[Feed, int] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def watched_count(self) -> int:
        """How many executions are watched at the broker, those included whose watch is just being closed."""
        return len(self._users) + len(self._closing)

    @property
    def listener_count(self) -> int:
        """How many listen."""
        return sum(len(feed.listeners) for feed in self._users)

    async def join(self, execution_id: str) -> Feed:
        """Return an execution's feed, open; to be given back with `leave`.

        Raises:
            ExecutionNotFound: the log does not have it.
            LogUnavailable: the broker does not answer.
            CorruptLog: the log has a hole.
        """
        feed = self._feeds.get(execution_id)
        if feed is None or feed.failure is not None:
            feed = self._feeds[execution_id] = Feed(self._log, execution_id, self._options)
        self._users[feed] = self._users.get(feed, 0) + 1
        try:
            await asyncio.shield(feed.opening)
        except BaseException:  # cancellation too: whoever gives up waiting must not stay
            self.leave(feed)
            raise
        return feed

    def leave(self, feed: Feed) -> None:
        """Give a feed back; it is closed when nobody is left."""
        self._users[feed] -= 1
        if self._users[feed] == 0:
            # A newcomer gets a feed of its own from here on, so nobody joins a watch that is going away.
            del self._users[feed]
            if self._feeds.get(feed.execution_id) is feed:
                del self._feeds[feed.execution_id]
            task = asyncio.create_task(feed.close())
            self._closing.add(task)
            task.add_done_callback(self._forget_closing)
        elif feed.opening.done() and self._feeds.get(feed.execution_id) is feed and _has_failed(feed):
            del self._feeds[feed.execution_id]  # the others that waited for it learn the same; nobody else shall

    def mark_all_lost(self) -> None:
        """Say that the connection to the broker was interrupted: every feed reads its log again."""
        for feed in self._users:
            feed.doubt()

    async def close(self) -> None:
        """Return when every feed that was given up is closed at the broker."""
        while self._closing:
            await asyncio.wait(self._closing)

    def _forget_closing(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled():
            task.exception()  # a watch that could not be closed is gone with its connection


def _has_failed(feed: Feed) -> bool:
    return feed.opening.cancelled() or feed.opening.exception() is not None
