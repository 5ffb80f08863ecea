"""Which keys are taken, and what a key stands for."""

import pytest

from contracts.errors import IdempotencyConflict, InvalidInput
from gateway.idempotency import KnownKeys, read_key
from stagecast.memory_log import MemoryLog

FIRST, SECOND = "exec_1703187600000_aaaaaaaaaaaaaaaa", "exec_1703187600000_bbbbbbbbbbbbbbbb"


@pytest.mark.parametrize("key", ["x", '"8e03978e-40d5-43e8-bc93-6894a57f9324"', "~!#", "k" * 255])
def test_one_to_255_visible_characters_are_a_key_as_they_are(key: str) -> None:
    assert read_key([key]) == key


def test_a_request_without_the_header_has_no_key() -> None:
    assert read_key([]) is None


@pytest.mark.parametrize("headers", [[""], ["a b"], ["k" * 256], ["clé"], ["tab\t"], ["a", "b"], ["a", "a"]])
def test_anything_else_is_no_key(headers: list[str]) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        read_key(headers)


async def test_a_key_stands_for_the_execution_that_it_came_with_first() -> None:
    keys = KnownKeys(MemoryLog())
    assert await keys.first_id("k", {"input": "x", "options": {"a": 1, "b": 2}}, FIRST) == FIRST
    assert await keys.first_id("k", {"options": {"b": 2, "a": 1}, "input": "x"}, SECOND) == FIRST
    assert await keys.first_id("other", {"input": "x", "options": {"a": 1, "b": 2}}, SECOND) == SECOND


@pytest.mark.parametrize("other", [{"input": "y"}, {"input": "x", "options": {}}, {}, {"input": ["x"]}])
async def test_the_same_key_with_another_request_is_a_conflict(other: dict[str, object]) -> None:
    keys = KnownKeys(MemoryLog())
    await keys.first_id("k", {"input": "x"}, FIRST)
    with pytest.raises(IdempotencyConflict):
        await keys.first_id("k", other, SECOND)
    assert await keys.first_id("k", {"input": "x"}, SECOND) == FIRST
