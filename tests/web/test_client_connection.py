"""How the JavaScript client keeps its connection, against a gateway that does what a real one seldom does."""

import asyncio

import pytest

from tests.web.following import END, QUICK, SUBSCRIBE, UNSUBSCRIBED, begin, follow
from tests.web.node import Driver, Node, driving
from tests.web.scripted_gateway import EXECUTION_ID, Json, ScriptedSockets, event, subscribed


@pytest.mark.parametrize(
    ("code", "name", "status"), [(4400, "bad_message", 400), (4401, "unauthenticated", 401), (4403, "forbidden", 403)]
)
async def test_a_refusal_is_thrown_after_what_came_before_it(
    driver: Driver, played: ScriptedSockets, code: int, name: str, status: int
) -> None:
    line = await begin(driver, played)
    await line.send(event(0))
    await line.close(code)
    assert (await driver.item("a"))["seq"] == 0
    error = await driver.error("a")
    assert (error["name"], error["code"], error["status"]) == ("StagecastError", name, status)
    await driver.state("closed")
    line = await begin(driver, played, name="b")  # another try is the caller's to make
    await line.send(END)
    assert await driver.items_to_end("b") == [END]


async def test_how_long_it_waits_depends_on_the_close_code(driver: Driver, played: ScriptedSockets) -> None:
    line = await begin(driver, played)
    waits: list[Json] = []
    for code in (1012, 4429, 4429, 4429, 1011, 1000):
        await line.close(code)
        waits.append(await driver.state("waiting"))
        line = await played.accept()
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


async def test_after_a_connection_that_lasted_waits_begin_with_the_first_one_again(
    played: ScriptedSockets, node: Node
) -> None:
    timing = {**QUICK, "longestRetryMs": 10_000, "stableMs": 0}
    async with driving(node, played.url, timing=timing, patienceMs=1_000) as driver:
        line = await begin(driver, played)
        for _ in range(12):  # without beginning again, the last wait would be twenty seconds and beyond patience
            await line.close(1011)
            assert (await driver.state("waiting"))["retryInMs"] <= QUICK["firstRetryMs"]
            line = await played.accept()
            await line.subscription()
        await line.send(END)
        assert await driver.items_to_end("a") == [END]


async def test_two_feeds_of_one_connection_come_back_each_behind_its_own_number(
    driver: Driver, played: ScriptedSockets
) -> None:
    second = "exec_1703187600000_ponmlkjihgfedcba"
    line = await begin(driver, played)
    await driver.do("loop", name="b", method="follow", args=[second], how={"after": 20})
    assert await line.receive() == {"type": "subscribe", "executionId": second, "after": 20}
    await line.send({**subscribed(21, 20), "executionId": second}, event(3), {**event(21), "executionId": second})
    assert ((await driver.item("a"))["seq"], (await driver.item("b"))["seq"]) == (3, 21)
    line.cut()
    line = await played.accept()
    asked = [await line.receive(), await line.receive()]
    assert {message["executionId"]: message["after"] for message in asked} == {EXECUTION_ID: 3, second: 21}
    other_end = {**END, "executionId": second, "seq": 30}
    await line.send(subscribed(4, 3), {**subscribed(22, 21), "executionId": second}, END, other_end)
    assert await driver.items_to_end("a") == [END]
    assert await driver.items_to_end("b") == [other_end]


async def test_a_token_is_the_first_message_and_nothing_is_asked_for_before_it_is_accepted(
    played: ScriptedSockets, node: Node
) -> None:
    async with driving(node, played.url, timing=QUICK, token="s3cret") as driver:
        await follow(driver)
        line = await played.accept()
        assert await line.receive() == {"type": "auth", "token": "s3cret"}
        await line.send({"type": "authenticated", "name": "me", "scopes": ["read"]})
        await line.subscription()
        await line.close(4401)
        assert (await driver.error("a"))["code"] == "unauthenticated"


async def test_a_line_on_which_nobody_answers_is_given_up(played: ScriptedSockets, node: Node) -> None:
    timing = {**QUICK, "silenceMs": 50, "answerMs": 200}
    async with driving(node, played.url, timing=timing) as driver:
        line = await begin(driver, played)
        await line.send(event(0))
        for _ in range(3):  # an answer, whatever it says, keeps it
            asked = await line.receive()
            assert asked["type"] == "unsubscribe"
            assert asked["executionId"] != EXECUTION_ID
            await line.send({**asked, "type": "unsubscribed"})
        await driver.state("waiting")
        line = await played.accept()
        assert (await line.subscription())["after"] == 0
        await line.send(END)
        assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 9]


async def refuse_each(played: ScriptedSockets) -> None:
    """Cut every connection as soon as it asks for something."""
    while True:
        line = await played.accept()
        await line.receive()
        line.cut()


async def test_a_gateway_that_does_not_come_back_is_thrown_when_patience_ends(
    played: ScriptedSockets, node: Node
) -> None:
    async with driving(node, played.url, timing=QUICK, patienceMs=300) as driver:
        line = await begin(driver, played)
        await line.send(event(0))
        line.cut()
        refusing = asyncio.create_task(refuse_each(played))
        error = await driver.error("a")
        refusing.cancel()
        assert (error["code"], error["status"]) == ("gateway_unreachable", None)
        assert played.url in error["message"]


async def test_why_a_subscription_is_not_served_is_thrown_when_patience_ends(
    played: ScriptedSockets, node: Node
) -> None:
    why = {"message": "The broker does not answer.", "code": "log_unavailable"}
    async with driving(node, played.url, timing=QUICK, patienceMs=300) as driver:
        line = await begin(driver, played)
        refusal = {**SUBSCRIBE, "type": "error", **why}
        await line.send(refusal)
        refusing = asyncio.create_task(line.answer_each({"unsubscribe": UNSUBSCRIBED, "subscribe": refusal}))
        error = await driver.error("a")
        assert {name: error[name] for name in why} == why
        await refusing  # until the client, which needs nothing more, closes


async def test_life_cycles_have_a_connection_of_their_own_and_tell_of_what_may_be_missing(
    driver: Driver, played: ScriptedSockets
) -> None:
    everything = {"type": "subscribe", "executionId": "*"}
    started = {**everything, "type": "subscribed", "success": True}
    gap = {"type": "gap", "executionId": "*"}
    line = await begin(driver, played)
    await driver.do("loop", name="all", method="lifecycle")
    life = await played.accept()
    assert await life.receive() == everything
    await life.send(started, event(9, "execution:completed"), event(0, "execution:queued"), gap)
    told = [await driver.item("all") for _ in range(4)]
    assert told == [gap, event(9, "execution:completed"), event(0, "execution:queued"), gap]
    life.cut()
    life = await played.accept()
    assert await life.receive() == everything
    await life.send(started, event(1, "execution:started"))
    assert [await driver.item("all") for _ in range(2)] == [gap, event(1, "execution:started")]
    await driver.do("abort", name="all")
    assert (await driver.error("all"))["name"] == "AbortError"
    await life.closed()
    await line.send(END)  # what was told of its end there was not taken for its end here
    assert await driver.items_to_end("a") == [END]


async def test_the_life_cycle_of_one_pipeline_names_it(driver: Driver, played: ScriptedSockets) -> None:
    await driver.do("loop", name="all", method="lifecycle", how={"pipelineId": "echo-v1"})
    life = await played.accept()
    assert await life.receive() == {"type": "subscribe", "pipelineId": "echo-v1"}
    started = {"type": "subscribed", "pipelineId": "echo-v1", "success": True}
    await life.send(started, event(0, "execution:queued"))
    gap = {"type": "gap", "pipelineId": "echo-v1"}
    assert [await driver.item("all") for _ in range(2)] == [gap, event(0, "execution:queued")]
    await driver.do("abort", name="all")
    await driver.error("all")
