"""What is masked in texts that leave a process, and what is not."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from stagecast.redaction import EnvironmentRedactor, Redactor, secrets_of
from stagecast.tokens import new_token

KEY = "hunter2-hunter2"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "STAGECAST_NATS_TOKEN", "DB_PASSWORD", "client_secret", "X_KEY"])
def test_values_of_variables_with_such_names_are_secrets(name: str) -> None:
    assert secrets_of({name: KEY, "HOME": "/home/somebody"}) == {KEY}


@pytest.mark.parametrize(("name", "value"), [("X_KEY", "short"), ("KEYBOARD", KEY), ("X_KEYS", KEY), ("X_KEY", "")])
def test_short_values_and_other_names_are_not(name: str, value: str) -> None:
    assert secrets_of({name: value}) == frozenset()


def test_passwords_in_urls_of_the_environment_are() -> None:
    urls = "nats://user:longpassword@one:4222,nats://lonelytoken@two"
    assert secrets_of({"STAGECAST_NATS_URL": urls}) == {"longpassword", "lonelytoken"}


def test_a_secret_is_masked_however_it_is_written() -> None:
    secret = "pass\"word\\with\nlines\t'ü'\U0001f600&/"
    redact = Redactor([secret]).redact
    ways: list[Callable[[str], str]] = [json.dumps, lambda text: json.dumps(text, ensure_ascii=False), repr, ascii]
    for first in ways:
        for second in ways:
            for third in ways:
                for text in (first(secret), second(first(secret)), third(second(first(secret)))):
                    assert redact(f"<{text}>").strip("<>\\\"'") == "***", text
    assert redact(f"a{secret}b") == "a***b"
    assert redact(f"https://x.example/?key={quote(secret, safe='')}&b") == "https://x.example/?key=***&b"


def test_of_two_secrets_where_one_begins_with_the_other_nothing_is_left() -> None:
    assert Redactor(["abcdefgh", "abcdefgh-and-more"]).redact("x abcdefgh-and-more y") == "x *** y"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("nats://user:pw@host:4222 away", "nats://user:***@host:4222 away"),
        ("nats://token@host", "nats://***@host"),
        ("postgres://u:p%40q@db/x", "postgres://u:***@db/x"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ***"),
        ("bearer abcdef.123456-x_y", "bearer ***"),
        ("stagecast.bearer.abcdef123456", "stagecast.bearer.***"),
        ("got sct_" + "0f" * 32 + "!", "got sct_***!"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl", "***"),
    ],
)
def test_what_looks_like_a_credential_is_masked_without_being_known(text: str, masked: str) -> None:
    assert Redactor().redact(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "The stage 'rewrite' failed: 3 of 4 cases.",
        "http://127.0.0.1:8000/api/executions?limit=3",
        "mail me at me@example.org",
        "send `Authorization: Bearer <token>`",
        "a bearer of bad news",
        "exec_1703187600000_abcdefghijklmnop",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor([KEY]).redact(text) == text


def test_our_own_tokens_are_masked() -> None:
    token = new_token()
    assert token not in Redactor().redact(f"sent {token} there")


def test_a_secret_that_comes_later_is_known_a_moment_after_and_stays_one() -> None:
    environment: dict[str, str] = {}
    now = 0.0
    redact = EnvironmentRedactor(environment, clock=lambda: now).redact
    assert redact(KEY) == KEY
    environment["LATE_API_KEY"] = KEY
    now += 1.0
    assert redact(f"a {KEY}") == "a ***"
    del environment["LATE_API_KEY"]
    now += 1.0
    assert redact(f"a {KEY}") == "a ***"


def test_a_long_text_made_to_be_slow_is_not() -> None:
    for hard in ("a." * 50_000 + "://", "-eyJaaaaaaaa" * 4_000, "://" + "x" * 50_000, "bearer " * 10_000):
        assert Redactor([KEY]).redact(hard)
