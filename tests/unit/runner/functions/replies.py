"""A model that answers by a function of the request, for messages that a test does not want to spell out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.models.client import ModelReply, ModelRequest
from tests.unit.runner.scripts import Models


@dataclass
class Replies(Models):
    """Answers each request with what `reply` returns; an exception that it returns is raised."""

    reply: Callable[[ModelRequest], Any] = lambda request: request.user

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer by function."""
        self.answers[request.user] = self.reply(request)
        return await super().complete(request, on_text)
