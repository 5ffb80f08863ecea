"""The real SDKs against a server on loopback: what reaches the wire, and what comes of the answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.errors import MissingSetting
from contracts.pipeline import ModelSpec, Price
from runner.models.client import ModelRequest
from runner.models.providers import http_client
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from tests.provider_server import ProviderServer, anthropic_answer, openai_answer

# The SDK warns of the end of each model; these tests are about the wire, whatever model is named.
pytestmark = pytest.mark.filterwarnings("ignore:The model .* is deprecated:DeprecationWarning")

KEY = "sk-test-0123456789abcdef"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["task"],
    "properties": {"task": {"type": "string"}},
    "additionalProperties": False,
}
MAP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["vars"],
    "properties": {"vars": {"type": "object"}},
}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer.start() as server:
        yield server


@pytest.fixture
async def models() -> AsyncIterator[ModelRouter]:
    models = ModelRouter(ModelSettings())
    yield models
    await models.close()


@pytest.fixture
def official(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> ProviderServer:
    """The server in the place of both providers' own addresses."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return server


def open_server(server: ProviderServer, **settings: Any) -> ModelSpec:
    return ModelSpec(use="openai:any", base_url=f"{server.url}/v1", **settings)


async def test_text_comes_in_pieces_and_the_reply_has_all_of_it(models: ModelRouter, official: ProviderServer) -> None:
    official.answers.append(openai_answer("Good ", "morning"))
    pieces: list[str] = []
    reply = await models.complete(ModelRequest(ModelSpec(use="openai:gpt-4o"), "Greet.", "Be brief."), pieces.append)
    assert pieces == ["Good ", "morning"]
    assert (reply.text, reply.value, reply.model) == ("Good morning", "Good morning", "openai:gpt-4o")
    assert (reply.input_tokens, reply.output_tokens) == (11, 7)
    roles = [(message["role"], message["content"]) for message in official.received[0].body["messages"]]
    assert roles == [("system", "Be brief."), ("user", "Greet.")]


async def test_every_setting_reaches_openai(models: ModelRouter, official: ProviderServer) -> None:
    official.answers.append(openai_answer("ok"))
    spec = ModelSpec(use="openai:gpt-4o", temperature=0.2, top_p=0.9, max_tokens=50, seed=7, stop=("END",))
    await models.complete(ModelRequest(spec, "Hi"))
    body = official.received[0].body
    assert {
        name: body[name] for name in ("model", "temperature", "top_p", "max_completion_tokens", "seed", "stop")
    } == {
        "model": "gpt-4o",
        "temperature": 0.2,
        "top_p": 0.9,
        "max_completion_tokens": 50,
        "seed": 7,
        "stop": ["END"],
    }
    assert body["stream_options"] == {"include_usage": True}


async def test_every_setting_reaches_anthropic(models: ModelRouter, official: ProviderServer) -> None:
    official.answers.append(anthropic_answer("ok"))
    spec = ModelSpec(use="anthropic:claude-haiku-4-5", temperature=0.2, top_p=0.9, max_tokens=50, stop=("END",))
    reply = await models.complete(ModelRequest(spec, "Hi", "Be brief."))
    body = official.received[0].body
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.2, 0.9, 50)
    assert body["stop_sequences"] == ["END"]
    assert "Be brief." in str(body["system"])
    assert official.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert (reply.text, reply.input_tokens, reply.output_tokens) == ("ok", 11, 7)


async def test_sampling_is_left_out_for_models_that_refuse_it(models: ModelRouter, official: ProviderServer) -> None:
    official.answers.append(openai_answer("ok"))
    await models.complete(ModelRequest(ModelSpec(use="openai:o3", temperature=0.2, max_tokens=50), "Hi"))
    assert "temperature" not in official.received[0].body
    assert official.received[0].body["max_completion_tokens"] == 50


async def test_a_schema_is_sent_as_structured_output(models: ModelRouter, official: ProviderServer) -> None:
    official.answers += [openai_answer('{"task": ', '"greet"}'), anthropic_answer('{"task": "greet"}')]
    for use in ("openai:gpt-4o", "anthropic:claude-haiku-4-5"):
        reply = await models.complete(ModelRequest(ModelSpec(use=use), "Hi", schema=SCHEMA))
        assert reply.value == {"task": "greet"}
    assert official.received[0].body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert official.received[1].body["output_config"]["format"]["type"] == "json_schema"


async def test_a_map_is_asked_for_in_words_because_hosted_schemas_would_empty_it(
    models: ModelRouter, official: ProviderServer
) -> None:
    answer = '```json\n{"vars": {"a": 1}}\n```'
    official.answers += [openai_answer(answer), anthropic_answer(answer)]
    for use in ("openai:gpt-4o", "anthropic:claude-haiku-4-5"):
        reply = await models.complete(ModelRequest(ModelSpec(use=use), "Hi", schema=MAP_SCHEMA))
        assert reply.value == {"vars": {"a": 1}}
    assert official.received[0].body["response_format"] == {"type": "json_object"}
    assert all('"vars"' in str(received.body) for received in official.received)


async def test_an_open_server_gets_the_schema_as_written_and_in_words(
    models: ModelRouter, server: ProviderServer
) -> None:
    server.answers.append(openai_answer('{"vars": {"a": 1}}'))
    await models.complete(ModelRequest(open_server(server, max_tokens=50), "Hi", schema=MAP_SCHEMA))
    body = server.received[0].body
    assert body["response_format"]["json_schema"]["schema"] == MAP_SCHEMA
    assert '"vars"' in str(body["messages"])
    assert body["max_tokens"] == 50


async def test_a_missing_key_is_named_and_nothing_is_sent(
    models: ModelRouter, official: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for provider, name in (("openai:gpt-4o", "OPENAI_API_KEY"), ("anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY")):
        monkeypatch.delenv(name)
        with pytest.raises(MissingSetting, match=name):
            await models.complete(ModelRequest(ModelSpec(use=provider), "Hi"))
    assert official.received == []


async def test_an_open_server_gets_no_key_and_nothing_else_from_the_environment(
    models: ModelRouter, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"Authorization: Bearer {KEY}")
    server.answers.append(openai_answer("ok"))
    await models.complete(ModelRequest(open_server(server), "Hi"))
    assert "authorization" not in server.received[0].headers
    assert KEY not in str(server.received[0].headers)
    assert "org-secret" not in str(server.received[0].headers)


async def test_an_open_server_gets_the_key_that_api_key_env_names(
    models: ModelRouter, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_API_KEY", "other-key")
    server.answers.append(openai_answer("ok"))
    await models.complete(ModelRequest(open_server(server, api_key_env="OTHER_API_KEY"), "Hi"))
    assert server.received[0].headers["authorization"] == "Bearer other-key"


async def test_a_known_price_makes_a_cost(models: ModelRouter, official: ProviderServer) -> None:
    official.answers.append(openai_answer("ok", tokens=(1_000_000, 0)))
    spec = ModelSpec(use="openai:gpt-4o")
    reply = await models.complete(ModelRequest(spec, "Hi"))
    assert models.is_priced(spec)
    assert reply.cost_usd is not None
    assert reply.cost_usd > 0


async def test_an_unknown_price_is_none(models: ModelRouter, official: ProviderServer) -> None:
    official.answers += [openai_answer("ok"), openai_answer("ok")]
    for spec in (ModelSpec(use="openai:nobody-knows-this"), open_server(official)):
        assert not models.is_priced(spec)
        assert (await models.complete(ModelRequest(spec, "Hi"))).cost_usd is None


async def test_a_price_in_the_definition_wins(models: ModelRouter, server: ProviderServer) -> None:
    server.answers += [openai_answer("ok", tokens=(1_000, 2_000)), openai_answer("ok", tokens=None)]
    spec = open_server(server, price=Price(input=1.0, output=10.0))
    assert models.is_priced(spec)
    assert (await models.complete(ModelRequest(spec, "Hi"))).cost_usd == pytest.approx(0.021)
    # A server that does not say how many tokens: a price does not help, and 0 would be a lie.
    assert (await models.complete(ModelRequest(spec, "Hi"))).cost_usd is None


@pytest.mark.parametrize("provider", ["openai:gpt-4o", "anthropic:claude-haiku-4-5"])
async def test_cancelling_closes_the_stream_at_the_provider(
    models: ModelRouter, official: ProviderServer, provider: str
) -> None:
    make = openai_answer if provider.startswith("openai") else anthropic_answer
    official.answers.append(make("Once", hangs=True))
    began = asyncio.Event()
    call = asyncio.create_task(models.complete(ModelRequest(ModelSpec(use=provider), "Hi"), lambda _: began.set()))
    async with asyncio.timeout(30):
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await official.hung_up.wait()


async def test_a_call_that_is_cancelled_tells_what_it_had_spent_where_the_provider_said_so_by_then(
    models: ModelRouter, official: ProviderServer
) -> None:
    for use, answer, told in (
        ("anthropic:claude-haiku-4-5", anthropic_answer("Once", tokens=(11, 7), hangs=True), [(11, 1, 11.0)]),
        ("openai:gpt-4o-mini", openai_answer("Once", hangs=True), []),
    ):
        spent: list[tuple[int, int, float | None]] = []
        is_writing = asyncio.Event()
        official.answers.append(answer)
        request = ModelRequest(
            ModelSpec(use=use, price=Price(input=1_000_000, output=0)),
            "hello",
            on_abort=lambda one, spent=spent: spent.append((one.input_tokens, one.output_tokens, one.cost_usd)),
        )
        calling = asyncio.create_task(models.complete(request, lambda _, begun=is_writing: begun.set()))
        await is_writing.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert spent == told, use


async def test_connections_are_reused(models: ModelRouter, official: ProviderServer) -> None:
    official.answers += [openai_answer("one"), openai_answer("two")]
    for _ in range(2):
        await models.complete(ModelRequest(ModelSpec(use="openai:gpt-4o"), "Hi"))
    assert official.connections == 1


@pytest.mark.parametrize(("is_own_machine", "connections"), [(True, 3), (False, 1)])
async def test_a_call_to_this_machines_model_has_a_connection_of_its_own(
    is_own_machine: bool, connections: int
) -> None:
    opened: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(asyncio.current_task())
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, http_client(ModelSettings(), is_own_machine=is_own_machine) as client:
        for _ in range(3):
            assert (await client.get(f"http://127.0.0.1:{port}/")).text == "ok"
    await asyncio.gather(*(task for task in opened if task is not None))
    assert len(opened) == connections
