"""What the JavaScript client gives to its reader, against a gateway that does what a real one seldom does."""

from tests.web.following import CAUGHT_UP, END, QUICK, SUBSCRIBE, UNSUBSCRIBE, UNSUBSCRIBED, begin, follow
from tests.web.node import Driver, Node, driving
from tests.web.scripted_gateway import EXECUTION_ID, ScriptedSockets, event, subscribed


async def test_events_and_notices_come_in_order_and_the_terminal_one_ends_it(
    driver: Driver, played: ScriptedSockets
) -> None:
    line = await begin(driver, played)
    told = [event(0), event(1), CAUGHT_UP, event(None, text="live"), event(4), event(None, "dropped", dropped=7), END]
    await line.send(*told)
    assert await driver.items_to_end("a") == told
    assert await line.closed() == 1000  # by the client: nobody needs it any more


async def test_what_was_seen_is_dropped_and_what_is_out_of_place_is_ignored(
    driver: Driver, played: ScriptedSockets
) -> None:
    await follow(driver, after=2)
    line = await played.accept()
    assert await line.receive() == {**SUBSCRIBE, "after": 2}
    await line.send(event(50), event(None, text="too early"), CAUGHT_UP)  # before `subscribed`: of an earlier question
    await line.send(subscribed(3, 5))
    await line.send(event(1), event(2), event(3), event(3), event(2))
    other = {**event(4), "executionId": "exec_1703187600000_ponmlkjihgfedcba"}
    await line.send(other, {"type": "authenticated", "name": "x", "scopes": []}, {"type": "news"}, "7", "null", "[]")
    await line.send({"type": "error", "message": "Invalid message format"}, event(5), event(4), END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [3, 5, 9]


async def test_after_a_loss_it_resumes_behind_the_last_number(driver: Driver, played: ScriptedSockets) -> None:
    line = await begin(driver, played)
    await line.send(event(0), event(3), event(None, text="live"))
    for expected in (0, 3, None):
        assert (await driver.item("a")).get("seq") == expected
    line.cut()
    assert (await driver.state("waiting"))["closeCode"] == 1006
    line = await played.accept()
    assert await line.subscription() == {**SUBSCRIBE, "after": 3}
    await line.send(event(3), event(4))
    assert (await driver.item("a"))["seq"] == 4
    await line.close(4408)
    line = await played.accept()
    assert (await line.subscription())["after"] == 4
    await line.send(END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [9]


async def test_what_is_no_json_ends_the_connection_and_loses_nothing(driver: Driver, played: ScriptedSockets) -> None:
    line = await begin(driver, played)
    await line.send(event(0), '{"type": "stage:comp', event(2))
    await line.closed()
    line = await played.accept()
    assert (await line.subscription())["after"] == 0
    await line.send(event(1), event(2), END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 1, 2, 9]


async def test_what_is_not_kept_any_more_is_told_and_it_goes_on_after_to(
    driver: Driver, played: ScriptedSockets
) -> None:
    await follow(driver, after=70)
    line = await played.accept()
    gap = subscribed(6, 5, recovered=False, snapshot={"id": EXECUTION_ID, "lastSeq": 5})
    assert (await line.receive())["after"] == 70
    await line.send(gap, CAUGHT_UP, event(6))
    assert [await driver.item("a") for _ in range(3)] == [gap, CAUGHT_UP, event(6)]
    line.cut()
    line = await played.accept()
    assert (await line.subscription())["after"] == 6
    await line.send(END)
    assert await driver.items_to_end("a") == [END]


async def test_an_execution_of_which_only_the_result_is_kept_is_told_to_its_end(
    driver: Driver, played: ScriptedSockets
) -> None:
    await follow(driver)
    line = await played.accept()
    await line.receive()
    gap = {**SUBSCRIBE, "type": "subscribed", "success": True, "recovered": False, "snapshot": {"status": "success"}}
    end = event(None, "execution:completed", result={"status": "success"})
    await line.send(gap, end, event(None, "caught_up"))
    assert await driver.items_to_end("a") == [gap, end]


async def test_the_end_that_is_told_again_is_the_end(driver: Driver, played: ScriptedSockets) -> None:
    line = await begin(driver, played, after=9)
    await line.send(END)
    assert await driver.items_to_end("a") == [END]


async def test_a_number_that_is_left_out_of_all_events_is_asked_for_again(
    driver: Driver, played: ScriptedSockets
) -> None:
    line = await begin(driver, played, events="all")
    await line.send(event(0), event(2), event(3))
    assert [await line.receive(), await line.receive()] == [UNSUBSCRIBE, {**SUBSCRIBE, "after": 0, "events": "all"}]
    await line.send(event(4), UNSUBSCRIBED, subscribed(1, 2), event(1), event(2), {**END, "seq": 3})
    assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 1, 2, 3]


async def test_a_subscription_that_cannot_be_served_now_is_tried_again(driver: Driver, played: ScriptedSockets) -> None:
    line = await begin(driver, played)
    await line.send(event(0), {**SUBSCRIBE, "type": "error", "message": "The events cannot be read at the moment."})
    assert [await line.receive(), await line.receive()] == [UNSUBSCRIBE, {**SUBSCRIBE, "after": 0}]
    await line.send(UNSUBSCRIBED, subscribed(1, 1), event(1), END)
    assert [item["seq"] for item in await driver.items_to_end("a")] == [0, 1, 9]


async def test_what_comes_for_a_loop_that_was_left_is_not_taken_for_the_next_one(
    driver: Driver, played: ScriptedSockets
) -> None:
    line = await begin(driver, played, after=50)
    await driver.do("abort", name="a")
    assert (await driver.error("a"))["name"] == "AbortError"
    assert await line.receive() == UNSUBSCRIBE
    await follow(driver, "b")
    assert await line.receive() == SUBSCRIBE
    # The answer to the first subscription is late: what follows it is not the second one's.
    await line.send(subscribed(51, 51), event(51), UNSUBSCRIBED, subscribed(0, 0), event(0), END)
    assert [item["seq"] for item in await driver.items_to_end("b")] == [0, 9]


async def test_a_reader_that_is_slow_loses_live_text_first_and_no_event_ever(
    played: ScriptedSockets, node: Node
) -> None:
    limits = {"liveText": 4, "items": 10}
    timing = {**QUICK, "idleMs": 60_000}  # so that it comes back on the same connection
    async with driving(node, played.url, timing=timing, limits=limits) as driver:
        await follow(driver, is_slow=True)
        await driver.do("read", name="a", count=1)  # else it does not even begin
        line = await played.accept()
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
