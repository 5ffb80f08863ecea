"""The gateway's process: settings → app → uvicorn, signals, a quick end."""

import asyncio
import resource
import signal
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress

import structlog
import uvicorn
import uvloop

from contracts.errors import StagecastError
from gateway.app import Gateway, create_gateway
from gateway.http_protocol import http_protocol
from gateway.settings import GatewaySettings
from gateway.socket_protocol import SocketProtocol
from gateway.sockets import Sockets
from stagecast.certificates import load_pair
from stagecast.garbage import collect_seldom
from stagecast.leaving import leave
from stagecast.settings import read_settings
from stagecast.telemetry import configure_logging

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BACKLOG = 2048  # connections that wait to be accepted

log_line = structlog.get_logger()


class GatewayServer(uvicorn.Server):
    """uvicorn with a way to know that it listens, and with an end that is quick and in order.

    Requests that wait for a result are let go as soon as the end begins. A signal that was obeyed is not raised again
    afterwards, so that SIGTERM ends with exit code 0.
    """

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._stopping = gateway.stopping
        self._sockets: Sockets = gateway.sockets
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Obey SIGINT and SIGTERM for as long as the context lasts."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, close sockets with 1012, and wait for requests as long as the settings say."""
        self._stopping.set()
        for server in self.servers:
            server.close()  # who comes back finds another gateway
        await self._sockets.close_all()
        await super().shutdown(sockets)

    def address(self) -> str:
        """Return where it listens, with the port that it got."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http{'s' if self.config.is_ssl else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def server_config(gateway: Gateway, settings: GatewaySettings) -> uvicorn.Config:
    """Return how uvicorn serves this gateway.

    Raises:
        MissingSetting: certificate and key are not both there, or cannot be used.
    """
    if (settings.tls_cert, settings.tls_key) != (None, None):
        # uvicorn reads them again, but tells what is wrong in a stack trace, or asks the terminal for a password.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        load_pair(context, settings.tls_cert, settings.tls_key, names=("STAGECAST_TLS_CERT", "STAGECAST_TLS_KEY"))
    return uvicorn.Config(
        gateway.app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        http=http_protocol(settings.request_timeout_seconds),
        ws=SocketProtocol,
        ws_max_size=settings.ws_max_message_bytes,
        ws_ping_interval=settings.ws_ping_seconds,
        ws_ping_timeout=settings.ws_ping_seconds,
        ws_per_message_deflate=settings.ws_deflate,
        lifespan="on",
        access_log=False,  # the gateway logs what matters, with the execution's id
        log_config=None,
        log_level="warning",  # else a line for each socket
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        backlog=_BACKLOG,
    )


async def serve(settings: GatewaySettings) -> None:
    """Run a gateway until SIGTERM or SIGINT, or until its broker connection cannot come back."""
    gateway = create_gateway(settings)
    server = GatewayServer(server_config(gateway, settings), gateway)
    beside = [asyncio.create_task(_tell_ready(gateway, server)), asyncio.create_task(_stop_when_lost(gateway, server))]
    try:
        await server.serve()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        log_line.info("stopped")


async def _tell_ready(gateway: Gateway, server: GatewayServer) -> None:
    await server.listening.wait()
    log_line.info("listening", address=server.address())
    if gateway.connection is not None:
        await gateway.connection.is_open.wait()
    log_line.info("ready", address=server.address())


async def _stop_when_lost(gateway: Gateway, server: GatewayServer) -> None:
    # The broker has said why in the log; whoever runs this process starts it again.
    if gateway.connection is not None:
        await gateway.connection.broker.wait_lost()
        server.should_exit = True


def _allow_many_connections() -> None:
    """Take as many open files as the system lets us have: each connection is one, and shells give 1,024 at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # some systems name a limit that they do not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Run until SIGTERM or SIGINT; exit code 1 with one sentence when the settings do not hold."""
    configure_logging("gateway")
    _allow_many_connections()
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(read_settings(GatewaySettings)))
        except StagecastError as error:
            log_line.error("cannot run", reason=error.message, code=error.code)
            leave(1)
        leave(0)


if __name__ == "__main__":
    main()
