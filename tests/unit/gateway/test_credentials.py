"""Where a token is looked for, and what is no token."""

import pytest

from gateway.credentials import token_of_headers, token_of_socket, token_of_subprotocols
from gateway.refusals import Unauthenticated

TOKEN = "sct_abc.def-1"


def headers(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), *((b"authorization", value.encode()) for value in values)]


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_the_scheme_may_be_written_in_any_case(value: str) -> None:
    assert token_of_headers(headers(value)) == TOKEN


def test_without_the_header_there_is_no_token() -> None:
    assert token_of_headers(headers()) is None


@pytest.mark.parametrize(
    "values", [("Basic YTpi",), (TOKEN,), ("Bearer",), ("Bearer ",), ("",), (f"Bearer {TOKEN}", f"Bearer {TOKEN}")]
)
def test_anything_but_one_bearer_token_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(Unauthenticated):
        token_of_headers(headers(*values))


def test_a_token_that_is_too_long_to_be_one_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        token_of_headers(headers("Bearer " + "x" * 8193))


def test_a_websocket_may_carry_it_as_a_subprotocol() -> None:
    assert token_of_subprotocols(["stagecast.v1", f"stagecast.bearer.{TOKEN}"]) == TOKEN
    assert token_of_subprotocols(["stagecast.v1", "other"]) is None
    assert token_of_subprotocols([]) is None


@pytest.mark.parametrize(
    "offered", [["stagecast.bearer."], ["stagecast.bearer.a", "stagecast.bearer.b"], ["stagecast.bearer." + "x" * 8193]]
)
def test_subprotocols_must_carry_one_token(offered: list[str]) -> None:
    with pytest.raises(Unauthenticated):
        token_of_subprotocols(offered)


def test_a_websockets_header_wins_over_its_subprotocols() -> None:
    assert token_of_socket(headers(f"Bearer {TOKEN}"), ["stagecast.bearer.other"]) == TOKEN
    assert token_of_socket(headers(), ["stagecast.bearer.other"]) == "other"
    assert token_of_socket(headers(), ["stagecast.v1"]) is None
