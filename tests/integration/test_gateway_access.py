"""Tokens over real HTTP: what is closed, what is open, what each scope opens, how often, and what a gateway says."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from contracts.scopes import Scope
from gateway.http_door import OPEN_PATHS
from gateway.web_files import read_web_files
from stagecast.client import Client
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile, new_token
from tests.gateway_server import RunningGateway, running_gateway
from tests.jwks_server import AUDIENCE, ISSUER, JwksServer, Signer
from tests.processes import ServiceProcess, free_port

OPEN = OPEN_PATHS | {file.path for file in read_web_files()}
EXECUTION_ID = "exec_1703187600000_abcdefghijklmnop"
VALUES = {"execution_id": EXECUTION_ID, "pipeline_id": "example-v1", "filename": "x.json", "stage_id": "first"}
SOURCES = "/api/pipeline-files"
"""Where looking needs `run`, too: prompts and addresses are in pipeline files."""


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def headers_of(tokens: TokenFile) -> dict[str, dict[str, str]]:
    """What each may send: by name of the token."""
    scopes: dict[str, list[Scope]] = {"reader": ["read"], "runner": ["run"], "nobody": [], "ops": ["admin"]}
    return {name: bearer(tokens.add(name, may)) for name, may in scopes.items()}


@pytest.fixture
async def gateway(
    headers_of: dict[str, dict[str, str]], tokens: TokenFile, tmp_path: Path
) -> AsyncGenerator[RunningGateway]:
    assert headers_of
    async with running_gateway(
        MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path, failures_per_minute=0
    ) as gateway:
        yield gateway


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def routes_in(router: Any) -> Iterator[Route]:
    """Every HTTP route below a router; what the framework makes of included ones has no public type."""
    for route in router.routes:
        if isinstance(route, Route):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from routes_in(included)


def routes_of(gateway: RunningGateway) -> Iterator[tuple[str, str]]:
    """Every method and path that the application has, with values in the places of parameters."""
    found = {route.path: route.methods or set() for route in routes_in(gateway.gateway.app)}
    assert found.keys() >= gateway.gateway.app.openapi()["paths"].keys()
    for path, methods in found.items():
        for method in sorted(methods):
            yield method, re.sub(r"\{(\w+)(:\w+)?\}", lambda match: VALUES[match[1]], path)


async def test_every_route_is_closed_without_a_token_but_those_that_are_meant_to_be_open(
    gateway: RunningGateway,
) -> None:
    seen: set[str] = set()
    for method, path in routes_of(gateway):
        reply = await gateway.http.request(method, path)
        if path in OPEN:
            assert reply.status_code != 401, path
            continue
        seen.add(path)
        assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated"), f"{method} {path}"
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert len(seen) >= 8
    assert all(path.startswith("/api/") for path in seen)


async def test_with_read_alone_nothing_can_be_changed_and_with_run_alone_nothing_seen(
    gateway: RunningGateway, headers_of: dict[str, dict[str, str]]
) -> None:
    reader, runner, nobody = (headers_of[name] for name in ("reader", "runner", "nobody"))
    kinds: set[bool] = set()
    for method, path in routes_of(gateway):
        if path in OPEN:
            continue
        looks = method in ("GET", "HEAD") and not path.startswith(SOURCES)
        kinds.add(looks)
        allowed, refused = (reader, runner) if looks else (runner, reader)
        assert (await gateway.http.request(method, path, headers=allowed)).status_code not in (401, 403)
        for headers in (refused, nobody):
            reply = await gateway.http.request(method, path, headers=headers)
            assert (reply.status_code, reply.json()["code"]) == (403, "forbidden"), f"{method} {path}"
            assert f"'{'read' if looks else 'run'}'" in reply.json()["error"]
    assert kinds == {True, False}


async def test_an_admin_may_everything(gateway: RunningGateway, headers_of: dict[str, dict[str, str]]) -> None:
    for method, path in routes_of(gateway):
        assert (await gateway.http.request(method, path, headers=headers_of["ops"])).status_code not in (401, 403)


@pytest.mark.parametrize("path", ["/api/nothing", "/metrics", "/api/executions/..%2f..%2fhealthz"])
async def test_a_path_that_is_not_there_tells_a_stranger_nothing(gateway: RunningGateway, path: str) -> None:
    assert (await gateway.http.get(path)).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json"])
async def test_what_tells_nothing_about_executions_is_open(gateway: RunningGateway, path: str) -> None:
    assert (await gateway.http.get(path)).status_code == 200
    assert (await gateway.http.post(path)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {new_token()}"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
        {"Cookie": f"token={new_token()}"},
    ],
)
async def test_what_is_no_good_token_is_401(gateway: RunningGateway, headers: dict[str, str]) -> None:
    reply = await gateway.http.get("/api/pipelines", headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")


async def test_a_token_in_the_url_is_none(gateway: RunningGateway, headers_of: dict[str, dict[str, str]]) -> None:
    token = headers_of["ops"]["Authorization"].split()[1]
    for name in ("token", "access_token", "authorization"):
        assert (await gateway.http.get(f"/api/pipelines?{name}={token}")).status_code == 401


async def test_a_token_is_made_and_revoked_while_the_gateway_runs(gateway: RunningGateway, tokens: TokenFile) -> None:
    async def wait_for(status: int) -> None:
        async with asyncio.timeout(30):  # the file is looked at once a second
            while (await gateway.http.get("/api/pipelines", headers=headers)).status_code != status:
                pass

    headers = bearer(tokens.add("ci", ["read"]))
    await wait_for(200)
    tokens.revoke("ci")
    await wait_for(401)


async def test_requests_beyond_the_rate_are_429_and_say_when_to_come_again(tmp_path: Path, tokens: TokenFile) -> None:
    one, other = bearer(tokens.add("one", ["read"])), bearer(tokens.add("other", ["read"]))
    async with running_gateway(
        MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path, requests_per_minute=3
    ) as gateway:
        replies = [await gateway.http.get("/api/pipelines", headers=one) for _ in range(4)]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
        assert replies[3].json()["code"] == "rate_limited"
        assert 1 <= int(replies[3].headers["Retry-After"]) <= 60
        assert (await gateway.http.get("/api/pipelines", headers=other)).status_code == 200
        assert (await gateway.http.get("/healthz", headers=one)).status_code == 200


async def test_submissions_beyond_the_rate_are_429_and_looking_goes_on(tmp_path: Path, tokens: TokenFile) -> None:
    headers = bearer(tokens.add("one", ["read", "run"]))
    async with running_gateway(
        MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path, submissions_per_minute=2
    ) as gateway:
        ids = [await gateway.run({"input": "x"}, headers=headers) for _ in range(2)]
        for path in ("/api/pipelines/example-v1/run", f"/api/executions/{ids[0]}/rerun"):
            reply = await gateway.http.post(path, json={"input": "x"}, headers=headers)
            assert (reply.status_code, reply.json()["code"]) == (429, "rate_limited")
            assert int(reply.headers["Retry-After"]) >= 1
        assert (await gateway.http.post(f"/api/executions/{ids[0]}/cancel", headers=headers)).status_code == 200
        assert len((await gateway.http.get("/api/executions", headers=headers)).json()) == 2


async def test_too_many_wrong_tokens_of_an_address_are_429(tmp_path: Path, tokens: TokenFile) -> None:
    good = bearer(tokens.add("one", ["read"]))
    async with running_gateway(
        MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path, failures_per_minute=3
    ) as gateway:
        replies = [await gateway.http.get("/api/pipelines", headers=bearer(new_token())) for _ in range(4)]
        assert [reply.status_code for reply in replies] == [401, 401, 401, 429]
        assert int(replies[3].headers["Retry-After"]) >= 1
        assert (await gateway.http.get("/api/pipelines", headers={"Authorization": "Basic x"})).status_code == 429
        assert (await gateway.http.get("/api/pipelines", headers=good)).status_code == 200


async def test_tokens_of_an_identity_provider_are_let_in(tmp_path: Path) -> None:
    signer = Signer.elliptic()
    async with JwksServer.start(signer) as server:
        expected = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
        settings: dict[str, Any] = {"auth": "on", "jwks_url": server.url, **expected}
        async with running_gateway(MemoryLog(), tmp_path, **settings) as gateway:
            execution_id = await gateway.run({"input": "x"}, headers=bearer(signer.token()))
            path = f"/api/executions/{execution_id}"
            view = (await gateway.http.get(path, headers=bearer(signer.token()))).json()
            assert view["owner"] == "alice"
            assert (await gateway.http.get(path, headers=bearer(signer.token(sub="bob")))).status_code == 404
            assert (await gateway.http.get(path, headers=bearer(signer.token(scope="run")))).status_code == 403
            refused = await gateway.http.get(path, headers=bearer(signer.token(aud="else")))
            assert (refused.status_code, refused.json()["error"]) == (401, "The token is for another audience.")


async def test_without_the_providers_keys_it_is_503_and_not_the_tokens_fault(tmp_path: Path) -> None:
    signer = Signer.elliptic()
    settings: dict[str, Any] = {"auth": "on", "jwks_url": f"http://127.0.0.1:{free_port()}/jwks"}
    async with running_gateway(MemoryLog(), tmp_path, **settings) as gateway:
        reply = await gateway.http.get("/api/pipelines", headers=bearer(signer.token()))
        assert (reply.status_code, reply.json()["code"]) == (503, "identity_unavailable")
        assert "Retry-After" in reply.headers


async def test_nobody_is_asked_on_loopback(tmp_path: Path) -> None:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        for method, path in routes_of(gateway):
            assert (await gateway.http.request(method, path)).status_code not in (401, 403)
        assert (await gateway.http.get("/api/pipelines", headers=bearer("anything"))).status_code == 200


async def test_a_gateway_for_others_that_knows_no_tokens_refuses_to_start(tmp_path: Path) -> None:
    env = {"STAGECAST_HOST": "0.0.0.0", "STAGECAST_PORT": "0", "STAGECAST_OUTPUTS": str(tmp_path)}
    process = await ServiceProcess.start("gateway", env, tmp_path)
    await process.wait_for_event("cannot run")
    assert await process.process.wait() == 1
    await process.stop()
    assert "stagecast token new" in process.log_text()
    assert "STAGECAST_AUTH=off" in process.log_text()
    assert "Traceback" not in process.log_text()


async def test_the_command_uses_its_token(tmp_path: Path, tokens: TokenFile) -> None:
    token = tokens.add("one", ["read", "run"])
    async with running_gateway(MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path) as gateway:
        async with Client(gateway.server.address(), token=token) as client:
            execution_id = await client.submit("example-v1", "x")
            assert (await client.execution(execution_id)).owner == "one"
        async with httpx.AsyncClient(base_url=gateway.server.address(), trust_env=False) as http:
            assert (await http.get(f"/api/executions/{execution_id}")).status_code == 401
