"""`stagecast token` as a process: what is printed where, and what gets into the file."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from stagecast.tokens import TOKEN_PATTERN, TokenFile, digest_of
from tests.command_line import stagecast


async def test_a_new_token_is_printed_once_and_alone_on_stdout(tmp_path: Path) -> None:
    ended = await stagecast("token", "new", "ci", "--file", "t.json", "--expires", "90d", cwd=tmp_path)
    assert ended.code == 0
    assert re.fullmatch(TOKEN_PATTERN + "\n", ended.out)
    assert "read and run" in ended.err
    assert str(tmp_path / "t.json") in ended.err
    assert ended.out.strip() not in ended.err
    (record,) = TokenFile(tmp_path / "t.json").read()
    assert record.digest == digest_of(ended.out.strip())
    assert record.expires is not None
    assert (record.expires - record.created).days in (89, 90)


async def test_scopes_are_chosen_and_the_list_shows_them_without_tokens(tmp_path: Path) -> None:
    for name, scopes in {"ops": ["admin"], "watch": ["read"]}.items():
        chosen = [part for scope in scopes for part in ("--scope", scope)]
        assert (await stagecast("token", "new", name, *chosen, cwd=tmp_path)).code == 0
    ended = await stagecast("token", "list", cwd=tmp_path)
    rows = [line.split("\t") for line in ended.out.splitlines()]
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == [
        ("ops", "admin", "never", "good"),
        ("watch", "read", "never", "good"),
    ]
    digests = [record.digest for record in TokenFile(tmp_path / ".stagecast/tokens.json").read()]
    assert not any(digest in ended.out for digest in digests)


async def test_a_revoked_token_is_gone(tmp_path: Path) -> None:
    await stagecast("token", "new", "ci", cwd=tmp_path)
    assert (await stagecast("token", "revoke", "ci", cwd=tmp_path)).code == 0
    assert (await stagecast("token", "list", cwd=tmp_path)).out == ""
    again = await stagecast("token", "revoke", "ci", cwd=tmp_path)
    assert (again.code, again.out) == (1, "")
    assert "There is no token 'ci'" in again.err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("new", "a b"), 1, "letters, digits"),
        (("new", "ci", "--expires", "5y"), 2, "90d"),
        (("new", "ci", "--expires", "0d"), 2, "90d"),
        (("new", "ci", "--scope", "root"), 2, "root"),
        (("list", "--file", "nowhere/t.json"), 1, "cannot be read"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    ended = await stagecast("token", *arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert sentence in ended.err
    assert "Traceback" not in ended.err
    assert await asyncio.to_thread(os.listdir, tmp_path) == []
