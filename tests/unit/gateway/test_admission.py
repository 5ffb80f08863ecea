"""Who is let in, and when somebody asks too often."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from contracts.errors import MissingSetting
from gateway.access_settings import AccessSettings
from gateway.admission import Admission, RateWindows
from gateway.gatekeeper import Gatekeeper
from gateway.principal import EVERYBODY
from gateway.rate_window import RateWindow
from gateway.refusals import RateLimited, Unauthenticated
from stagecast.tokens import TokenFile, new_token

HERE = "10.1.2.3"


class Door:
    """An admission over a file of tokens, with a clock that the test moves."""

    def __init__(self, directory: Path, *, requests: int = 100, submissions: int = 100, failures: int = 100) -> None:
        self.now = 0.0
        file = TokenFile(directory / "tokens.json")
        self.alice, self.bob = file.add("alice", ["read", "run"]), file.add("bob", ["read"])
        windows = RateWindows(*(RateWindow(limit, clock=self.clock) for limit in (requests, submissions, failures)))
        settings = AccessSettings.model_validate({"auth": "on", "tokens_file": file.path})
        self.admission = Admission(Gatekeeper.from_settings(settings), windows)

    def clock(self) -> float:
        return self.now


async def test_where_nobody_is_asked_everybody_is_let_in_and_nothing_is_counted() -> None:
    windows = RateWindows(RateWindow(1), RateWindow(1), RateWindow(1))
    admission = Admission(Gatekeeper.from_settings(AccessSettings.model_validate({})), windows)
    for _ in range(5):
        assert await admission.admit(None, HERE) is EVERYBODY
        admission.admit_submission(EVERYBODY)
    assert windows.requests.key_count == windows.submissions.key_count == 0


async def test_a_good_token_is_let_in_and_no_other(tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert (await door.admission.admit(door.alice, HERE)).name == "alice"
    for token in (None, "", new_token(), "a.b.c"):
        with pytest.raises(Unauthenticated):
            await door.admission.admit(token, HERE)


async def test_requests_are_counted_by_token_and_told_when_to_come_again(tmp_path: Path) -> None:
    door = Door(tmp_path, requests=2)
    for _ in range(2):
        await door.admission.admit(door.alice, HERE)
        door.now += 10
    with pytest.raises(RateLimited) as refusal:
        await door.admission.admit(door.alice, "10.9.9.9")
    assert refusal.value.retry_after_seconds == 40
    assert (await door.admission.admit(door.bob, HERE)).name == "bob"
    door.now += 40
    assert (await door.admission.admit(door.alice, HERE)).name == "alice"


async def test_submissions_are_counted_apart(tmp_path: Path) -> None:
    door = Door(tmp_path, submissions=1)
    alice = await door.admission.admit(door.alice, HERE)
    door.admission.admit_submission(alice)
    with pytest.raises(RateLimited):
        door.admission.admit_submission(alice)
    await door.admission.admit(door.alice, HERE)


async def test_too_many_wrong_tokens_of_an_address_are_told_and_logged_no_more(tmp_path: Path) -> None:
    door = Door(tmp_path, failures=3)
    with capture_logs() as lines:
        for kind in [Unauthenticated] * 3 + [RateLimited] * 5:
            with pytest.raises(kind):
                await door.admission.admit(new_token(), HERE)
    assert [line["event"] for line in lines] == ["not let in"] * 3
    with pytest.raises(Unauthenticated):
        await door.admission.admit(new_token(), "10.1.2.4")


async def test_an_attacker_does_not_lock_out_the_neighbours_behind_the_same_address(tmp_path: Path) -> None:
    door = Door(tmp_path, failures=1)
    for _ in range(3):
        with pytest.raises((Unauthenticated, RateLimited)):
            await door.admission.admit(new_token(), HERE)
    assert (await door.admission.admit(door.alice, HERE)).name == "alice"


async def test_who_shows_no_token_guesses_nothing(tmp_path: Path) -> None:
    door = Door(tmp_path, failures=1)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await door.admission.admit(None, HERE)


async def test_a_network_of_ipv6_counts_as_one_address(tmp_path: Path) -> None:
    door = Door(tmp_path, failures=1)
    with pytest.raises(Unauthenticated):
        await door.admission.admit(new_token(), "2001:db8:0:1::1")
    with pytest.raises(RateLimited):
        await door.admission.admit(new_token(), "2001:db8:0:1:ffff::2%eth0")
    with pytest.raises(Unauthenticated):
        await door.admission.admit(new_token(), "2001:db8:0:2::1")


def test_a_gateway_that_is_to_ask_for_tokens_and_knows_none_does_not_start() -> None:
    with pytest.raises(MissingSetting) as missing:
        Gatekeeper.from_settings(AccessSettings.model_validate({"host": "0.0.0.0"}))
    for word in ("stagecast token new", "STAGECAST_TOKENS_FILE", "STAGECAST_JWKS_URL", "STAGECAST_AUTH=off"):
        assert word in missing.value.message


def test_being_open_to_everybody_is_told_in_the_log() -> None:
    with capture_logs() as lines:
        assert Gatekeeper.from_settings(AccessSettings.model_validate({"host": "0.0.0.0", "auth": "off"})).is_open
        assert Gatekeeper.from_settings(AccessSettings.model_validate({})).is_open
    assert [line["log_level"] for line in lines] == ["warning"]
