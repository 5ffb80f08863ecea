"""The real local model: SmolLM2 in llama.cpp, on two cores in seconds."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.errors import ModelError
from contracts.pipeline import ModelSpec
from runner.models.client import ModelCallFailed, ModelRequest
from runner.models.local import LocalModels
from runner.models.settings import ModelSettings

pytestmark = [
    pytest.mark.local_model,
    # One loaded model for all tests of this file: loading it again for each would double their time.
    pytest.mark.asyncio(loop_scope="module"),
]

SPEC = ModelSpec(use="local:smollm2", temperature=0.0, seed=1, max_tokens=60)
ENDLESS = ModelSpec(use="local:smollm2", max_tokens=4_000)
ENDLESS_SCHEMA: dict[str, Any] = {"type": "string", "minLength": 2_000}  # 500 tokens, seven seconds
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["words"],
    "properties": {"words": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/word"}}},
    "$defs": {"word": {"enum": ["red", "green"]}},
}


def settings(**changes: Any) -> ModelSettings:
    return ModelSettings(local_slots=2, local_context_tokens=512, **changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models() -> AsyncIterator[LocalModels]:
    models = LocalModels(settings())
    yield models
    await models.close()


async def process_of(models: LocalModels) -> int:
    served = await next(iter(models._served.values()))  # pyright: ignore[reportPrivateUsage]  # the test kills it
    return served.process.pid


async def address_of(models: LocalModels) -> str:
    served = await next(iter(models._served.values()))  # pyright: ignore[reportPrivateUsage]  # to knock at its door
    return str(served.client.base_url)


async def test_it_writes_text_live_and_free_of_charge(models: LocalModels) -> None:
    pieces: list[str] = []
    reply = await models.complete(ModelRequest(SPEC, "Say hello.", "You are kind."), pieces.append)
    assert reply.text == "".join(pieces)
    assert len(pieces) > 3
    assert (reply.model, reply.cost_usd) == ("local:smollm2", 0.0)
    assert reply.input_tokens > 5
    assert 3 < reply.output_tokens <= 60


async def test_a_schema_becomes_a_grammar(models: LocalModels) -> None:
    reply = await models.complete(ModelRequest(SPEC, "Name two colours.", schema=SCHEMA))
    assert len(reply.value["words"]) == 2
    assert set(reply.value["words"]) <= {"red", "green"}


async def test_the_same_seed_writes_the_same(models: LocalModels) -> None:
    spec = SPEC.model_copy(update={"temperature": 1.0, "seed": 5})
    texts = {(await models.complete(ModelRequest(spec, "Invent a name."))).text for _ in range(2)}
    assert len(texts) == 1


async def test_cancelling_frees_the_slot(models: LocalModels) -> None:
    async def cancelled() -> None:
        began = asyncio.Event()
        request = ModelRequest(ENDLESS, "Count.", schema=ENDLESS_SCHEMA)
        call = asyncio.create_task(models.complete(request, lambda _: began.set()))
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    async with asyncio.timeout(60):
        # Three for two slots: were one still busy, the third, or the call after it, would wait for hundreds of tokens.
        await asyncio.gather(*(cancelled() for _ in range(3)))
        began = time.monotonic()
        await models.complete(ModelRequest(SPEC.model_copy(update={"max_tokens": 2}), "Hi"))
    assert time.monotonic() - began < 3


async def test_a_prompt_beyond_the_context_is_refused(models: LocalModels) -> None:
    with pytest.raises(ModelError, match="too long") as caught:
        await models.complete(ModelRequest(SPEC, "word " * 600))
    assert (caught.value.code, caught.value.is_retryable) == ("prompt_too_long", False)


async def test_a_schema_that_cannot_become_a_grammar_is_refused(models: LocalModels) -> None:
    with pytest.raises(ModelError, match="nowhere") as caught:
        await models.complete(ModelRequest(SPEC, "Hi", schema={"$ref": "#/nowhere"}))
    assert (caught.value.code, caught.value.is_retryable) == ("bad_request", False)


async def test_an_answer_that_was_cut_off_says_so(models: LocalModels) -> None:
    with pytest.raises(ModelCallFailed) as caught:
        await models.complete(ModelRequest(SPEC.model_copy(update={"max_tokens": 3}), "Hi", schema=SCHEMA))
    assert caught.value.code == "truncated"
    assert caught.value.spent.output_tokens > 0


async def test_other_users_of_the_machine_are_turned_away(models: LocalModels) -> None:
    await models.complete(ModelRequest(SPEC.model_copy(update={"max_tokens": 1}), "Hi"))
    async with httpx.AsyncClient(base_url=await address_of(models), trust_env=False) as stranger:
        answer = await stranger.post("/chat/completions", json={"messages": [{"role": "user", "content": "Hi"}]})
    assert answer.status_code == 401


async def test_a_model_process_that_died_is_started_again(models: LocalModels) -> None:
    await models.complete(ModelRequest(SPEC.model_copy(update={"max_tokens": 1}), "Hi"))
    began = asyncio.Event()
    request = ModelRequest(ENDLESS, "Count.", schema=ENDLESS_SCHEMA)
    call = asyncio.create_task(models.complete(request, lambda _: began.set()))
    async with asyncio.timeout(60):
        await began.wait()
        os.kill(await process_of(models), signal.SIGKILL)
        with pytest.raises(ModelError) as caught:
            await call
        assert (caught.value.code, caught.value.is_retryable) == ("transport", True)
        reply = await models.complete(ModelRequest(SPEC, "Say hello."))
    assert reply.text


async def test_closing_ends_the_process() -> None:
    models = LocalModels(settings())
    await models.complete(ModelRequest(SPEC.model_copy(update={"max_tokens": 1}), "Hi"))
    process = await process_of(models)
    async with asyncio.timeout(30):
        await models.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF, but not really")
    models = LocalModels(settings())
    for _ in range(2):
        with pytest.raises(ModelError, match=r"broken\.gguf") as caught:
            await models.complete(ModelRequest(ModelSpec(use=f"local:{file}"), "Hi"))
        assert (caught.value.code, caught.value.is_retryable) == ("bad_model_file", False)
    await models.close()
