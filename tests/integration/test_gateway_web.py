"""The client's files as the gateway serves them."""

import gzip
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gateway.web_files import read_web_files
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import RunningGateway, running_gateway
from tests.processes import REPOSITORY

WEB = REPOSITORY / "web"
SCRIPTS = sorted(file.relative_to(WEB).as_posix() for file in WEB.rglob("*.js"))
MOST_COMPRESSED_BYTES = 14 * 1024


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        yield gateway


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_script_is_served_as_it_is(gateway: RunningGateway, name: str) -> None:
    reply = await gateway.http.get(f"/{name}")
    assert reply.status_code == 200
    assert reply.content == (WEB / name).read_bytes()
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_every_import_of_the_client_leads_to_what_is_served(gateway: RunningGateway) -> None:
    seen: set[str] = set()
    waiting = ["/client.js"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        text = (await gateway.http.get(path)).raise_for_status().text
        imports = re.findall(r'^(?:import|export) .*from "(\./[^"]+)";$', text, re.MULTILINE)
        folder = path.rpartition("/")[0]
        waiting += [f"{folder}/{name.removeprefix('./')}" for name in imports if f"{folder}/{name[2:]}" not in seen]
    assert seen == {f"/{name}" for name in SCRIPTS}


async def test_a_browser_that_has_it_already_is_told_so(gateway: RunningGateway) -> None:
    first = await gateway.http.get("/client.js")
    assert first.headers["Cache-Control"] == "no-cache"
    for known in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        again = await gateway.http.get("/client.js", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    changed = await gateway.http.get("/client.js", headers={"If-None-Match": '"other"'})
    assert changed.content == first.content


async def test_only_the_head_is_answered_to_who_asks_for_it(gateway: RunningGateway) -> None:
    reply = await gateway.http.head("/client.js")
    assert (reply.status_code, reply.content) == (200, b"")
    assert int(reply.headers["Content-Length"]) == len((WEB / "client.js").read_bytes())
    assert (await gateway.http.post("/client.js")).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/client/",
        "/client",
        "/client/wire.d.ts",
        "/client/%2e%2e/client.js",
        "/client/..%2f..%2fpyproject.toml",
        "/client.js/",
    ],
)
async def test_nothing_else_is_served(gateway: RunningGateway, path: str) -> None:
    assert (await gateway.http.get(path)).status_code == 404


def test_what_is_not_known_at_the_start_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.js").write_text("export {};")
    (tmp_path / "notes.txt").write_text("no")
    assert [(file.path, file.content) for file in read_web_files(tmp_path)] == [("/sub/a.js", b"export {};")]
    assert read_web_files(tmp_path / "nowhere") == []


async def test_a_page_loads_it_without_a_token_where_all_else_needs_one(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    tokens.add("somebody", ["read"])
    async with running_gateway(MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path) as gateway:
        for name in SCRIPTS:
            assert (await gateway.http.get(f"/{name}")).status_code == 200
        assert (await gateway.http.post("/client.js")).status_code == 401
        assert (await gateway.http.get("/client/wire.d.ts")).status_code == 401
        assert (await gateway.http.get("/api/pipelines")).status_code == 401


async def test_the_client_is_small(gateway: RunningGateway) -> None:
    every = b"".join([(await gateway.http.get(f"/{name}")).content for name in SCRIPTS])
    assert len(gzip.compress(every, 9)) <= MOST_COMPRESSED_BYTES
