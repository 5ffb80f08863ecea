"""What a provider's failures become, seen through the real SDKs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from contracts.errors import ModelError
from contracts.pipeline import ModelSpec, Price
from runner.models.client import ModelCallFailed, ModelRequest, Spent
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from tests.provider_server import Answer, ProviderServer, anthropic_answer, failure, openai_answer

pytestmark = pytest.mark.filterwarnings("ignore:The model .* is deprecated:DeprecationWarning")

KEY = "very-secret-0123456789"
PROVIDERS = ("openai:any", "anthropic:any")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["n"],
    "properties": {"n": {"type": "integer", "minimum": 5}},
    "additionalProperties": False,
}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ProviderServer]:
    monkeypatch.setenv("TEST_API_KEY", KEY)
    async with ProviderServer.start() as server:
        yield server


@pytest.fixture
async def models() -> AsyncIterator[ModelRouter]:
    models = ModelRouter(ModelSettings())
    yield models
    await models.close()


def spec(server: ProviderServer, use: str = "openai:any") -> ModelSpec:
    url = f"{server.url}/v1" if use.startswith("openai") else server.url
    return ModelSpec(use=use, base_url=url, api_key_env="TEST_API_KEY", price=Price(input=1.0, output=10.0))


async def failing(models: ModelRouter, model: ModelSpec, **asked: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await models.complete(ModelRequest(model, "Hi", **asked))
    return caught.value


@pytest.mark.parametrize("use", PROVIDERS)
@pytest.mark.parametrize(
    ("status", "kind", "meaning"),
    [
        (400, "invalid_request_error", ("bad_request", False)),
        (401, "authentication_error", ("refused_key", False)),
        (403, "permission_error", ("refused_key", False)),
        (404, "not_found_error", ("unknown_model", False)),
        (429, "rate_limit_error", ("rate_limited", True)),
        (500, "api_error", ("server_error", True)),
        (503, "api_error", ("overloaded", True)),
        (529, "overloaded_error", ("overloaded", True)),
    ],
)
async def test_a_status_becomes_a_code_and_is_asked_once(
    models: ModelRouter, server: ProviderServer, use: str, status: int, kind: str, meaning: tuple[str, bool]
) -> None:
    server.answers += [failure(status, "Told so.", kind=kind), openai_answer("never asked for")]
    error = await failing(models, spec(server, use))
    assert (error.code, error.is_retryable) == meaning
    assert len(server.received) == 1


@pytest.mark.parametrize("use", PROVIDERS)
async def test_retry_after_is_told_in_seconds(models: ModelRouter, server: ProviderServer, use: str) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    server.answers += [failure(429, headers={"retry-after": value}) for value in ("7", later)]
    assert (await failing(models, spec(server, use))).retry_after_seconds == 7
    by_date = (await failing(models, spec(server, use))).retry_after_seconds
    assert by_date is not None
    assert 50 < by_date <= 60


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_a_key_that_the_provider_repeats_is_not_in_the_message(
    models: ModelRouter, server: ProviderServer, status: int
) -> None:
    server.answers.append(failure(status, f"Bad key {KEY} and sk-proj-abcdefghijkl. More words follow."))
    error = await failing(models, spec(server))
    assert KEY not in error.message
    assert "sk-proj" not in error.message
    assert "More words" not in error.message
    assert error.__cause__ is None


async def test_a_refused_key_is_named_by_its_variable(models: ModelRouter, server: ProviderServer) -> None:
    server.answers.append(failure(401, "no"))
    assert "TEST_API_KEY" in (await failing(models, spec(server))).message


async def test_the_providers_sentence_is_quoted(models: ModelRouter, server: ProviderServer) -> None:
    server.answers.append(failure(400, "Temperature must be below 2. Read the documentation."))
    error = await failing(models, spec(server))
    assert error.message == "openai:any refused the request: Temperature must be below 2."


@pytest.mark.parametrize("use", PROVIDERS)
async def test_a_stream_that_breaks_is_a_transport_fault(models: ModelRouter, server: ProviderServer, use: str) -> None:
    server.answers.append(Answer([b"event: ping\ndata: {"], headers={"content-length": "999"}))
    error = await failing(models, spec(server, use))
    assert error.is_retryable


async def test_a_body_that_is_no_json_is_a_bad_reply(models: ModelRouter, server: ProviderServer) -> None:
    server.answers.append(Answer([b"data: {not json}\n\n"]))
    error = await failing(models, spec(server))
    assert (error.code, error.is_retryable) == ("bad_reply", True)


async def test_a_server_that_is_not_there_is_a_transport_fault(models: ModelRouter, server: ProviderServer) -> None:
    model = spec(server).model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    error = await failing(models, model)
    assert (error.code, error.is_retryable) == ("transport", True)


async def test_a_silent_server_is_given_up(server: ProviderServer) -> None:
    models = ModelRouter(ModelSettings(model_timeout_seconds=0.05))
    server.answers.append(openai_answer("Once", hangs=True))
    async with asyncio.timeout(30):
        error = await failing(models, spec(server))
        await models.close()
    assert (error.code, error.is_retryable) == ("transport", True)


@pytest.mark.parametrize("text", ['{"n": 1}', "no json", "{}", '{"n": NaN}', "[" * 100_000])
async def test_an_answer_against_its_schema_keeps_what_was_spent(
    models: ModelRouter, server: ProviderServer, text: str
) -> None:
    server.answers.append(openai_answer(text, tokens=(1_000, 2_000)))
    error = await failing(models, spec(server), schema=SCHEMA)
    assert isinstance(error, ModelCallFailed)
    assert (error.code, error.is_retryable) == ("schema_mismatch", True)
    assert error.spent == Spent(1_000, 2_000, 0.021)


@pytest.mark.parametrize(
    "answer", [openai_answer('{"n": ', finish="length"), anthropic_answer('{"n": ', stop="max_tokens")]
)
async def test_an_answer_that_was_cut_off_says_so(models: ModelRouter, server: ProviderServer, answer: Answer) -> None:
    use = "anthropic:any" if b"message_start" in answer.pieces[0] else "openai:any"
    server.answers.append(answer)
    error = await failing(models, spec(server, use), schema=SCHEMA)
    assert isinstance(error, ModelCallFailed)
    assert error.code == "truncated"
    assert error.spent.output_tokens == 7


async def test_a_withheld_answer_is_not_asked_for_again(models: ModelRouter, server: ProviderServer) -> None:
    server.answers.append(openai_answer("", finish="content_filter"))
    error = await failing(models, spec(server))
    assert isinstance(error, ModelCallFailed)
    assert (error.code, error.is_retryable) == ("content_filter", False)
