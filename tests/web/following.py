"""What tests of the JavaScript client against a played gateway have in common: following, and the shapes of `/ws`."""

from typing import Any

from tests.web.node import Driver
from tests.web.scripted_gateway import EXECUTION_ID, Line, ScriptedSockets, event

QUICK = {
    "firstRetryMs": 10, "longestRetryMs": 50, "crowdedMs": 60, "longestCrowdedMs": 200, "spreadMs": 30,
    "silenceMs": 60_000, "idleMs": 20,
}  # fmt: skip
SUBSCRIBE = {"type": "subscribe", "executionId": EXECUTION_ID}
UNSUBSCRIBE = {**SUBSCRIBE, "type": "unsubscribe"}
UNSUBSCRIBED = {**SUBSCRIBE, "type": "unsubscribed"}
END = event(9, "execution:completed", result={"status": "success"})
CAUGHT_UP = event(5, "caught_up")


async def follow(driver: Driver, name: str = "a", *, is_slow: bool = False, **how: Any) -> None:
    await driver.do("loop", name=name, method="follow", args=[EXECUTION_ID], how=how, isSlow=is_slow)


async def begin(driver: Driver, played: ScriptedSockets, **how: Any) -> Line:
    """Follow, and answer that it begins."""
    await follow(driver, **how)
    line = await played.accept()
    await line.subscription()
    return line
