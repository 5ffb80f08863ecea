"""Hosted models: OpenAI, Anthropic, and any server that speaks like one of them, with its key and its connections.

Importing this module costs seconds (both SDKs); `router` does it on first use. What a call says is in `exchange`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from contracts.errors import MissingSetting
from contracts.pipeline import ModelSpec
from runner.models.client import ModelReply, ModelRequest
from runner.models.exchange import Endpoint, exchange
from runner.models.settings import ModelSettings
from stagecast.prices import is_priced

_PLACEHOLDER_KEY = "no-key"  # the SDKs insist on one; it never leaves the process
_OWN_HEADERS = frozenset(
    {
        *("host", "connection", "accept", "accept-encoding", "content-type", "content-length", "user-agent"),
        *("anthropic-version", "anthropic-beta"),
    }
)

OPEN_SERVER_PROFILE = OpenAIModelProfile(
    supports_json_schema_output=True,
    supports_json_object_output=True,
    openai_chat_supports_max_completion_tokens=False,  # every server knows max_tokens, few know its successor
)
"""What is taken for granted of a server that speaks OpenAI's chat completions and is not OpenAI."""


class HostedModels:
    """The model client of `openai:` and `anthropic:`. One HTTP client for each server and key, kept and reused."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._clients: dict[tuple[str, str | None, str | None], AsyncOpenAI | AsyncAnthropic] = {}

    async def prepare(self, spec: ModelSpec) -> None:
        """Do nothing: what takes long is done by now."""

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Make one call, as `ModelClient.complete` promises."""
        return await exchange(self._endpoint(request.spec), request, on_text)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell whether the definition or the price table knows this model."""
        return is_priced(spec)

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = list(self._clients.values()), {}
        await asyncio.gather(*(client.close() for client in clients))

    def _endpoint(self, spec: ModelSpec) -> Endpoint:
        key = _key(spec)
        name = (spec.provider, spec.base_url, spec.required_key)
        client = self._clients.get(name)
        # A key that was changed in the environment of a running process counts from the next call on.
        if client is None or client.api_key != (key or _PLACEHOLDER_KEY):
            client = self._clients[name] = self._client(spec, key)
        return Endpoint(
            _model(spec, client), key, takes_any_schema=isinstance(client, AsyncOpenAI) and spec.base_url is not None
        )

    def _client(self, spec: ModelSpec, key: str | None) -> AsyncOpenAI | AsyncAnthropic:
        kind = AsyncAnthropic if spec.provider == "anthropic" else AsyncOpenAI
        # The engine repeats calls, and counts what each costs: the SDK's own retries would be hidden from it.
        return kind(
            api_key=key or _PLACEHOLDER_KEY,
            base_url=spec.base_url,
            http_client=http_client(self._settings, _only_ours(key) if spec.base_url is not None else None),
            max_retries=0,
        )


def http_client(
    settings: ModelSettings,
    on_request: Callable[[httpx2.Request], Awaitable[None]] | None = None,
    *,
    is_own_machine: bool = False,
) -> httpx2.AsyncClient:
    """Return an HTTP client for one server.

    It follows no redirect: a key would go along to wherever that leads.

    Args:
        settings: time and connection limits.
        on_request: told of every request before it is sent, and may change it.
        is_own_machine: the server is llama.cpp's on loopback. Then no proxy is between, and each call has a connection
            of its own: that server ends one after a hundred calls without a word, and the next call on it was lost.
    """
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(settings.model_timeout_seconds, connect=settings.model_connect_timeout_seconds),
        limits=httpx2.Limits(
            max_connections=settings.model_connections, max_keepalive_connections=0 if is_own_machine else None
        ),
        event_hooks={"request": [on_request] if on_request else []},
        trust_env=not is_own_machine,
    )


def _key(spec: ModelSpec) -> str | None:
    if spec.required_key is None:
        return None
    key = os.environ.get(spec.required_key, "").strip()
    if not key:
        raise MissingSetting(f"{spec.use} needs a key: set {spec.required_key} in the runner's environment.")
    return key


def _only_ours(key: str | None) -> Callable[[httpx2.Request], Awaitable[None]]:
    """Strip what the SDKs add from the environment, which is meant for their own provider and not for this server."""

    async def strip(request: httpx2.Request) -> None:
        sends_api_key = "x-api-key" in request.headers
        for header in [name for name in request.headers if name.lower() not in _OWN_HEADERS]:
            del request.headers[header]
        if key is not None:
            name, value = ("x-api-key", key) if sends_api_key else ("authorization", f"Bearer {key}")
            request.headers[name] = value

    return strip


def _model(spec: ModelSpec, client: AsyncOpenAI | AsyncAnthropic) -> Model[Any]:  # the type of its client
    if isinstance(client, AsyncAnthropic):
        return AnthropicModel(spec.name, provider=AnthropicProvider(anthropic_client=client))
    if spec.base_url is None:
        return OpenAIChatModel(spec.name, provider=OpenAIProvider(openai_client=client))
    return open_server_model(spec.name, client)


def open_server_model(name: str, client: AsyncOpenAI, *, is_instructed: bool = True) -> OpenAIChatModel:
    """Return the model of a server that is not OpenAI's, whatever its name reminds of.

    Args:
        name: as the server calls it.
        client: where it is.
        is_instructed: put the schema into the prompt too, for servers that ignore `response_format`.
    """
    profile = OpenAIModelProfile(**OPEN_SERVER_PROFILE)
    profile["native_output_requires_schema_in_instructions"] = is_instructed

    def replace(_: ModelProfile) -> ModelProfile:
        return profile

    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client), profile=replace)
