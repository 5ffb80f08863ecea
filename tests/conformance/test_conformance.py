"""The gateway's WebSocket against RFC 6455; and that the cases notice a server which breaks it."""

import random
from collections.abc import Iterable

import pytest
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame

from gateway.socket_protocol import SocketProtocol
from tests.conformance.__main__ import run_cases
from tests.conformance.case import Case, Verdict
from tests.conformance.cases import cases
from tests.conformance.echo_server import serving_echo
from tests.conformance.handshake import ask, handshakes
from tests.conformance.player import CASE_SECONDS

IMPATIENT_SECONDS = 4.0  # some broken servers leave a case waiting for ever; 4.1.1 passes with all of them


async def failed(chosen: Iterable[Case], protocol: type[WebSocketsSansIOProtocol], *, seconds: float) -> set[str]:
    """Return which cases fail with a server that has this protocol."""

    def alter(config: uvicorn.Config) -> None:
        config.ws = protocol

    async with serving_echo(alter=alter) as address:
        outcomes = await run_cases(chosen, address, seconds=seconds)
    return {outcome.case.number for outcome in outcomes if outcome.verdict is Verdict.FAILED}


async def test_every_case_passes() -> None:
    async with serving_echo() as address:
        outcomes = await run_cases(cases(), address)
    assert [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED] == []
    assert len({outcome.case.number for outcome in outcomes}) == len(outcomes) == 301


async def test_every_handshake_is_answered_as_it_should_be() -> None:
    async with serving_echo() as address:
        faults = {handshake.what: await ask(handshake, address) for handshake in handshakes()}
    assert {what: fault for what, fault in faults.items() if fault} == {}


async def test_every_case_passes_where_compression_could_be_asked_for() -> None:
    async with serving_echo(deflate=True) as address:
        outcomes = await run_cases((case for case in cases() if case.number[0] in "1234567"), address)
    assert [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED] == []


@pytest.mark.parametrize("offer", [ClientPerMessageDeflateFactory(), ClientPerMessageDeflateFactory(True, True, 9, 9)])
async def test_compressed_messages_of_every_size_come_back(offer: ClientPerMessageDeflateFactory) -> None:
    async with (
        serving_echo(deflate=True) as address,
        connect(f"{address}/ws".replace("http", "ws", 1), proxy=None, compression=None, extensions=[offer]) as socket,
    ):
        assert [extension.name for extension in socket.protocol.extensions] == ["permessage-deflate"]
        for size in (0, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072):  # those of Autobahn's group 12
            for message in ("x" * size, random.Random(size).randbytes(size)):
                await socket.send(message)
                assert await socket.recv() == message


async def test_a_close_between_fragments_is_what_uvicorn_alone_gets_wrong(caplog: pytest.LogCaptureFixture) -> None:
    quick = [case for case in cases() if case.number[0] in "1234567"]
    assert await failed(quick, WebSocketsSansIOProtocol, seconds=CASE_SECONDS) == {"7.1.5"}
    assert "Invalid UTF-8" in caplog.text  # and it logs each text that is none, with a trace


class SilentOnPings(SocketProtocol):
    def handle_ping(self) -> None:
        self.conn.data_to_send()


class TakesAnyText(SocketProtocol):
    def handle_text(self, event: Frame) -> None:
        event.data = bytes(event.data).decode(errors="replace").encode()
        super().handle_text(event)


class ClosesWithAnotherCode(SocketProtocol):
    def handle_close(self, event: Frame) -> None:
        self.conn.data_to_send()
        self.transport.write(b"\x88\x02\x03\xf3")  # 1011
        super().handle_close(event)


class DropsTheLastFragment(SocketProtocol):
    def handle_cont(self, event: Frame) -> None:
        event.data = b"" if event.fin else event.data
        super().handle_cont(event)


class CutsWithoutAClose(SocketProtocol):
    def handle_close(self, event: Frame) -> None:
        self.transport.abort()


@pytest.mark.parametrize(
    ("protocol", "noticed"),
    [
        (SilentOnPings, {"2.1", "2.2", "2.3", "2.4", "2.6", "2.9", "2.10", "2.11", "5.6", "5.7", "5.8"}),
        (TakesAnyText, {"6.3.1", "6.12.1", "6.14.1", "6.18.1", "6.20.1"}),
        (ClosesWithAnotherCode, {"1.1.1", "7.1.1", "7.3.1", "7.7.1", "7.7.13"}),
        (DropsTheLastFragment, {"5.3", "5.6", "6.2.2", "6.2.3", "6.2.4"}),
        (CutsWithoutAClose, {"1.1.1", "7.1.1", "7.3.3", "7.7.4"}),
    ],
)
async def test_a_server_that_breaks_the_standard_is_noticed(protocol: type[SocketProtocol], noticed: set[str]) -> None:
    chosen = [case for case in cases() if case.number in {*noticed, "4.1.1"}]
    assert await failed(chosen, protocol, seconds=IMPATIENT_SECONDS) == noticed
