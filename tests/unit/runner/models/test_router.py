"""The router: laziness, and what needs no provider to be said."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from contracts.errors import MissingSetting
from contracts.pipeline import ModelSpec, Price
from runner.models.client import ModelClient, ModelRequest
from runner.models.router import ModelRouter
from runner.models.scripted import ScriptedModels
from runner.models.settings import ModelSettings
from runner.time_limit import TimeLimit


def test_importing_it_imports_no_provider() -> None:
    code = (
        "import sys, runner.models.router as r, runner.models.settings as s; r.ModelRouter(s.ModelSettings());"
        "print(sorted({'pydantic_ai', 'openai', 'anthropic', 'xllamacpp', 'genai_prices'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.strip() == "[]"


async def test_it_is_a_model_client_and_closes_unused() -> None:
    client: ModelClient = ModelRouter(ModelSettings())
    await client.close()


@pytest.mark.parametrize(
    ("spec", "is_priced"),
    [
        (ModelSpec(use="local:smollm2"), True),
        (ModelSpec(use="scripted:echo"), True),
        (ModelSpec(use="openai:gpt-4o"), True),
        (ModelSpec(use="openai:nobody-knows-this"), False),
        (ModelSpec(use="openai:gpt-4o", base_url="http://127.0.0.1:1/v1"), False),
        (ModelSpec(use="openai:x", base_url="http://127.0.0.1:1/v1", price=Price(input=0, output=0)), True),
    ],
)
def test_it_tells_whether_the_price_is_known(spec: ModelSpec, is_priced: bool) -> None:
    assert ModelRouter(ModelSettings()).is_priced(spec) is is_priced


@pytest.mark.parametrize("name", ["nothing", "/nowhere/model.gguf"])
async def test_a_local_model_that_is_not_there_is_told(name: str) -> None:
    models = ModelRouter(ModelSettings())
    with pytest.raises(MissingSetting, match=name):
        await models.complete(ModelRequest(ModelSpec(use=f"local:{name}"), "Hi"))
    await models.close()


class QuickModels(ScriptedModels):
    """A provider whose library takes its time to load."""

    def __init__(self, _: ModelSettings) -> None:
        super().__init__()


async def test_the_time_that_a_providers_library_takes_to_load_is_not_the_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load_slowly(_: str) -> object:
        threading.Event().wait(1.3)
        return SimpleNamespace(HostedModels=QuickModels)

    monkeypatch.setattr("runner.models.router.importlib.import_module", load_slowly)
    router = ModelRouter(ModelSettings())
    async with TimeLimit(1.0):
        await router.prepare(ModelSpec(use="openai:m"))
        with pytest.raises(MissingSetting, match="script"):
            await router.complete(ModelRequest(ModelSpec(use="openai:m"), "Hi"))
