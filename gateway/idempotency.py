"""`Idempotency-Key`: which key a request carries, and which execution it began first.

What is kept under a key is written once and names an execution and a digest of the request. It says nothing about
whether that execution was stored: its event 0 tells, whose slot is written once, too.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import IdempotencyConflict, InvalidInput
from contracts.wire import WireModel
from stagecast.log import ExecutionLog

_KEY = re.compile(r"[\x21-\x7e]{1,255}")  # visible ASCII; the quotes of the IETF draft's form are part of the key


class _Record(WireModel):
    """What is kept under a key."""

    execution_id: str
    request: str


def read_key(headers: Sequence[str]) -> str | None:
    """Return a request's key, None when it has none.

    Args:
        headers: the values of its `Idempotency-Key` headers.

    Raises:
        InvalidInput: there are several, or it is no key.
    """
    if not headers:
        return None
    if len(headers) > 1 or _KEY.fullmatch(headers[0]) is None:
        raise InvalidInput("Idempotency-Key must be one value of 1 to 255 visible ASCII characters.")
    return headers[0]


def own_key(name: str | None, key: str | None) -> str | None:
    """Return a key as it is kept: everybody has keys of their own, which no key of anybody else can be equal to.

    Args:
        name: whose key it is; None where nobody is asked who they are.
        key: the request's key, None when it has none.
    """
    # A key has no line break, so what is before the last one is the name, and without one there is none.
    return key if name is None or key is None else f"{name}\n{key}"


class KnownKeys:
    """The keys that requests came with, shared by all gateways of a log."""

    def __init__(self, log: ExecutionLog) -> None:
        self._log = log

    async def find_id(self, key: str, request: Mapping[str, Any]) -> str | None:
        """Return the execution that the key stands for, None when it came with no request that was accepted.

        Raises:
            IdempotencyConflict: the key came with another request.
            LogUnavailable: it is not known.
        """
        kept = await self._log.recall(key)
        return None if kept is None else _same_request(kept, _digest(request))

    async def first_id(self, key: str, request: Mapping[str, Any], execution_id: str) -> str:
        """Return the execution that the key stands for: `execution_id`, unless it stood for another one before.

        Args:
            key: the request's key.
            request: everything that tells it from another request, as JSON values.
            execution_id: a new one.

        Raises:
            IdempotencyConflict: the key came with another request.
            LogUnavailable: it is not known. Asking again is safe, with another `execution_id` too.
        """
        mine = _Record(execution_id=execution_id, request=_digest(request))
        return _same_request(await self._log.remember_first(key, mine.model_dump_json().encode()), mine.request)


def _same_request(kept: bytes, digest: str) -> str:
    record = _Record.model_validate_json(kept)
    if record.request != digest:
        raise IdempotencyConflict("This Idempotency-Key came with another request before; use a new one.")
    return record.execution_id


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
