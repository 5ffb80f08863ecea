"""The dashboard and the client as the gateway serves them: the page, its policy, its files."""

import base64
import gzip
import json
import re
from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin

import pytest

from gateway.web_files import read_web_files
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import RunningGateway, running_gateway
from tests.processes import REPOSITORY

WEB = REPOSITORY / "web"
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES = sorted(file.relative_to(WEB).as_posix() for file in WEB.rglob("*") if file.suffix in TYPES)
CLIENT = [name for name in FILES if name.startswith("client")]
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "([^"]+)";', re.MULTILINE)
MINIFIED = re.compile(r"""\bfrom ?["']([^"']+)["']""")
VIEWS = re.findall(r'import\("\./([^"]+)"\)', (WEB / "dashboard" / "views.js").read_text())
MOST_BYTES = {"client": 14 * 1024, "page": 150 * 1024}  # compressed


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        yield gateway


async def test_files_are_served_as_they_are(gateway: RunningGateway) -> None:
    for name in FILES:
        reply = await gateway.http.get(f"/{name}")
        assert reply.status_code == 200
        assert reply.content == (WEB / name).read_bytes()
        assert reply.headers["Content-Type"].partition(";")[0] == TYPES[Path(name).suffix]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_every_import_of_the_client_leads_to_what_is_served(gateway: RunningGateway) -> None:
    assert await everything_from(gateway, "/client.js") == {f"/{name}" for name in CLIENT}


async def test_the_page_imports_all_that_is_served_and_nothing_else(gateway: RunningGateway) -> None:
    modules = {f"/{name}" for name in FILES if Path(name).suffix in (".js", ".mjs")}
    found = await everything_from(gateway, "/dashboard/main.js")
    for view in VIEWS:
        found |= await everything_from(gateway, f"/dashboard/{view}")
    assert found == modules


async def test_the_page_names_at_once_what_it_begins_with(gateway: RunningGateway) -> None:
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', (await gateway.http.get("/")).text)
    assert {f"/{name}" for name in named} == await everything_from(gateway, "/dashboard/main.js")


async def everything_from(gateway: RunningGateway, path: str) -> set[str]:
    page = (await gateway.http.get("/")).text
    named: dict[str, str] = json.loads(re.findall(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)[0])[
        "imports"
    ]
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        text = (await gateway.http.get(path)).raise_for_status().text
        for name in (MINIFIED if path.startswith("/vendor/") else IMPORT).findall(_without_comments(text)):
            found = urljoin("/", named[name]) if not name.startswith(".") else urljoin(path, name)
            if found not in seen:
                waiting.append(found)
    return seen


def _without_comments(script: str) -> str:
    return re.sub(r"/\*\*.*?\*/|^ *//.*?$", "", script, flags=re.MULTILINE | re.DOTALL)


async def test_the_page_lets_nothing_in_but_what_is_served(gateway: RunningGateway) -> None:
    reply = await gateway.http.get("/")
    policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
    script = re.findall(r'<script type="importmap">(.*?)</script>', reply.text, re.DOTALL)[0]
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == policy["connect-src"] == policy["img-src"] == "'self'"
    assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert "://" not in reply.text
    assert " style=" not in reply.text
    assert reply.headers["X-Frame-Options"] == "DENY"


async def test_files_are_compressed_for_who_takes_that(gateway: RunningGateway) -> None:
    for accepted, is_packed in (
        ("gzip", True),
        ("br, gzip;q=0.8", True),
        ("*", True),
        ("br", False),
        ("gzip;q=0", False),
    ):
        reply = await gateway.http.get("/client.js", headers={"Accept-Encoding": accepted})
        assert (reply.headers.get("Content-Encoding") == "gzip") is is_packed
        assert reply.headers["Vary"] == "Accept-Encoding"
        assert reply.content == (WEB / "client.js").read_bytes()
    plain = await gateway.http.get("/client.js", headers={"Accept-Encoding": "identity"})
    packed = await gateway.http.get("/client.js", headers={"Accept-Encoding": "gzip"})
    assert plain.headers["ETag"] != packed.headers["ETag"]
    known = {"Accept-Encoding": "gzip", "If-None-Match": plain.headers["ETag"]}
    assert (await gateway.http.get("/client.js", headers=known)).status_code == 200


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
    reply = await gateway.http.head("/client.js", headers={"Accept-Encoding": "identity"})
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
        "/index.html",
        "/dashboard",
        "/dashboard/watch/types.d.ts",
        "/vendor/README.md",
        "/vendor/copy.cjs",
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
        for name in ["", *FILES]:
            assert (await gateway.http.get(f"/{name}")).status_code == 200
        assert (await gateway.http.post("/client.js")).status_code == 401
        assert (await gateway.http.get("/client/wire.d.ts")).status_code == 401
        assert (await gateway.http.get("/api/pipelines")).status_code == 401


async def test_the_client_and_the_page_are_small(gateway: RunningGateway) -> None:
    client = b"".join([(await gateway.http.get(f"/{name}")).content for name in CLIENT])
    assert len(gzip.compress(client, 9)) <= MOST_BYTES["client"]
    begin = {"/", *(f"/{name}" for name in FILES if Path(name).suffix not in (".js", ".mjs"))}
    begin |= await everything_from(gateway, "/dashboard/main.js")
    for view in VIEWS:
        first = begin | await everything_from(gateway, f"/dashboard/{view}")
        assert sum([await size_of(gateway, path) for path in first]) <= MOST_BYTES["page"], view


async def size_of(gateway: RunningGateway, path: str) -> int:
    async with gateway.http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as reply:
        return sum([len(part) async for part in reply.aiter_raw()])
