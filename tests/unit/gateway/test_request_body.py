import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import InvalidInput
from gateway.request_body import parse_rerun, parse_run
from stagecast.plain import MAX_DEPTH


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("parse", [parse_run, parse_rerun])
def test_options_that_an_event_could_not_carry_are_refused(parse: Callable[[bytes], object]) -> None:
    def body(depth: int) -> bytes:
        return json.dumps({"input": "x", "options": {"data": nested(depth)}}).encode()

    parse(body(MAX_DEPTH - 1))
    with pytest.raises(InvalidInput, match="nested more than"):
        parse(body(MAX_DEPTH + 1))
