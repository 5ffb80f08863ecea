"""What a client does when it is closed: each row of the table."""

import pytest

from contracts.messages import CloseCode
from stagecast.arrivals import Closed
from stagecast.closing import pause_seconds, refusal_of


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        (1009, 413, "message_too_long"),
        (4400, 400, "bad_message"),
        (4401, 401, "unauthenticated"),
        (4403, 403, "forbidden"),
    ],
)
def test_what_waiting_does_not_mend_is_an_error(code: int, status: int, name: str) -> None:
    refusal = refusal_of(Closed(code, "because of this"))
    assert refusal is not None
    assert (refusal.status, refusal.code) == (status, name)
    assert "because of this" in refusal.message


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1011, 1012, 4408, 4429])
def test_whoever_is_closed_for_anything_else_may_come_back(code: int | None) -> None:
    assert refusal_of(Closed(code)) is None


def test_every_code_of_the_contract_is_known_here() -> None:
    refused = {code for code in CloseCode if refusal_of(Closed(code)) is not None}
    told = {CloseCode.GOING_AWAY, CloseCode.TOO_SLOW, CloseCode.TOO_MANY, CloseCode.IDLE, 1013}
    assert refused | told >= set(CloseCode)


@pytest.mark.parametrize(
    ("code", "tries", "least", "most"),
    [
        (4408, 0, 0.0, 0.0),
        (1000, 0, 0.0, 0.0),
        (4408, 1, 0.1, 0.2),
        (1012, 0, 0.0, 1.0),
        (1012, 3, 0.4, 0.8),
        (4429, 0, 0.5, 1.0),
        (4429, 2, 2.0, 4.0),
        (1013, 0, 0.5, 1.0),
        (4429, 50, 15.0, 30.0),
        (None, 0, 0.05, 0.1),
        (1006, 50, 1.0, 2.0),
    ],
)
def test_who_comes_back_waits_so_long(code: int | None, tries: int, least: float, most: float) -> None:
    assert pause_seconds(code, tries, lambda: 0.0) == pytest.approx(least)
    assert pause_seconds(code, tries, lambda: 1.0) == pytest.approx(most)
