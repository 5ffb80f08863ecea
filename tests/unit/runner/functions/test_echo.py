import asyncio

import pytest

from runner.functions.echo import echo
from tests.unit.runner.scripts import Bench, call, definition


def echoing(**arguments: object) -> dict[str, object]:
    return call("a", "echo", arguments=arguments)


async def test_echo_returns_its_arguments_and_padding_where_asked() -> None:
    bench = Bench(functions={"echo": echo})
    assert (await bench.run(definition(echoing(text="hi", n=1)))).output == {"text": "hi", "n": 1}
    assert (await bench.run(definition(echoing(size=4, say="hello")))).output == {"padding": "xxxx"}
    assert bench.told.texts == [("a", "hello", None)]


@pytest.mark.parametrize(("fail", "message"), [(True, "echo was asked to fail."), ("on purpose", "on purpose")])
async def test_echo_fails_where_asked(fail: bool | str, message: str) -> None:
    result = await Bench(functions={"echo": echo}).run(definition(echoing(fail=fail)))
    assert (result.stages[0].error, result.error_code) == (message, "echo_failed")


async def test_echo_waits_and_its_wait_can_be_cancelled() -> None:
    cancel = asyncio.Event()
    bench = Bench(functions={"echo": echo})
    bench.told.stop_at["started a"] = cancel.set
    assert (await bench.run(definition(echoing(delay_ms=500_000)), cancel=cancel)).status == "cancelled"


@pytest.mark.parametrize("argument", [{"delay_ms": -1}, {"size": 10**9}])
async def test_echo_refuses_what_is_beyond_its_limits(argument: dict[str, int]) -> None:
    result = await Bench(functions={"echo": echo}).run(definition(echoing(**argument)))
    assert result.error_code == "bad_argument"


async def test_echo_is_found_by_its_entry_point_like_any_plugin() -> None:
    result = await Bench().run(definition(echoing(x=1)))
    assert result.output == {"x": 1}
