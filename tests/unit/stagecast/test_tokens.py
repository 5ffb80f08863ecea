"""The file of tokens: what it keeps, and that it is whole whatever happens."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.envelope import utc_now
from stagecast.tokens import TOKEN_PATTERN, TokenFile, TokensUnusable, digest_of, new_token
from tests.processes import REPOSITORY


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "deep" / "tokens.json")


def test_a_token_has_256_random_bits_and_is_known_by_its_form() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(TOKEN_PATTERN, token) for token in tokens)


def test_the_file_keeps_what_a_token_may_and_not_the_token(file: TokenFile) -> None:
    expires = utc_now() + timedelta(days=90)
    token = file.add("ci", ["read", "run", "read"], expires)
    (record,) = file.read()
    assert (record.name, record.scopes, record.digest) == ("ci", ("read", "run"), digest_of(token))
    assert record.expires is not None
    assert abs(record.expires - expires) < timedelta(milliseconds=1)
    assert token.removeprefix("sct_") not in file.path.read_text()


def test_only_its_owner_may_read_the_file_and_nothing_is_left_beside_it(file: TokenFile) -> None:
    file.add("one", ["read"])
    file.add("two", ["read"])
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in file.path.parent.iterdir()} == {"tokens.json", "tokens.json.lock"}


def test_a_name_is_there_once_and_free_again_when_it_is_revoked(file: TokenFile) -> None:
    first = file.add("ci", ["read"])
    with pytest.raises(TokensUnusable, match="already"):
        file.add("ci", ["run"])
    file.revoke("ci")
    assert file.add("ci", ["run"]) != first
    assert [record.scopes for record in file.read()] == [("run",)]


def test_what_is_not_there_cannot_be_revoked(file: TokenFile) -> None:
    with pytest.raises(TokensUnusable, match="no token 'ci'"):
        file.revoke("ci")


@pytest.mark.parametrize("name", ["", "a b", "a\n", "-a", "ä", "x" * 101])
def test_a_name_is_one_word(file: TokenFile, name: str) -> None:
    with pytest.raises(TokensUnusable, match="name"):
        file.add(name, ["read"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "tokens": []}',
        '{"tokens": [{"name": "a"}]}',
        '{"tokens": [{"name": "a", "digest": "x", "scopes": [], "created": "2026-01-01T00:00:00Z"}]}',
        json.dumps({"tokens": [{"name": "a", "digest": "0" * 64, "scopes": ["root"], "created": "2026-01-01T00:00Z"}]}),
        json.dumps({"tokens": [{"name": "a", "digest": "0" * 64, "scopes": [], "created": "2026-01-01T00:00:00"}]}),
    ],
)
def test_a_broken_file_is_told_and_not_written_over(file: TokenFile, text: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(text)
    with pytest.raises(TokensUnusable, match="broken"):
        file.read()
    with pytest.raises(TokensUnusable, match="broken"):
        file.add("ci", ["read"])
    assert file.path.read_text() == text


def test_a_missing_file_is_told(file: TokenFile) -> None:
    with pytest.raises(TokensUnusable, match="No such file"):
        file.read()


def test_processes_that_write_at_the_same_time_lose_nothing(file: TokenFile) -> None:
    script = (
        "import sys; from pathlib import Path; from stagecast.tokens import TokenFile\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for n in range(25): TokenFile(Path(sys.argv[1])).add(f'{sys.argv[2]}-{n}', ['read'])"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(file.path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:  # all at once
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0] * 4
    assert {record.name for record in file.read()} == {f"{one}-{n}" for one in range(4) for n in range(25)}
