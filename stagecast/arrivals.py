"""What has arrived for one subscription and was not taken yet: bounded, and with an ending. No socket in here."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MAX_MESSAGES = 1024
_MAX_CHARACTERS = 4 * 1024 * 1024  # of their texts; a single larger one is taken where nothing else waits


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the server, as it came and as JSON."""

    text: str | bytes
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is over; without a code nobody said why."""

    code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Overflowed:
    """More came than waited to be taken; what came after the last message is missing here."""


Ending = Closed | Overflowed


class Arrivals:
    """The messages of one subscription, in order; after its ending nothing more is taken in.

    Attributes:
        is_answered: whether the server has said anything about it.
        has_room: set while another message is taken in; set once more by whoever wants the writer to look again.
    """

    def __init__(self, *, max_messages: int = _MAX_MESSAGES, max_characters: int = _MAX_CHARACTERS) -> None:
        self.is_answered = False
        self.has_room = asyncio.Event()
        self._max_messages = max_messages
        self._max_characters = max_characters
        self._waiting: deque[Message] = deque()
        self._characters = 0
        self._ending: Ending | None = None
        self._has_news = asyncio.Event()

    def put(self, message: Message) -> bool:
        """Take a message in; False when there is no room. After the ending it goes nowhere."""
        if self._ending is not None:
            return True
        if self._waiting and (
            len(self._waiting) >= self._max_messages or self._characters + len(message.text) > self._max_characters
        ):
            self.has_room.clear()
            return False
        self.is_answered = True
        self._waiting.append(message)
        self._characters += len(message.text)
        self._has_news.set()
        return True

    def end(self, ending: Ending) -> None:
        """Take nothing in any more; what waits is given before the ending is."""
        self._ending = self._ending or ending
        self._has_news.set()
        self.has_room.set()

    async def next(self) -> Message | Ending:
        """Return the next message, or the ending when there are no more."""
        while not self._waiting:
            if self._ending is not None:
                return self._ending
            self._has_news.clear()
            await self._has_news.wait()
        message = self._waiting.popleft()
        self._characters -= len(message.text)
        self.has_room.set()
        return message
