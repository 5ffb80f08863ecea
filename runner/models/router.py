"""The model client that the engine gets: sends each call to its provider's client, which is made on first use.

Importing this imports no SDK and no llama.cpp; a runner whose pipelines need none never pays for them.
"""

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from contracts.errors import MissingSetting, ModelError
from contracts.pipeline import ModelSpec
from runner.models.client import ModelClient, ModelReply, ModelRequest
from runner.models.scripted import Script, ScriptedModels
from runner.models.settings import ModelSettings
from runner.time_limit import clock_stopped
from stagecast.prices import is_priced

_LAZY = {
    "local": ("runner.models.local", "LocalModels"),
    "openai": ("runner.models.providers", "HostedModels"),
    "anthropic": ("runner.models.providers", "HostedModels"),
}


class ModelRouter:
    """Implements `ModelClient` for every provider that the pipeline format knows."""

    def __init__(self, settings: ModelSettings, *, scripts: Mapping[str, Sequence[Script]] | None = None) -> None:
        """Remember the settings; nothing is loaded or connected yet.

        Args:
            settings: limits, and the file of scripted models.
            scripts: scripted models by name, besides those of the file.
        """
        self._settings = settings
        self._scripted = ScriptedModels(settings.scripted_models, scripts)
        self._clients: dict[tuple[str, str], ModelClient] = {}
        self._opening = asyncio.Lock()

    @property
    def scripted(self) -> ScriptedModels:
        """The scripted models, which remember their calls."""
        return self._scripted

    async def prepare(self, spec: ModelSpec) -> None:
        """Load the provider's library, which takes seconds the first time. That is no call's own time."""
        with clock_stopped():
            await self._client(spec)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Make one call, as `ModelClient.complete` promises."""
        client = await self._client(request.spec)
        return await client.complete(request, on_text)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell whether the cost of this model's calls will be known."""
        return self._scripted.is_priced(spec) if spec.provider == "scripted" else is_priced(spec)

    async def close(self) -> None:
        """Close every provider's client; the router can be used again afterwards."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    async def _client(self, spec: ModelSpec) -> ModelClient:
        if spec.provider == "scripted":
            return self._scripted
        place = _LAZY.get(spec.provider)
        if place is None:
            raise ModelError(f"There is no provider '{spec.provider}'.", code="unknown_model")
        async with self._opening:
            if place not in self._clients:
                module, name = place
                try:
                    # In a thread: an SDK takes seconds to import, and claims must be renewed meanwhile.
                    loaded = await asyncio.to_thread(importlib.import_module, module)
                except ImportError as error:
                    raise MissingSetting(
                        f"{spec.use} needs the package {error.name}: pip install 'stagecast[runner]'."
                    ) from None
                make = cast("Callable[[ModelSettings], ModelClient]", getattr(loaded, name))
                self._clients[place] = make(self._settings)
        return self._clients[place]
