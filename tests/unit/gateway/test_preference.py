"""`Prefer: wait=N`, as RFC 7240 writes it."""

import pytest

from gateway.preference import wait_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0),
        (["wait=30"], 30),
        (["WAIT=30"], 30),
        (['wait="30"'], 30),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait = 10; foo=bar"], 10),
        (["wait=5, wait=50"], 5),
        (["wait"], 0),
        (["wait=soon"], 0),
        (["wait=-5"], 0),
        (["wait=1.5"], 0),
        (["waiting=7"], 0),
        (["wait=99999999999"], 0),
    ],
)
def test_the_first_wait_that_can_be_understood_counts(headers: list[str], seconds: int) -> None:
    assert wait_seconds(headers) == seconds
