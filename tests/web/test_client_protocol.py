"""The JavaScript client against a gateway that does what a real one seldom does: every rule of docs/protocol.md."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.web.node import Driver, Node, driving
from tests.web.scripted_gateway import EXECUTION_ID, Json, Line, ScriptedSockets, event, scripted_sockets, subscribed

QUICK = {
    "firstRetryMs": 10, "longestRetryMs": 50, "crowdedMs": 60, "longestCrowdedMs": 200, "spreadMs": 30,
    "silenceMs": 60_000, "idleMs": 20,
}  # fmt: skip
SUBSCRIBE = {"type": "subscribe", "executionId": EXECUTION_ID}
UNSUBSCRIBE = {**SUBSCRIBE, "type": "unsubscribe"}
UNSUBSCRIBED = {**SUBSCRIBE, "type": "unsubscribed"}
END = event(9, "execution:completed", result={"status": "success"})
CAUGHT_UP = event(5, "caught_up")


@pytest.fixture
async def gateway() -> AsyncGenerator[ScriptedSockets]:
    async with scripted_sockets() as gateway:
        yield gateway


@pytest.fixture
async def driver(gateway: ScriptedSockets, node: Node) -> AsyncGenerator[Driver]:
    async with driving(node, gateway.url, timing=QUICK, patienceMs=20_000) as driver:
        yield driver
        assert await driver.finish() == 0, "nothing may be left running in it"


async def follow(driver: Driver, name: str = "a", *, is_slow: bool = False, **how: Any) -> None:
    await driver.do("loop", name=name, method="follow", args=[EXECUTION_ID], how=how, isSlow=is_slow)


async def begin(driver: Driver, gateway: ScriptedSockets, **how: Any) -> Line:
    """Follow, and answer that it begins."""
    await follow(driver, **how)
    line = await gateway.accept()
    await line.subscription()
    return line


async def test_events_and_notices_come_in_order_and_the_terminal_one_ends_it(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    line = await begin(driver, gateway)
    told = [event(0), event(1), CAUGHT_UP, event(None, text="live"), event(4), event(None, "dropped", dropped=7), END]
    await line.send(*told)
    assert await driver.items_to_end("a") == told
    assert await line.closed() == 1000  # by the client: nobody needs it any more


async def test_what_was_seen_is_dropped_and_what_is_out_of_place_is_ignored(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    await follow(driver, after=2)
    line = await gateway.accept()
    assert await line.receive() == {**SUBSCRIBE, "after": 2}
    await line.send(event(50), event(None, text="too early"), CAUGHT_UP)  # before `subscribed`: of an earlier question
    await line.send(subscribed(3, 5))
    await line.send(event(1), event(2), event(3), event(3), event(2))
    other = {**event(4), "executionId": "exec_1703187600000_ponmlkjihgfedcba"}
    await line.send(other, {"type": "authenticated", "name": "x", "scopes": []}, {"type": "news"}, "7", "null", "[]")
    await line.send({"type": "error", "message": "Invalid message format"}, event(5), event(4), END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [3, 5, 9]


async def test_after_a_loss_it_resumes_behind_the_last_number(driver: Driver, gateway: ScriptedSockets) -> None:
    line = await begin(driver, gateway)
    await line.send(event(0), event(3), event(None, text="live"))
    for expected in (0, 3, None):
        assert (await driver.item("a")).get("seq") == expected
    line.cut()
    assert (await driver.state("waiting"))["closeCode"] == 1006
    line = await gateway.accept()
    assert await line.subscription() == {**SUBSCRIBE, "after": 3}
    await line.send(event(3), event(4))
    assert (await driver.item("a"))["seq"] == 4
    await line.close(4408)
    line = await gateway.accept()
    assert (await line.subscription())["after"] == 4
    await line.send(END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [9]


async def test_what_is_no_json_ends_the_connection_and_loses_nothing(driver: Driver, gateway: ScriptedSockets) -> None:
    line = await begin(driver, gateway)
    await line.send(event(0), '{"type": "stage:comp', event(2))
    await line.closed()
    line = await gateway.accept()
    assert (await line.subscription())["after"] == 0
    await line.send(event(1), event(2), END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 1, 2, 9]


async def test_what_is_not_kept_any_more_is_told_and_it_goes_on_after_to(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    await follow(driver, after=70)
    line = await gateway.accept()
    gap = subscribed(6, 5, recovered=False, snapshot={"id": EXECUTION_ID, "lastSeq": 5})
    assert (await line.receive())["after"] == 70
    await line.send(gap, CAUGHT_UP, event(6))
    assert [await driver.item("a") for _ in range(3)] == [gap, CAUGHT_UP, event(6)]
    line.cut()
    line = await gateway.accept()
    assert (await line.subscription())["after"] == 6
    await line.send(END)
    assert await driver.items_to_end("a") == [END]


async def test_an_execution_of_which_only_the_result_is_kept_is_told_to_its_end(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    await follow(driver)
    line = await gateway.accept()
    await line.receive()
    gap = {**SUBSCRIBE, "type": "subscribed", "success": True, "recovered": False, "snapshot": {"status": "success"}}
    end = event(None, "execution:completed", result={"status": "success"})
    await line.send(gap, end, event(None, "caught_up"))
    assert await driver.items_to_end("a") == [gap, end]


async def test_the_end_that_is_told_again_is_the_end(driver: Driver, gateway: ScriptedSockets) -> None:
    line = await begin(driver, gateway, after=9)
    await line.send(END)
    assert await driver.items_to_end("a") == [END]


async def test_a_number_that_is_left_out_of_all_events_is_asked_for_again(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    line = await begin(driver, gateway, events="all")
    await line.send(event(0), event(2), event(3))
    assert [await line.receive(), await line.receive()] == [UNSUBSCRIBE, {**SUBSCRIBE, "after": 0, "events": "all"}]
    await line.send(event(4), UNSUBSCRIBED, subscribed(1, 2), event(1), event(2), {**END, "seq": 3})
    assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 1, 2, 3]


async def test_a_subscription_that_cannot_be_served_now_is_tried_again(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    line = await begin(driver, gateway)
    await line.send(event(0), {**SUBSCRIBE, "type": "error", "message": "The events cannot be read at the moment."})
    assert [await line.receive(), await line.receive()] == [UNSUBSCRIBE, {**SUBSCRIBE, "after": 0}]
    await line.send(UNSUBSCRIBED, subscribed(1, 1), event(1), END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 1, 9]


@pytest.mark.parametrize(
    ("code", "name", "status"), [(4400, "bad_message", 400), (4401, "unauthenticated", 401), (4403, "forbidden", 403)]
)
async def test_a_refusal_is_thrown_after_what_came_before_it(
    driver: Driver, gateway: ScriptedSockets, code: int, name: str, status: int
) -> None:
    line = await begin(driver, gateway)
    await line.send(event(0))
    await line.close(code)
    assert (await driver.item("a"))["seq"] == 0
    error = await driver.error("a")
    assert (error["name"], error["code"], error["status"]) == ("StagecastError", name, status)
    await driver.state("closed")
    line = await begin(driver, gateway, name="b")  # another try is the caller's to make
    await line.send(END)
    assert await driver.items_to_end("b") == [END]


async def test_how_long_it_waits_depends_on_the_close_code(driver: Driver, gateway: ScriptedSockets) -> None:
    line = await begin(driver, gateway)
    waits: list[Json] = []
    for code in (1012, 4429, 4429, 4429, 1011, 1000):
        await line.close(code)
        waits.append(await driver.state("waiting"))
        line = await gateway.accept()
        await line.subscription()
    assert [wait["closeCode"] for wait in waits] == [1012, 4429, 4429, 4429, 1011, 1000]
    spread, *crowded, other, last = [wait["retryInMs"] for wait in waits]
    assert 0 <= spread <= QUICK["spreadMs"]
    for wait, longest in zip(crowded, (120, 200, 200), strict=True):  # 60 doubled once, for the one before
        assert longest / 2 <= wait <= longest
    assert 25 <= other <= 50
    assert 25 <= last <= 50
    await line.send(END)
    await driver.items_to_end("a")


async def test_two_feeds_of_one_connection_come_back_each_behind_its_own_number(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    second = "exec_1703187600000_ponmlkjihgfedcba"
    line = await begin(driver, gateway)
    await driver.do("loop", name="b", method="follow", args=[second], how={"after": 20})
    assert await line.receive() == {"type": "subscribe", "executionId": second, "after": 20}
    await line.send({**subscribed(21, 20), "executionId": second}, event(3), {**event(21), "executionId": second})
    assert ((await driver.item("a"))["seq"], (await driver.item("b"))["seq"]) == (3, 21)
    line.cut()
    line = await gateway.accept()
    asked = [await line.receive(), await line.receive()]
    assert {message["executionId"]: message["after"] for message in asked} == {EXECUTION_ID: 3, second: 21}
    other_end = {**END, "executionId": second, "seq": 30}
    await line.send(subscribed(4, 3), {**subscribed(22, 21), "executionId": second}, END, other_end)
    assert await driver.items_to_end("a") == [END]
    assert await driver.items_to_end("b") == [other_end]


async def test_what_comes_for_a_loop_that_was_left_is_not_taken_for_the_next_one(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    line = await begin(driver, gateway, after=50)
    await driver.do("abort", name="a")
    assert (await driver.error("a"))["name"] == "AbortError"
    assert await line.receive() == UNSUBSCRIBE
    await follow(driver, "b")
    assert await line.receive() == SUBSCRIBE
    # The answer to the first subscription is late: what follows it is not the second one's.
    await line.send(subscribed(51, 51), event(51), UNSUBSCRIBED, subscribed(0, 0), event(0), END)
    assert [item["seq"] for item in await driver.items_to_end("b")] == [0, 9]


async def test_a_token_is_the_first_message_and_nothing_is_asked_for_before_it_is_accepted(
    gateway: ScriptedSockets, node: Node
) -> None:
    async with driving(node, gateway.url, timing=QUICK, token="s3cret") as driver:
        await follow(driver)
        line = await gateway.accept()
        assert await line.receive() == {"type": "auth", "token": "s3cret"}
        await line.send({"type": "authenticated", "name": "me", "scopes": ["read"]})
        await line.subscription()
        await line.close(4401)
        assert (await driver.error("a"))["code"] == "unauthenticated"


async def test_a_line_on_which_nobody_answers_is_given_up(gateway: ScriptedSockets, node: Node) -> None:
    timing = {**QUICK, "silenceMs": 50, "answerMs": 200}
    async with driving(node, gateway.url, timing=timing) as driver:
        line = await begin(driver, gateway)
        await line.send(event(0))
        for _ in range(3):  # an answer, whatever it says, keeps it
            asked = await line.receive()
            assert asked["type"] == "unsubscribe"
            assert asked["executionId"] != EXECUTION_ID
            await line.send({**asked, "type": "unsubscribed"})
        await driver.state("waiting")
        line = await gateway.accept()
        assert (await line.subscription())["after"] == 0
        await line.send(END)
        assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 9]


async def test_a_reader_that_is_slow_loses_live_text_first_and_no_event_ever(
    gateway: ScriptedSockets, node: Node
) -> None:
    limits = {"liveText": 4, "items": 10}
    timing = {**QUICK, "idleMs": 60_000}  # so that it comes back on the same connection
    async with driving(node, gateway.url, timing=timing, limits=limits) as driver:
        await follow(driver, is_slow=True)
        await driver.do("read", name="a", count=1)  # else it does not even begin
        line = await gateway.accept()
        await line.subscription()
        await line.send(event(0))
        assert await driver.item("a") == event(0)
        await line.send(event(1), event(2), event(3), event(4))
        await line.send(*[event(None, text=str(number)) for number in range(20)])
        await line.send(*[event(seq) for seq in range(5, 200)])
        assert await line.receive() == UNSUBSCRIBE  # it is full, and nothing more is kept for it
        await line.send(UNSUBSCRIBED)
        await driver.do("read", name="a", count=3)
        assert [await driver.item("a") for _ in range(3)] == [event(1), event(2), event(3)]
        await driver.do("read", name="a", count=1000)
        again = await line.receive()
        assert again == {**SUBSCRIBE, "after": 9}
        await line.send(subscribed(10, 11), event(10), event(11), {**END, "seq": 12})
        items = await driver.items_to_end("a")
        assert [item["seq"] for item in items if "seq" in item] == [4, 5, 6, 7, 8, 9, 10, 11, 12]
        assert [item for item in items if "seq" not in item] == [event(None, "dropped", dropped=20)]


async def refuse_each(gateway: ScriptedSockets) -> None:
    """Cut every connection as soon as it asks for something."""
    while True:
        line = await gateway.accept()
        await line.receive()
        line.cut()


async def test_a_gateway_that_does_not_come_back_is_thrown_when_patience_ends(
    gateway: ScriptedSockets, node: Node
) -> None:
    async with driving(node, gateway.url, timing=QUICK, patienceMs=300) as driver:
        line = await begin(driver, gateway)
        await line.send(event(0))
        line.cut()
        refusing = asyncio.create_task(refuse_each(gateway))
        error = await driver.error("a")
        refusing.cancel()
        assert (error["code"], error["status"]) == ("gateway_unreachable", None)
        assert gateway.url in error["message"]


async def test_why_a_subscription_is_not_served_is_thrown_when_patience_ends(
    gateway: ScriptedSockets, node: Node
) -> None:
    why = {"message": "The broker does not answer.", "code": "log_unavailable"}
    async with driving(node, gateway.url, timing=QUICK, patienceMs=300) as driver:
        line = await begin(driver, gateway)
        refusal = {**SUBSCRIBE, "type": "error", **why}
        await line.send(refusal)
        refusing = asyncio.create_task(line.answer_each({"unsubscribe": UNSUBSCRIBED, "subscribe": refusal}))
        error = await driver.error("a")
        assert {name: error[name] for name in why} == why
        await refusing  # until the client, which needs nothing more, closes


async def test_life_cycles_have_a_connection_of_their_own_and_tell_of_what_may_be_missing(
    driver: Driver, gateway: ScriptedSockets
) -> None:
    everything = {"type": "subscribe", "executionId": "*"}
    started = {**everything, "type": "subscribed", "success": True}
    gap = {"type": "gap", "executionId": "*"}
    line = await begin(driver, gateway)
    await driver.do("loop", name="all", method="lifecycle")
    life = await gateway.accept()
    assert await life.receive() == everything
    await life.send(started, event(9, "execution:completed"), event(0, "execution:queued"), gap)
    told = [await driver.item("all") for _ in range(4)]
    assert told == [started, event(9, "execution:completed"), event(0, "execution:queued"), gap]
    life.cut()
    life = await gateway.accept()
    assert await life.receive() == everything
    await life.send(started, event(1, "execution:started"))
    assert [await driver.item("all") for _ in range(2)] == [gap, event(1, "execution:started")]
    await driver.do("abort", name="all")
    assert (await driver.error("all"))["name"] == "AbortError"
    await life.closed()
    await line.send(END)  # what was told of its end there was not taken for its end here
    assert await driver.items_to_end("a") == [END]


async def test_the_life_cycle_of_one_pipeline_names_it(driver: Driver, gateway: ScriptedSockets) -> None:
    await driver.do("loop", name="all", method="lifecycle", how={"pipelineId": "echo-v1"})
    life = await gateway.accept()
    assert await life.receive() == {"type": "subscribe", "pipelineId": "echo-v1"}
    started = {"type": "subscribed", "pipelineId": "echo-v1", "success": True}
    await life.send(started, event(0, "execution:queued"))
    assert [await driver.item("all") for _ in range(2)] == [started, event(0, "execution:queued")]
    await driver.do("abort", name="all")
    await driver.error("all")
