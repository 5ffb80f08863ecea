"""Which pages may use a gateway, and by which names it is called."""

import pytest

from gateway.access_settings import AccessSettings
from gateway.origin import BrowserRules, is_host_allowed, is_origin_allowed


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        (None, "http", "stage.example"),
        ("http://stage.example", "http", "stage.example"),
        ("http://stage.example", "http", "stage.example:80"),
        ("http://Stage.Example:8000", "http", "stage.example:8000"),
        ("https://stage.example", "https", "stage.example"),
        ("https://stage.example", "https", "stage.example:443"),
        ("http://127.0.0.1:8000", "ws", "127.0.0.1:8000"),
        ("https://stage.example", "wss", "stage.example"),
        ("http://[::1]:8000", "http", "[::1]:8000"),
    ],
)
def test_a_page_of_the_gateways_own_may_and_so_may_what_is_no_page(origin: str | None, scheme: str, host: str) -> None:
    assert is_origin_allowed(origin, scheme=scheme, host=host)


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("http://evil.example", "http", "stage.example"),
        ("https://stage.example", "http", "stage.example"),
        ("http://stage.example", "https", "stage.example"),
        ("http://stage.example:8001", "http", "stage.example:8000"),
        ("http://stage.example", "http", "stage.example:8000"),
        ("http://stage.example.evil.example", "http", "stage.example"),
        ("http://evil.example/http://stage.example", "http", "stage.example"),
        ("http://stage.example@evil.example", "http", "stage.example"),
        ("http://localhost:8000", "http", "127.0.0.1:8000"),
        ("null", "http", "stage.example"),
        ("", "http", "stage.example"),
        ("file://", "http", "stage.example"),
        ("http://stage.example:port", "http", "stage.example"),
        ("http://[::1", "http", "[::1"),
        ("http://stage.example", "http", None),
    ],
)
def test_any_other_page_may_not(origin: str, scheme: str, host: str | None) -> None:
    assert not is_origin_allowed(origin, scheme=scheme, host=host)


def test_a_page_that_is_named_may_whatever_it_calls_the_gateway() -> None:
    allowed = {"https://app.example"}
    assert is_origin_allowed("https://app.example", scheme="http", host="stage.example", allowed=allowed)
    assert is_origin_allowed("https://APP.example", scheme="http", host=None, allowed=allowed)
    assert not is_origin_allowed("http://app.example", scheme="http", host="stage.example", allowed=allowed)
    assert not is_origin_allowed("null", scheme="http", host="stage.example", allowed=allowed)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "LocalHost.", "a.localhost:1"]
)
def test_loopback_goes_by_its_own_names_at_any_port(host: str) -> None:
    assert is_host_allowed(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "", "x@localhost"]
)
def test_it_does_not_go_by_a_name_that_somebody_made_up(host: str) -> None:
    assert not is_host_allowed(host)


def test_further_names_can_be_listed_with_and_without_port() -> None:
    assert is_host_allowed("gateway:8000", {"gateway"})
    assert is_host_allowed("gateway:8000", {"gateway:8000"})
    assert not is_host_allowed("gateway:8001", {"gateway:8000"})
    assert is_host_allowed("anything", {"*"})
    assert is_host_allowed(None)


@pytest.mark.parametrize(
    ("settings", "are_names_looked_at"),
    [
        ({}, True),
        ({"auth": "on"}, False),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "auth": "off"}, False),
        ({"host": "0.0.0.0", "auth": "off", "allowed_hosts": ("gateway",)}, True),
        ({"host": "0.0.0.0", "auth": "off", "allowed_hosts": ("*",)}, False),
        ({"host": "0.0.0.0", "auth": "on", "allowed_hosts": ("gateway",)}, False),
    ],
)
def test_names_are_looked_at_where_a_page_could_do_without_a_token(
    settings: dict[str, object], are_names_looked_at: bool
) -> None:
    rules = BrowserRules.from_settings(AccessSettings.model_validate(settings))
    assert rules.allows_host("evil.example") is not are_names_looked_at
    assert rules.allows_host("localhost:1234")
