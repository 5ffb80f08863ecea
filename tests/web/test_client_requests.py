"""What the JavaScript client asks over HTTP besides submissions: paths, filters, forms."""

from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.web.node import Driver, Node, driving
from tests.web.scripted_gateway import EXECUTION_ID, HttpRequest, ScriptedHttp, scripted_http


@pytest.fixture
async def gateway() -> AsyncGenerator[ScriptedHttp]:
    async with scripted_http() as gateway:
        yield gateway


@pytest.fixture
async def driver(gateway: ScriptedHttp, node: Node) -> AsyncGenerator[Driver]:
    async with driving(node, gateway.url, token="s3cret") as driver:
        yield driver
        assert await driver.finish() == 0


def asked_of(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """Return path and query of a GET."""
    method, target, _ = request.line.split(" ")
    assert (method, request.body) == ("GET", "")
    parts = urlsplit(target)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


@pytest.mark.parametrize("method", ["outputs", "executions"])
async def test_a_list_is_asked_for_by_what_filters_it(driver: Driver, gateway: ScriptedHttp, method: str) -> None:
    wanted = {"limit": 20, "before": "x.json", "pipeline": "echo-v1", "status": "failed", "q": "50 % & more?"}
    await driver.do("call", name="page", method=method, args=[wanted])
    request = await gateway.accept()
    assert asked_of(request) == (f"/api/{method}", {name: str(value) for name, value in wanted.items()})
    await request.answer(200, [], Link=f'</api/{method}?q=50&before=y.json>; rel="next"')
    assert (await driver.next("page"))["value"] == {"rows": [], "next": "y.json"}


async def test_a_filter_that_is_empty_is_none(driver: Driver, gateway: ScriptedHttp) -> None:
    wanted = {"before": None, "pipeline": "", "status": "", "q": ""}
    await driver.do("call", name="page", method="outputs", args=[wanted])
    request = await gateway.accept()
    assert asked_of(request) == ("/api/outputs", {})
    await request.answer(200, [])
    assert (await driver.next("page"))["value"] == {"rows": [], "next": None}


@pytest.mark.parametrize(
    ("method", "args", "path"),
    [
        ("models", [], "/api/models"),
        ("pipelineFiles", [], "/api/pipeline-files"),
        ("pipelineFile", ["a/b ü.yaml"], "/api/pipeline-files/a%2Fb%20%C3%BC.yaml"),
        ("stageInput", [EXECUTION_ID, "a/b"], f"/api/executions/{EXECUTION_ID}/stages/a%2Fb/input"),
        ("pipeline", ["../healthz"], "/api/pipelines/..%2Fhealthz"),
    ],
)
async def test_what_is_there_is_asked_for_by_its_path(
    driver: Driver, gateway: ScriptedHttp, method: str, args: list[str], path: str
) -> None:
    await driver.do("call", name="read", method=method, args=args)
    request = await gateway.accept()
    assert asked_of(request) == (path, {})
    assert request.headers["authorization"] == "Bearer s3cret"
    await request.answer(200, {"some": "thing"})
    assert (await driver.next("read"))["value"] == {"some": "thing"}


async def test_files_are_sent_as_the_form_that_they_are(driver: Driver, gateway: ScriptedHttp) -> None:
    parts = {"options": '{"n": 2}', "cases": {"name": "cases.csv", "text": "question,expected\n1 + 1?,2\n"}}
    await driver.do("form", name="rows", method="readOptions", args=["prompt-optimizer-v1"], parts=parts)
    request = await gateway.accept()
    assert request.line == "POST /api/pipelines/prompt-optimizer-v1/options HTTP/1.1"
    kind, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert (kind, request.headers["authorization"]) == ("multipart/form-data", "Bearer s3cret")
    assert "idempotency-key" not in request.headers
    assert request.body.count(f"--{boundary}") == 3
    assert 'name="options"\r\n\r\n{"n": 2}\r\n' in request.body
    assert 'name="cases"; filename="cases.csv"\r\n' in request.body
    assert "\r\n\r\nquestion,expected\n1 + 1?,2\n\r\n" in request.body
    await request.answer(200, {"options": {"n": 2}})
    assert (await driver.next("rows"))["value"] == {"options": {"n": 2}}


async def test_a_form_that_is_refused_throws_what_is_wrong(driver: Driver, gateway: ScriptedHttp) -> None:
    await driver.do("form", name="rows", method="readOptions", args=["echo-v1"], parts={"options": "{"})
    request = await gateway.accept()
    await request.answer(400, {"error": "options: no JSON.", "code": "invalid_input"})
    error = await driver.error("rows")
    assert (error["code"], error["status"], error["message"]) == ("invalid_input", 400, "options: no JSON.")
