"""The client's side of HTTP: one request and its answer, or as many as it takes where a key makes that safe.

Which requests there are, and what their answers mean, is `stagecast.client`'s affair.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from contracts.errors import GatewayUnreachable, LogUnavailable, RequestRefused
from stagecast.gateway_address import GatewayAddress

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_FIRST_REPEAT_SECONDS = 0.2  # doubles up to the longest
_LONGEST_REPEAT_SECONDS = 2.0
_AWAY = (502, 503, 504)  # nobody behind the address can answer just now

T = TypeVar("T")


class Exchange:
    """Requests to one gateway address. Every method raises `GatewayUnreachable` when nobody answers.

    Args:
        address: where the gateway is, and who asks.
        patience: seconds for which a submission is repeated.

    Attributes:
        was_answered: whether anybody ever answered.
    """

    def __init__(self, address: GatewayAddress, *, patience: float) -> None:
        self.was_answered = False
        self._address = address
        self._patience = patience
        self._http: httpx.AsyncClient | None = None

    def open(self) -> None:
        """Begin; connections are made when they are needed."""
        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        self._http = httpx.AsyncClient(
            headers=self._address.headers,
            timeout=timeout,
            trust_env=self._address.may_use_proxy,
            verify=self._address.tls or True,
        )

    async def close(self) -> None:
        """Close the connections; nothing that runs on the server is touched."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def request(self, method: str, path: str, body: str | None = None) -> bytes:
        """Return the answer's body.

        Raises:
            RequestRefused: the answer is an error.
        """
        return _content_of(await self.send(method, path, body))

    async def request_page(self, path: str) -> tuple[bytes, str | None]:
        """Return the body of one page of a list, and the query of the next one; None on the last page.

        Raises:
            RequestRefused: the answer is an error.
        """
        reply = await self.send("GET", path)
        following = reply.links.get("next", {}).get("url")
        # The query alone: a gateway behind a proxy may go by another path there.
        return _content_of(reply), None if following is None else following.partition("?")[2]

    async def submit(self, path: str, body: str, key: str) -> bytes:
        """Post with an `Idempotency-Key`; repeat that while it is not known what became of it.

        A first try that finds nobody is not repeated, and neither is what was refused for a reason that stays.

        Raises:
            RequestRefused: the answer is an error, or was until patience ended.
        """
        headers = {"Idempotency-Key": key}
        give_up_at = time.monotonic() + self._patience
        pause, has_begun = _FIRST_REPEAT_SECONDS, False
        while True:
            try:
                reply = await self._try("POST", path, body, headers)
            except httpx.TransportError as error:
                has_begun = has_begun or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if not has_begun or time.monotonic() + pause > give_up_at:
                    raise self._address.unreachable(error) from error
            else:
                has_begun = True
                if not _is_passing(reply) or time.monotonic() + pause > give_up_at:
                    return _content_of(reply)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_REPEAT_SECONDS)

    async def send(self, method: str, path: str, body: str | None = None) -> httpx.Response:
        """Return the answer, whatever it says."""
        try:
            return await self._try(method, path, body, {})
        except httpx.TransportError as error:
            raise self._address.unreachable(error) from error

    async def _try(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> httpx.Response:
        if self._http is None:
            raise RuntimeError("use the client with `async with`")
        kind = {"Content-Type": "application/json"} if body is not None else {}
        try:
            reply = await self._http.request(
                method, self._address.url + path, content=body, headers={**kind, **headers}
            )
        except httpx.InvalidURL as error:
            raise GatewayUnreachable(f"{self._address.url} is no address: {error}.") from None
        except httpx.DecodingError as error:
            raise self._address.unreachable(error) from error
        self.was_answered = True
        return reply


def read_reply(kind: type[T], content: bytes) -> T:
    """Read the body of an answer as a value of this kind.

    Raises:
        RequestRefused: it is none.
    """
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        raise RequestRefused("The answer is not one of a stagecast gateway.", status=200, code="bad_reply") from error


def _is_passing(reply: httpx.Response) -> bool:
    """Tell whether the answer says that what was asked may have been done, or may be done soon."""
    return reply.status_code in _AWAY or (reply.is_error and _fields_of(reply).get("code") == LogUnavailable.code)


def _content_of(reply: httpx.Response) -> bytes:
    if reply.is_success:
        return reply.content
    fields = _fields_of(reply)
    message, code = fields.get("error"), fields.get("code")
    raise RequestRefused(
        message if isinstance(message, str) else f"The gateway answered {reply.status_code} {reply.reason_phrase}.",
        status=reply.status_code,
        code=code if isinstance(code, str) else None,
    )


def _fields_of(reply: httpx.Response) -> dict[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(reply.content)
    except ValidationError:
        return {}
