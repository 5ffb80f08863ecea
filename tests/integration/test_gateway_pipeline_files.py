"""Pipeline files as they are written, over HTTP: all of them, and nothing else."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import BROKEN_FILE, EXAMPLE_FILE, RunningGateway, running_gateway

FILES = "/api/pipeline-files"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        yield gateway


async def test_all_files_are_listed_with_what_is_wrong_in_them(gateway: RunningGateway) -> None:
    rows = (await gateway.http.get(FILES)).json()
    assert [(row["filename"], row["id"]) for row in rows] == [
        ("broken-v1.yaml", "broken-v1"),
        ("example-v1.yaml", "example-v1"),
        ("paid-v1.yaml", "paid-v1"),
    ]
    assert [len(row["problems"]) for row in rows] == [1, 0, 0]
    problem = rows[0]["problems"][0]
    assert (problem["line"], problem["column"], problem["path"]) == (5, None, "stages.first.promt")
    assert "did you mean 'prompt'?" in problem["message"]


async def test_a_file_is_shown_as_it_is_written(gateway: RunningGateway, tmp_path: Path) -> None:
    broken = (await gateway.http.get(f"{FILES}/broken-v1.yaml")).json()
    assert broken["source"] == BROKEN_FILE
    assert len(broken["problems"]) == 1
    example = (await gateway.http.get(f"{FILES}/example-v1.yaml")).json()
    assert example == {"filename": "example-v1.yaml", "id": "example-v1", "problems": [], "source": EXAMPLE_FILE}
    (tmp_path / "pipelines" / "example-v1.yaml").write_text(EXAMPLE_FILE + "# changed\n")
    assert (await gateway.http.get(f"{FILES}/example-v1.yaml")).json()["source"].endswith("# changed\n")


async def test_a_name_with_blanks_and_letters_of_any_kind_is_found(gateway: RunningGateway, tmp_path: Path) -> None:
    (tmp_path / "pipelines" / "a b ü.yaml").write_text("id: a-v1\n")
    reply = await gateway.http.get(f"{FILES}/a%20b%20%C3%BC.yaml")
    assert (reply.status_code, reply.json()["source"]) == (200, "id: a-v1\n")


async def test_a_name_that_is_no_text_takes_nothing_else_down(gateway: RunningGateway, tmp_path: Path) -> None:
    (tmp_path / "pipelines" / os.fsdecode(b"\xff.yaml")).write_text(EXAMPLE_FILE)
    rows = {row["filename"]: row for row in (await gateway.http.get(FILES)).json()}
    assert "also that of ?.yaml" in rows["example-v1.yaml"]["problems"][0]["message"]
    assert rows["?.yaml"]["id"] == "example-v1"


@pytest.mark.parametrize(
    "name",
    ["nothing.yaml", "..%2fsecret.yaml", "%2e%2e%2fsecret.yaml", "example-v1", ".hidden.yaml", "a/b.yaml", "%00"],
)
async def test_no_other_file_is_shown(gateway: RunningGateway, tmp_path: Path, name: str) -> None:
    for path in (tmp_path / "secret.yaml", tmp_path / "pipelines" / ".hidden.yaml"):
        path.write_text(EXAMPLE_FILE)
    reply = await gateway.http.get(f"{FILES}/{name}")
    assert (reply.status_code, reply.json()["code"]) == (404, "pipeline_not_found")


async def test_a_secret_in_a_file_is_not_shown(gateway: RunningGateway, tmp_path: Path) -> None:
    text = "id: x\nmodels: {m: {use: 'openai:x', base_url: 'http://me:hunter2@127.0.0.1/v1'}}\n"
    (tmp_path / "pipelines" / "x.yaml").write_text(text)
    body = (await gateway.http.get(f"{FILES}/x.yaml")).text
    assert "hunter2" not in body
    assert "http://me:***@127.0.0.1/v1" in body


async def test_reading_alone_does_not_show_files(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    reader = {"Authorization": f"Bearer {tokens.add('reader', ['read'])}"}
    runner = {"Authorization": f"Bearer {tokens.add('runner', ['run'])}"}
    async with running_gateway(MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path) as gateway:
        for path in (FILES, f"{FILES}/paid-v1.yaml", "/api/pipeline%2Dfiles/paid-v1.yaml", f"{FILES}/nothing.yaml"):
            refused = await gateway.http.get(path, headers=reader)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), path
            assert (await gateway.http.get(path)).status_code == 401
        assert (await gateway.http.get(FILES, headers=runner)).status_code == 200
        assert (await gateway.http.get(f"{FILES}/paid-v1.yaml", headers=runner)).status_code == 200
        assert (await gateway.http.get("/api/pipelines", headers=reader)).status_code == 200
