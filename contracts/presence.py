"""What a runner tells about itself while it is alive, so that a gateway can say at submission what is missing."""

from pydantic import Field

from contracts.wire import Timestamp, WireModel


class RunnerPresence(WireModel):
    """One live runner."""

    name: str
    version: str
    concurrency: int = Field(description="How many executions it works on at once.")
    keys: tuple[str, ...] = Field(description="Names of the *_API_KEY settings it has; never a key itself.")
    started_at: Timestamp
