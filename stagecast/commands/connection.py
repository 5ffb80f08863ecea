"""From the command line's global options to an open client, for the commands that talk to a gateway."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from stagecast.client import Client

T = TypeVar("T")


@dataclass(frozen=True)
class Address:
    """Where the gateway is, as the global options say."""

    url: str
    token: str | None
    ca: Path | None = None


def with_client(context: typer.Context, work: "Callable[[Client], Awaitable[T]]") -> T:
    """Open a client of the gateway named by the global options, do the work with it, and close it."""
    from stagecast.client import Client  # imported late: httpx takes as long as all of `stagecast --help`

    address = context.find_object(Address)
    if address is None:
        raise RuntimeError("the command was not called through the stagecast application")

    async def run() -> T:
        async with Client(address.url, token=address.token, ca=address.ca) as client:
            return await work(client)

    return asyncio.run(run())
