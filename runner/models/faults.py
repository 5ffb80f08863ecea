"""What a provider's failure means: pydantic-ai's exceptions as our `ModelError`. No key ever gets into a message."""

import re
from typing import cast

import httpx2
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelServerError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
    UserError,
)

from contracts.errors import ModelError
from contracts.pipeline import ModelSpec
from runner.models.client import ModelCallFailed, Spent
from stagecast.redaction import redact

FOREIGN_ERRORS = (ModelAPIError, UnexpectedModelBehavior, UserError, httpx2.HTTPError, httpx2.StreamError)
"""What a call through pydantic-ai can raise for reasons that are not our own mistakes."""

# Kind → code, is it retryable, what happened. The first that fits wins, so the narrower kinds stand first.
_MEANINGS: tuple[tuple[type[Exception], str, bool, str], ...] = (
    (ModelRateLimitError, "rate_limited", True, "is limiting the rate of calls"),
    (ModelQuotaExceededError, "quota_exceeded", False, "says that the account's quota or credit is used up"),
    (ModelUnavailableError, "overloaded", True, "is overloaded or not available"),
    (ModelServerError, "server_error", True, "failed"),
    (ModelRequestTimeout, "transport", True, "did not answer in time"),
    (ModelConnectionError, "transport", True, "could not be reached, or the connection broke"),
    (ModelAuthenticationError, "refused_key", False, "refused the key"),
    (ModelNotFoundError, "unknown_model", False, "does not know this model"),
    (ModelContextWindowExceededError, "prompt_too_long", False, "says that the prompt is too long for it"),
    (ModelRequestRejectedError, "bad_request", False, "refused the request"),
    (ContentFilterError, "content_filter", False, "withheld the answer"),
    (ModelAPIError, "bad_reply", True, "sent something that is no answer"),
    (UnexpectedModelBehavior, "bad_reply", True, "sent something that is no answer"),
    (UserError, "bad_request", False, "cannot be asked this"),
)
_TRANSPORT = ("transport", True, "could not be reached, or the connection broke")

_LLAMA_TOO_LONG = "exceed_context_size_error"
_LLAMA_PREFIX = re.compile(r"^Unable to generate parser for this template\. Automatic parser generation failed: ")
_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk|key|gsk|xai|hf)[-_][A-Za-z0-9_*.-]{5,}[A-Za-z0-9_*-]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_QUOTED_CHARACTERS = 300


def model_error(error: Exception, spec: ModelSpec, key: str | None, spent: Spent | None = None) -> ModelError:
    """Return our error for one of `FOREIGN_ERRORS`.

    Args:
        error: what was raised.
        spec: the model that was asked.
        key: the key that was sent, so that it can be kept out of the message.
        spent: what the provider said the call cost before it broke.
    """
    code, is_retryable, what = _meaning(error)
    message = f"{spec.use} {what}"
    if code == "refused_key":
        # Not quoted: providers repeat the key, in part or whole, when they refuse it.
        message += f"; check {spec.required_key}" if spec.required_key else "; set api_key_env for this server"
    elif quote := _quote(error, key):
        message += f": {quote}"
    elif isinstance(error, ModelHTTPError):
        message += f" (status {error.status_code})"
    message = message if message.endswith((".", "!", "?")) else f"{message}."
    wait = error.retry_after if isinstance(error, ModelAPIError) else None
    if spent is not None and (spent.input_tokens or spent.output_tokens):
        return ModelCallFailed(message, spent=spent, code=code, is_retryable=is_retryable, retry_after_seconds=wait)
    return ModelError(message, code=code, is_retryable=is_retryable, retry_after_seconds=wait)


def _meaning(error: Exception) -> tuple[str, bool, str]:
    kind = type(error)
    if isinstance(error, ModelAPIError) and error.provider_error_type == _LLAMA_TOO_LONG:
        kind = ModelContextWindowExceededError
    return next((row[1:] for row in _MEANINGS if issubclass(kind, row[0])), _TRANSPORT)


def _quote(error: Exception, key: str | None) -> str:
    """The provider's own words, one sentence of them, without anything that looks like a key."""
    text = _said(error.body) if isinstance(error, ModelAPIError) else None
    if text is None and not isinstance(error, ModelAPIError):
        text = str(error)
    words = _LLAMA_PREFIX.sub("", " ".join(redact(text or "").split()))
    if key:
        words = words.replace(key, "[key]")
    sentence = _SENTENCE_END.split(_KEY_LIKE.sub("[key]", words), maxsplit=1)[0]
    return sentence if len(sentence) <= _QUOTED_CHARACTERS else f"{sentence[:_QUOTED_CHARACTERS]}…"


def _said(body: object) -> str | None:
    if not isinstance(body, dict):
        return None
    fields = cast("dict[str, object]", body)
    message = fields.get("message")
    return message if isinstance(message, str) else _said(fields.get("error"))
