"""The client's side of `/ws`: one execution's events, over as many connections as it takes. Not the HTTP requests.

The promise is the design's: in order, each once, and after a reconnect on from the last `seq` that was seen.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Literal

from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from contracts.envelope import StoredEvent
from contracts.errors import ExecutionNotFound, GatewayUnreachable, RequestRefused
from contracts.events import Event, ExecutionCompleted, decode
from contracts.messages import Subscribe

_TERMINAL_TYPE = ExecutionCompleted.model_fields["type"].default
_FIRST_RETRY_SECONDS = 0.1  # doubles up to the longest
_LONGEST_RETRY_SECONDS = 2.0
_CLOSE_SECONDS = 1.0  # who leaves does not wait for a server that is gone
_SERVER_FAULT = 500  # and above: worth another try


def unreachable(url: str) -> GatewayUnreachable:
    """Make the error that says where nobody answered and what to do."""
    return GatewayUnreachable(
        f"No stagecast gateway answers at {url}; start one with `stagecast up`, or give another address with --url."
    )


class EventStream:
    """Follows executions on one gateway address.

    Args:
        url: the gateway's HTTP address.
        headers: sent with each connection.
        use_proxy: whether the proxy of the environment may be used.
        patience: seconds without any event for which a lost connection is tried again.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, use_proxy: bool, patience: float) -> None:
        self._url = url
        self._headers = headers
        self._use_proxy = use_proxy
        self._patience = patience
        self._was_open = False

    async def events(self, execution_id: str, after: int, *, with_journal: bool = False) -> AsyncGenerator[Event, None]:
        """Yield the events numbered above `after` and live text; ends after the terminal event.

        Args:
            execution_id: which execution.
            after: the last number already seen.
            with_journal: yield what runners store for each other, too. Without it there are gaps in the numbers.

        Raises:
            ExecutionNotFound: the gateway knows no such execution.
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
            RequestRefused: the gateway does not let us in.
        """
        last_seq, tries, lost_at = after, 0, 0.0
        request = Subscribe(execution_id=execution_id, events="all" if with_journal else None)
        while True:
            request = request.model_copy(update={"after": last_seq if last_seq >= 0 else None})
            async with aclosing(self._one_connection(request)) as received:
                async for seq, event in received:
                    last_seq, tries = last_seq if seq is None else seq, 0
                    if event is not None:
                        yield event
                    if isinstance(event, StoredEvent) and event.is_terminal:
                        return
            lost_at = time.monotonic() if tries == 0 else lost_at
            if not self._was_open or time.monotonic() - lost_at >= self._patience:
                raise unreachable(self._url)
            await asyncio.sleep(min(_FIRST_RETRY_SECONDS * 2**tries, _LONGEST_RETRY_SECONDS))
            tries += 1

    async def _one_connection(self, request: Subscribe) -> AsyncGenerator[tuple[int | None, Event | None], None]:
        """Subscribe on a connection of its own and yield what is new, until the connection ends for any reason."""
        last_seq = -1 if request.after is None else request.after
        try:
            # No size limit: a result may be large, and it is the server that we chose to ask.
            async with connect(
                f"ws{self._url.removeprefix('http')}/ws",
                additional_headers=self._headers,
                max_size=None,
                close_timeout=_CLOSE_SECONDS,
                proxy=True if self._use_proxy else None,
            ) as socket:
                self._was_open = True
                await socket.send(request.model_dump_json(by_alias=True, exclude_none=True))
                async for text in socket:
                    message: dict[str, Any] = json.loads(text)
                    match judge(message, request, last_seq):
                        case "deliver":
                            last_seq = message.get("seq", last_seq)
                            yield message.get("seq"), _decode_if_known(text)
                        case "resubscribe":
                            return
                        case "unknown":
                            raise ExecutionNotFound
                        case "ignore":
                            pass
        except InvalidStatus as error:
            status = error.response.status_code
            if status < _SERVER_FAULT:
                raise RequestRefused(f"The gateway refused the WebSocket ({status}).", status=status) from None
        except (OSError, WebSocketException, ValueError):
            return


def judge(
    message: Mapping[str, Any], request: Subscribe, last_seq: int
) -> Literal["deliver", "ignore", "resubscribe", "unknown"]:
    """Say what to do with a message of the server: the whole of the protocol's reading side.

    | message | verdict |
    |---|---|
    | `error`: the server could not serve us | resubscribe |
    | of another execution, or `subscribed` with success | ignore |
    | `subscribed` without success | unknown |
    | event without `seq`: live text | deliver |
    | event with the next `seq` | deliver |
    | terminal event with an older `seq`: told again to who resumes after the end | deliver |
    | another event with an older `seq`: a repetition | ignore |
    | event with a later `seq`: those between were not for us | deliver |
    | the same where all events were asked for: one was lost | resubscribe |
    """
    if message.get("type") == "error":
        return "resubscribe"
    if message.get("executionId") != request.execution_id:
        return "ignore"
    if message.get("type") == "subscribed":
        return "ignore" if message.get("success") else "unknown"
    seq = message.get("seq")
    if not isinstance(seq, int) or seq == last_seq + 1:
        return "deliver"
    if seq > last_seq:
        return "resubscribe" if request.events == "all" else "deliver"
    return "deliver" if message.get("type") == _TERMINAL_TYPE else "ignore"


def _decode_if_known(text: str | bytes) -> Event | None:
    """Decode an event; None for a kind that a newer server has and we do not."""
    try:
        return decode(text)
    except ValidationError:
        return None
