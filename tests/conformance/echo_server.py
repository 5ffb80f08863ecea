"""An echo behind exactly the gateway's own uvicorn configuration: what conformance is measured against.

Nothing of the gateway's application is in the way, so what a case sees is the server's WebSocket alone.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import Receive, Scope, Send

from gateway.__main__ import GatewayServer, server_config
from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from stagecast.memory_log import MemoryLog
from tests.gateway_server import START_SECONDS

MAX_MESSAGE_BYTES = 16 * 1024 * 1024  # the largest message of group 9


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept every WebSocket and send each message back as it came."""
    if scope["type"] == "lifespan":
        for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": answer})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


class QuietServer(GatewayServer):
    """Leaves the signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving_echo(
    *, port: int = 0, deflate: bool = False, alter: Callable[[uvicorn.Config], object] = lambda _: None
) -> AsyncGenerator[str]:
    """Serve as long as the context lasts; gives the address.

    Args:
        port: on loopback; 0 for any free one.
        deflate: with compression for clients that offer it.
        alter: breaks the configuration on purpose, to see that the cases notice.
    """
    settings = GatewaySettings(port=port, ws_max_message_bytes=MAX_MESSAGE_BYTES, ws_deflate=deflate)
    gateway = create_gateway(settings, log=MemoryLog())
    config = server_config(gateway, settings)
    config.app = echo
    alter(config)
    server = QuietServer(config, gateway)
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(START_SECONDS):
            await server.listening.wait()
        yield server.address()
    finally:
        server.should_exit = True
        await running
