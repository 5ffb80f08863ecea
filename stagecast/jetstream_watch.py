"""A live subscription at the broker, until it is closed. What is heard on it is `jetstream_log`'s affair."""

import nats.errors
from nats.aio.subscription import Subscription


class JetStreamWatch:
    """A core subscription; nats-py subscribes again by itself when the connection comes back."""

    def __init__(self) -> None:
        self.subscription: Subscription | None = None
        self.is_closed = False

    async def close(self) -> None:
        """End the subscription. Calling it again does nothing."""
        if self.is_closed:
            return
        self.is_closed = True
        # It knows who listens, who knows this: kept here, both would wait for the garbage collector.
        subscription, self.subscription = self.subscription, None
        if subscription is None:
            return
        try:
            await subscription.unsubscribe()
        except nats.errors.Error:
            return  # the connection is gone, and the subscription with it
