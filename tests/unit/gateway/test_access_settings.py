"""When tokens are asked for, and how lists are written in the environment."""

import pytest

from contracts.errors import MissingSetting
from gateway.access_settings import AccessSettings, is_loopback
from gateway.settings import GatewaySettings
from stagecast.settings import read_settings


@pytest.mark.parametrize(
    ("host", "auth", "asks"),
    [
        ("127.0.0.1", "auto", False),
        ("127.8.8.8", "auto", False),
        ("localhost", "auto", False),
        ("::1", "auto", False),
        ("0.0.0.0", "auto", True),
        ("::", "auto", True),
        ("192.168.1.5", "auto", True),
        ("stage.example", "auto", True),
        ("", "auto", True),
        ("127.0.0.1", "on", True),
        ("0.0.0.0", "off", False),
    ],
)
def test_tokens_are_asked_for_where_others_could_come_in(host: str, auth: str, asks: bool) -> None:
    assert AccessSettings.model_validate({"host": host, "auth": auth}).asks_for_tokens is asks


def test_nothing_set_is_open_on_loopback() -> None:
    settings = GatewaySettings()
    assert (settings.host, settings.asks_for_tokens) == ("127.0.0.1", False)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "x.localhost", "127.0.0.1", "::1", "[::1]"])
def test_loopback_has_these_names(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0", "::", "localhost.evil.example"])
def test_and_not_these(name: str) -> None:
    assert not is_loopback(name)


@pytest.mark.parametrize(
    "text", ["https://a.example, http://localhost:3000", '["https://a.example","http://localhost:3000"]']
)
def test_a_list_is_written_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("STAGECAST_ALLOWED_ORIGINS", text)
    monkeypatch.setenv("STAGECAST_ALLOWED_HOSTS", "gateway,stage.example")
    settings = read_settings(GatewaySettings)
    assert settings.allowed_origins == ("https://a.example", "http://localhost:3000")
    assert settings.allowed_hosts == ("gateway", "stage.example")


@pytest.mark.parametrize(
    "text",
    ["*", "a.example", "https://a.example/", "https://a.example/path", "ftp://a.example", "https://u@a.example", "["],
)
def test_what_is_no_origin_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("STAGECAST_ALLOWED_ORIGINS", text)
    with pytest.raises(MissingSetting, match="STAGECAST_ALLOWED_ORIGINS"):
        read_settings(GatewaySettings)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "keys.example/jwks"])
def test_keys_come_over_http_alone(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STAGECAST_JWKS_URL", url)
    with pytest.raises(MissingSetting, match="STAGECAST_JWKS_URL"):
        read_settings(GatewaySettings)
