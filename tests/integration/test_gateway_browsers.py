"""What browsers send for other pages is turned away, and every answer tells browsers to be careful."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.browser_guard import check_handshake
from gateway.origin import BrowserRules
from gateway.refusals import HostNotAllowed, OriginNotAllowed
from gateway.security_headers import SecurityHeaders
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import RunningGateway, running_gateway

RUN = "/api/pipelines/example-v1/run"
EVIL = "https://evil.example"
APP = "https://app.example"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path, allowed_origins=(APP,)) as gateway:
        yield gateway


async def post(gateway: RunningGateway, **headers: str) -> httpx.Response:
    return await gateway.http.post(RUN, json={"input": "x"}, headers=headers)


async def test_a_page_of_another_origin_starts_nothing(gateway: RunningGateway) -> None:
    for origin in (EVIL, "null", "http://localhost:1", "https://app.example.evil.example", "http://app.example"):
        reply = await post(gateway, Origin=origin)
        assert (reply.status_code, reply.json()["code"]) == (403, "origin_not_allowed"), origin
        assert "access-control-allow-origin" not in reply.headers
    assert (await gateway.http.get("/api/executions")).json() == []


async def test_a_form_of_another_page_starts_nothing_either(gateway: RunningGateway) -> None:
    reply = await gateway.http.post(
        RUN, content='{"input": "x"}', headers={"Origin": EVIL, "Content-Type": "text/plain"}
    )
    assert (reply.status_code, reply.json()["code"]) == (403, "origin_not_allowed")


async def test_the_gateways_own_pages_and_those_that_are_named_may(gateway: RunningGateway) -> None:
    for origin in (gateway.server.address(), APP):
        assert (await post(gateway, Origin=origin)).status_code == 200
    assert (await post(gateway)).status_code == 200


async def test_a_named_page_is_told_by_cors_that_it_may(gateway: RunningGateway) -> None:
    asked = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,prefer,last-event-id",
    }
    preflight = await gateway.http.options(RUN, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == APP
    assert "access-control-allow-credentials" not in preflight.headers
    reply = await post(gateway, Origin=APP)
    assert reply.headers["access-control-allow-origin"] == APP
    exposed = {name.strip() for name in reply.headers["access-control-expose-headers"].split(",")}
    assert exposed == {"Link", "Retry-After", "Idempotency-Replayed", "Preference-Applied"}
    assert "Origin" in reply.headers["vary"]


async def test_a_page_that_is_not_named_gets_no_answer_to_its_preflight(gateway: RunningGateway) -> None:
    reply = await gateway.http.options(RUN, headers={"Origin": EVIL, "Access-Control-Request-Method": "POST"})
    assert (reply.status_code, reply.json()["code"]) == (403, "origin_not_allowed")


async def test_an_error_can_be_read_by_a_named_page_too(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    file.add("one", ["read"])
    async with running_gateway(
        MemoryLog(), tmp_path, auth="on", tokens_file=file.path, allowed_origins=(APP,)
    ) as gateway:
        reply = await post(gateway, Origin=APP)
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (401, APP)
        asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
        assert (await gateway.http.options(RUN, headers=asked)).status_code == 200  # a preflight carries no token


async def test_a_made_up_name_for_this_machine_is_refused(gateway: RunningGateway) -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example"):
        for method, path in (("GET", "/api/executions"), ("POST", RUN), ("GET", "/docs")):
            reply = await gateway.http.request(method, path, headers={"Host": host})
            assert (reply.status_code, reply.json()["code"]) == (403, "host_not_allowed"), host
    for path in ("/healthz", "/readyz"):
        assert (await gateway.http.get(path, headers={"Host": "10.0.0.7:8000"})).status_code == 200


async def test_a_forwarded_port_and_a_listed_name_work(tmp_path: Path) -> None:
    async with running_gateway(MemoryLog(), tmp_path, allowed_hosts=("Gateway",)) as gateway:
        for host in ("localhost:9999", "127.0.0.1:1", "[::1]:5", "gateway:8000", "gateway"):
            assert (await gateway.http.get("/api/executions", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("path", ["/api/pipelines", "/api/nothing", "/healthz", "/openapi.json", "/docs"])
async def test_every_answer_tells_browsers_to_be_careful(gateway: RunningGateway, path: str) -> None:
    headers = (await gateway.http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert headers.get("cache-control") == ("no-store" if path.startswith("/api/") else None)
    for name in ("x-content-type-options", "content-security-policy", "x-frame-options"):
        assert len(headers.get_list(name)) == 1


async def test_errors_and_refusals_have_these_headers_too(gateway: RunningGateway) -> None:
    replies = [
        await post(gateway, Origin=EVIL),
        await gateway.http.get("/api/pipelines", headers={"Host": "evil.example"}),
        await gateway.http.post(RUN, content="{"),
        await gateway.http.options(RUN, headers={"Origin": APP, "Access-Control-Request-Method": "POST"}),
    ]
    assert [reply.status_code for reply in replies] == [403, 403, 400, 200]
    assert all(reply.headers["x-content-type-options"] == "nosniff" for reply in replies)
    assert all(reply.headers["cache-control"] == "no-store" for reply in replies)


async def test_the_page_of_the_api_may_load_what_it_is_made_of_and_no_more(gateway: RunningGateway) -> None:
    page = await gateway.http.get("/docs")
    policy = page.headers["content-security-policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert "https://cdn.jsdelivr.net" in page.text
    assert "https://cdn.jsdelivr.net" in rules["script-src"]
    assert "https://cdn.jsdelivr.net" in rules["style-src"]
    assert rules["default-src"] == ["'none'"]


async def answer_of(app: SecurityHeaders, *, scheme: str = "http", path: str = "/api/x") -> httpx.Headers:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)  # pyright: ignore[reportUnknownArgumentType]

    await app({"type": "http", "scheme": scheme, "path": path, "headers": [], "method": "GET"}, receive, send)
    return httpx.Headers(sent[0]["headers"])  # pyright: ignore[reportArgumentType]


async def test_over_tls_browsers_are_told_to_stay_there_and_what_is_set_stays() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"Cache-Control", b"no-cache, no-transform"), (b"content-security-policy", b"default-src 'self'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = await answer_of(SecurityHeaders(app), scheme="https")
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers.get_list("cache-control") == ["no-cache, no-transform"]
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]


async def test_a_stream_comes_piece_by_piece_through_all_of_it(tmp_path: Path) -> None:
    async with running_gateway(MemoryLog(), tmp_path, allowed_origins=(APP,)) as gateway:
        gate = asyncio.Event()

        async def pieces() -> AsyncGenerator[bytes]:
            yield b"data: 1\n\n"
            await gate.wait()
            yield b"data: 2\n\n"

        async def stream() -> StreamingResponse:
            return StreamingResponse(pieces(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

        gateway.gateway.app.add_api_route("/api/stream", stream)
        async with asyncio.timeout(20), gateway.http.stream("GET", "/api/stream", headers={"Origin": APP}) as reply:
            assert reply.headers["cache-control"] == "no-cache"
            received = reply.aiter_raw()
            assert await anext(received) == b"data: 1\n\n"  # before the second is there
            gate.set()
            assert await anext(received) == b"data: 2\n\n"


def handshake(origin: str | None, host: str, scheme: str = "ws") -> Scope:
    headers = [(b"host", host.encode()), *([] if origin is None else [(b"origin", origin.encode())])]
    return {"type": "websocket", "scheme": scheme, "headers": headers, "path": "/ws"}


def test_a_handshake_is_looked_at_for_page_and_name() -> None:
    rules = BrowserRules(frozenset({APP}), frozenset())
    for origin in (None, APP, "http://localhost:8000"):
        check_handshake(handshake(origin, "localhost:8000"), rules)
    for origin in (EVIL, "null", "http://localhost:8001"):
        with pytest.raises(OriginNotAllowed):
            check_handshake(handshake(origin, "localhost:8000"), rules)
    with pytest.raises(HostNotAllowed):
        check_handshake(handshake(None, "evil.example"), rules)
