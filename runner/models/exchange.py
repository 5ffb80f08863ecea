"""One call through pydantic-ai: the request as messages and settings, the stream as live text, the end as a reply.

Which server is asked, and with what key, is decided by `providers` and `local`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import structlog
from pydantic_ai import messages as wire
from pydantic_ai.direct import model_request_stream
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings as WireSettings

from contracts.pipeline import JsonSchema, ModelSpec
from runner.models.answers import AnswerMismatch, read_answer
from runner.models.client import ModelCallFailed, ModelReply, ModelRequest, Spent
from runner.models.faults import FOREIGN_ERRORS, model_error
from stagecast.prices import cost_usd

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model where it is served.

    Attributes:
        model: pydantic-ai's, with its HTTP client.
        key: what is sent as the key; kept out of messages.
        takes_any_schema: the server gets the schema as it is written, whatever is in it.
    """

    model: Model[Any]  # the client's type differs by provider and nothing here touches it
    key: str | None = None
    takes_any_schema: bool = False


async def exchange(
    endpoint: Endpoint, request: ModelRequest, on_text: Callable[[str], None] | None = None
) -> ModelReply:
    """Make one call and read its answer. Cancelling closes the HTTP stream, which ends the work at the provider.

    Raises:
        ModelError: as `ModelClient.complete` promises.
    """
    parts: list[str] = []
    stream: StreamedResponse | None = None
    try:
        async with (
            model_request_stream(
                endpoint.model,
                [wire.ModelRequest(parts=_messages(request))],
                model_settings=_settings(endpoint.model, request.spec),
                model_request_parameters=_parameters(endpoint, request.schema),
            ) as stream,
            aclosing(_texts(stream)) as texts,
        ):
            async for text in texts:
                parts.append(text)
                if on_text is not None:
                    on_text(text)
    except asyncio.CancelledError:
        if stream is not None and request.on_abort is not None and (spent := _spent(request.spec, stream)).input_tokens:
            request.on_abort(spent)
        raise
    except FOREIGN_ERRORS as error:
        spent = None if stream is None else _spent(request.spec, stream)
        # `from None`: the foreign error quotes the provider's whole answer, which may repeat the key.
        raise model_error(error, request.spec, endpoint.key, spent) from None
    return _reply(request, "".join(parts), _spent(request.spec, stream), stream.finish_reason)


def _messages(request: ModelRequest) -> list[wire.ModelRequestPart]:
    system = [wire.SystemPromptPart(request.system)] if request.system else []
    return [*system, wire.UserPromptPart(request.user)]


def _settings(model: Model[Any], spec: ModelSpec) -> WireSettings:
    chosen: dict[str, object] = {
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "max_tokens": spec.max_tokens,
        "seed": spec.seed,
        "stop_sequences": list(spec.stop) or None,
    }
    refused = _refused_settings(model)
    dropped = sorted(name for name in refused if chosen.get(name) is not None)
    if dropped:
        _log.warning("model_settings_left_out", model=spec.use, settings=dropped, reason="the model refuses them")
    kept = {name: value for name, value in chosen.items() if value is not None and name not in refused}
    return cast("WireSettings", kept)


def _refused_settings(model: Model[Any]) -> frozenset[str]:
    """The settings that this model's provider answers with an error: said in the log instead of failing the call."""
    profile = cast("dict[str, object]", model.profile)
    always_reasons = profile.get("openai_supports_reasoning") and (
        profile.get("thinking_enabled_by_default") or not profile.get("openai_supports_reasoning_effort_none")
    )
    takes_no_sampling = always_reasons or profile.get("anthropic_disallows_sampling_settings")
    sampling = {"temperature", "top_p"} if takes_no_sampling else set[str]()
    return frozenset(sampling | ({"seed", "stop_sequences"} & model.unsupported_settings))


def _parameters(endpoint: Endpoint, schema: JsonSchema | None) -> ModelRequestParameters:
    if schema is None:
        return ModelRequestParameters()
    is_native = endpoint.takes_any_schema or (
        bool(endpoint.model.profile.get("supports_json_schema_output")) and _is_closed_object(schema)
    )
    return ModelRequestParameters(
        output_mode="native" if is_native else "prompted",
        output_object=OutputObjectDefinition(json_schema=schema, name="answer"),
        allow_text_output=True,
    )


def _is_closed_object(schema: JsonSchema) -> bool:
    """Tell whether hosted structured output keeps the schema's meaning.

    OpenAI and Anthropic want an object at the root and close every object: one that names no properties, a map, would
    only ever come back empty. Such schemas are put in words instead, and checked here all the same.
    """
    return schema.get("type") == "object" and not _has_open_object(schema)


def _has_open_object(node: object) -> bool:
    if isinstance(node, list):
        return any(_has_open_object(item) for item in cast("list[object]", node))
    if not isinstance(node, dict):
        return False
    fields = cast("dict[str, object]", node)
    if fields.get("type") == "object" and not fields.get("properties"):
        return True
    if "patternProperties" in fields or fields.get("additionalProperties") not in (None, False):
        return True
    return any(_has_open_object(value) for value in fields.values())


async def _texts(stream: StreamedResponse) -> AsyncGenerator[str]:
    """The answer's text as it comes; what the model thinks beforehand is not part of it."""
    async for event in stream:
        if isinstance(event, wire.PartStartEvent) and isinstance(event.part, wire.TextPart):
            text = event.part.content
        elif isinstance(event, wire.PartDeltaEvent) and isinstance(event.delta, wire.TextPartDelta):
            text = event.delta.content_delta
        else:
            continue
        if text:
            yield text


def _spent(spec: ModelSpec, stream: StreamedResponse) -> Spent:
    usage = stream.usage
    if not usage.input_tokens and not usage.output_tokens:
        # A server that reports no usage: the tokens are not known, so neither is what they cost.
        return Spent(cost_usd=0.0 if spec.provider == "local" else None)
    cost = cost_usd(spec, usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)
    return Spent(usage.input_tokens, usage.output_tokens, cost)


def _reply(request: ModelRequest, text: str, spent: Spent, finish_reason: wire.FinishReason | None) -> ModelReply:
    use = request.spec.use
    if finish_reason == "content_filter":
        raise ModelCallFailed(f"{use} withheld the answer.", spent=spent, code="content_filter")
    try:
        value = read_answer(text, request.schema)
    except AnswerMismatch as mismatch:
        if finish_reason == "length":
            message = f"The answer of {use} was cut off before its JSON ended; raise max_tokens or ask for less."
            raise ModelCallFailed(message, spent=spent, code="truncated", is_retryable=True) from None
        message = f"{use}: {mismatch}"
        raise ModelCallFailed(message, spent=spent, code="schema_mismatch", is_retryable=True) from None
    return ModelReply(text, value, use, spent.input_tokens, spent.output_tokens, spent.cost_usd)
