"""The tokens of the file: taken anew when it changes, kept when it breaks."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from contracts.envelope import utc_now
from contracts.errors import MissingSetting
from gateway.known_tokens import KnownTokens
from gateway.refusals import Unauthenticated
from stagecast.tokens import TokenFile, new_token


class Known:
    """Known tokens with a clock that the test moves, past the next look at the file each time."""

    def __init__(self, path: Path) -> None:
        self.now = 0.0
        self.tokens = KnownTokens(path, clock=lambda: self.now)

    async def name_of(self, token: str) -> str | None:
        """Look at the file, and return whose token it is."""
        self.now += 1.0
        principal = await self.tokens.find(token)
        return None if principal is None else principal.name


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


async def test_a_token_tells_whose_it_is_and_what_they_may(file: TokenFile) -> None:
    expires = utc_now() + timedelta(hours=1)
    token = file.add("ci", ["read", "run"], expires)
    principal = await KnownTokens(file.path).find(token)
    assert principal is not None
    assert (principal.name, principal.scopes) == ("ci", {"read", "run"})
    assert principal.until is not None
    assert abs(principal.until - expires) < timedelta(milliseconds=1)


async def test_other_tokens_are_not_known(file: TokenFile) -> None:
    token = file.add("ci", ["read"])
    known = Known(file.path)
    for other in (new_token(), token[:-1], token + "0", token.upper(), token[4:], "", "sct_", "sct_\ud800"):
        assert await known.name_of(other) is None


async def test_an_expired_token_is_refused(file: TokenFile) -> None:
    token = file.add("ci", ["read"], utc_now() - timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="expired"):
        await KnownTokens(file.path).find(token)


async def test_a_new_token_is_good_and_a_revoked_one_is_not_without_a_restart(file: TokenFile) -> None:
    first = file.add("first", ["read"])
    known = Known(file.path)
    second = file.add("second", ["read"])
    assert [await known.name_of(token) for token in (first, second)] == ["first", "second"]
    file.revoke("first")
    assert [await known.name_of(token) for token in (first, second)] == [None, "second"]


async def test_the_file_is_not_looked_at_with_every_request(file: TokenFile) -> None:
    file.add("first", ["read"])
    known = Known(file.path)
    second = file.add("second", ["read"])
    known.now = 0.9
    assert await known.tokens.find(second) is None
    known.now = 1.0
    assert await known.tokens.find(second) is not None


@pytest.mark.parametrize("fault", ["{", None])
async def test_a_file_that_breaks_keeps_the_tokens_that_were_good_and_is_told_once(
    file: TokenFile, fault: str | None
) -> None:
    token = file.add("ci", ["read"])
    known, whole = Known(file.path), file.path.read_text()
    if fault is None:
        file.path.unlink()
    else:
        file.path.write_text(fault)
    with capture_logs() as lines:
        assert [await known.name_of(token) for _ in range(3)] == ["ci"] * 3
    assert [line["event"] for line in lines] == ["tokens not taken; those known before stay good"]
    file.path.write_text(whole)
    file.add("more", ["read"])
    file.revoke("ci")
    assert await known.name_of(token) is None


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_gateway_does_not_start_with_a_file_that_cannot_be_used(file: TokenFile, text: str | None) -> None:
    if text is not None:
        file.path.write_text(text)
    with pytest.raises(MissingSetting, match="stagecast token new"):
        KnownTokens(file.path)
