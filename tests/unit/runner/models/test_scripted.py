"""Scripted models: which entry answers, and how its answer comes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import MissingSetting, ModelError
from contracts.pipeline import ModelSpec, Price
from runner.models.client import ModelCallFailed, ModelRequest, Spent
from runner.models.router import ModelRouter
from runner.models.scripted import Script, ScriptedError, ScriptedModels
from runner.models.settings import ModelSettings

SPEC = ModelSpec(use="scripted:m")


def ask(user: str = "Hi", *, spec: ModelSpec = SPEC, schema: dict[str, Any] | None = None) -> ModelRequest:
    return ModelRequest(spec, user, schema=schema)


def scripted(*entries: Script) -> ScriptedModels:
    return ScriptedModels(scripts={"m": entries})


async def test_echo_answers_with_the_user_text() -> None:
    reply = await ScriptedModels().complete(ask("What I said", spec=ModelSpec(use="scripted:echo")))
    assert (reply.text, reply.model, reply.cost_usd) == ("What I said", "scripted:echo", 0.0)


async def test_the_first_entry_that_matches_and_is_not_used_up_answers() -> None:
    models = scripted(Script(match="cat", reply="meow", times=1), Script(match="c.t", reply="purr"), Script(reply="?"))
    texts = [(await models.complete(ask(user))).text for user in ("a cat", "a cat", "a dog")]
    assert texts == ["meow", "purr", "?"]
    assert [call.user for call in models.calls] == ["a cat", "a cat", "a dog"]


async def test_no_entry_left_is_an_error_that_is_not_retried() -> None:
    models = scripted(Script(reply="once", times=1))
    await models.complete(ask())
    with pytest.raises(ModelError, match="scripted:m") as caught:
        await models.complete(ask())
    assert not caught.value.is_retryable


@pytest.mark.parametrize(("chunks", "pieces"), [(None, ["one ", "two ", "three"]), (2, ["one two", " three"])])
async def test_the_text_comes_in_pieces(chunks: int | None, pieces: list[str]) -> None:
    seen: list[str] = []
    await scripted(Script(reply="one two three", chunks=chunks)).complete(ask(), seen.append)
    assert seen == pieces


async def test_a_model_that_writes_slowly_waits_after_each_piece() -> None:
    seen: list[str] = []
    has_begun = asyncio.Event()

    def take(text: str) -> None:
        seen.append(text)
        has_begun.set()

    calling = asyncio.create_task(scripted(Script(reply="one two", pause_ms=3_600_000)).complete(ask(), take))
    await has_begun.wait()
    done, _ = await asyncio.wait({calling}, timeout=0)
    assert not done
    calling.cancel()
    assert seen == ["one "]


async def test_a_json_reply_is_the_value_and_is_checked() -> None:
    models = scripted(Script(reply={"n": 1}, input_tokens=3, output_tokens=4, cost=0.5))
    assert (await models.complete(ask(schema={"type": "object"}))).value == {"n": 1}
    with pytest.raises(ModelCallFailed) as caught:
        await models.complete(ask(schema={"type": "array"}))
    assert (caught.value.code, caught.value.spent) == ("schema_mismatch", Spent(3, 4, 0.5))


async def test_an_error_is_played_with_its_code_and_wait() -> None:
    error = ScriptedError(code="rate_limited", retryable=True, retry_after=2.5)
    with pytest.raises(ModelError) as caught:
        await scripted(Script(error=error)).complete(ask())
    assert (caught.value.code, caught.value.is_retryable, caught.value.retry_after_seconds) == (
        "rate_limited",
        True,
        2.5,
    )


async def test_a_null_cost_plays_an_unknown_price_unless_the_definition_has_one() -> None:
    models = scripted(Script(reply="x", cost=None, input_tokens=1_000_000, output_tokens=0))
    priced = SPEC.model_copy(update={"price": Price(input=2.0, output=0.0)})
    assert (models.is_priced(SPEC), models.is_priced(priced)) == (False, True)
    assert (await models.complete(ask())).cost_usd is None
    assert (await models.complete(ask(spec=priced))).cost_usd == 2.0


async def test_a_delay_can_be_cancelled() -> None:
    models = scripted(Script(reply="late", delay_ms=3_600_000))
    call = asyncio.create_task(models.complete(ask()))
    await asyncio.sleep(0)
    assert models.calls
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_scripts_come_from_the_file_that_the_setting_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models.yaml"
    file.write_text("m:\n  - {match: cat, reply: meow}\n  - {reply: {a: 1}}\n")
    monkeypatch.setenv("STAGECAST_SCRIPTED_MODELS", str(file))
    models = ModelRouter(ModelSettings())
    assert (await models.complete(ask("a cat"))).text == "meow"
    assert (await models.complete(ask("a dog", schema={"type": "object"}))).value == {"a": 1}
    assert len(models.scripted.calls) == 2


@pytest.mark.parametrize(
    ("text", "said"), [("m: [", "not YAML"), ("m: [{replay: x}]", r"m\.0\.replay"), ("- 1", "scripted models")]
)
async def test_a_faulty_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(text)
    with pytest.raises(MissingSetting, match=said):
        await ScriptedModels(file).complete(ask())


async def test_a_name_without_a_script_names_the_setting(tmp_path: Path) -> None:
    for models in (ScriptedModels(), ScriptedModels(tmp_path / "nowhere.yaml")):
        with pytest.raises(MissingSetting, match="STAGECAST_SCRIPTED_MODELS"):
            await models.complete(ask())
