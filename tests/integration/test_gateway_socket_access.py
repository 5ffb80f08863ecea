"""Who may on `/ws` and on event streams: three ways to show a token, what is closed with which code, whose is whose."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from contracts.envelope import utc_now
from contracts.messages import CloseCode
from contracts.scopes import Scope
from stagecast.jetstream_log import JetStreamLog
from stagecast.tokens import TokenFile
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.sockets import Socket


@dataclass(frozen=True)
class Guarded:
    """A gateway that asks for tokens, and who has which."""

    file: TokenFile
    gateway: RunningGateway
    log: JetStreamLog
    tokens: dict[str, str]

    def header(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def socket(self, name: str | None = None, **options: Any) -> Any:
        headers = {} if name is None else {"additional_headers": self.header(name)}
        return self.gateway.socket(**headers, **options)

    async def submitted_by(self, owner: str | None) -> Example:
        example = Example()
        await self.log.append(example.queued().model_copy(update={"owner": owner}))
        return example


QUICK: dict[str, Any] = {"ws_identify_seconds": 1.0, "sse_heartbeat_seconds": 0.1}
SCOPES: dict[str, list[Scope]] = {"ada": ["read", "run"], "bob": ["read"], "root": ["admin"], "runs-only": ["run"]}


@pytest.fixture
async def guarded(shared_nats: NatsServer, tmp_path: Path) -> AsyncGenerator[Guarded]:
    file = TokenFile(tmp_path / "tokens.json")
    tokens = {name: file.add(name, scopes) for name, scopes in SCOPES.items()}
    async with (
        jetstream_log(shared_nats.url) as log,
        running_gateway(log, tmp_path, auth="on", tokens_file=file.path, **QUICK) as it,
    ):
        yield Guarded(file, it, log, tokens)


async def closed_with(socket: Socket) -> tuple[int, str]:
    async with asyncio.timeout(20):
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def test_a_token_may_come_in_a_header_a_subprotocol_or_the_first_message(guarded: Guarded) -> None:
    example = await guarded.submitted_by("ada")
    async with guarded.socket("ada") as socket:
        assert (await socket.subscribe(example.id))["success"] is True
    offered = [Subprotocol("stagecast.v1"), Subprotocol(f"stagecast.bearer.{guarded.tokens['ada']}")]
    async with guarded.socket(subprotocols=offered) as socket:
        assert socket.connection.subprotocol == "stagecast.v1"
        assert (await socket.subscribe(example.id))["success"] is True
    async with guarded.socket() as socket:
        answer = await socket.subscribe(example.id)
        assert (answer["type"], answer["code"]) == ("error", "unauthenticated")
        await socket.send({"type": "auth", "token": guarded.tokens["ada"]})
        assert await socket.next() == {"type": "authenticated", "name": "ada", "scopes": ["read", "run"]}
        assert (await socket.subscribe(example.id))["success"] is True


@pytest.mark.parametrize(
    ("token", "code"),
    [("sct_wrong", CloseCode.UNAUTHENTICATED), ("", CloseCode.UNAUTHENTICATED), (None, CloseCode.UNAUTHENTICATED)],
)
async def test_no_token_or_a_wrong_one_is_closed_with_its_code(
    guarded: Guarded, token: str | None, code: CloseCode
) -> None:
    if token:
        async with guarded.gateway.socket(additional_headers={"Authorization": f"Bearer {token}"}) as socket:
            assert (await closed_with(socket))[0] == code
    async with guarded.socket() as socket:
        if token is not None:
            await socket.send({"type": "auth", "token": token})
        closed, reason = await closed_with(socket)
        assert closed == code
        assert token is None or token == "" or token not in reason


async def test_a_token_in_the_address_is_none(guarded: Guarded) -> None:
    url = f"{guarded.gateway.server.address()}/ws?token={guarded.tokens['ada']}".replace("http", "ws", 1)
    async with guarded.gateway.connection_to(url) as connection:
        answer = await Socket(connection).subscribe("*")
        assert answer["code"] == "unauthenticated"


async def test_a_token_that_may_not_read_is_closed(guarded: Guarded) -> None:
    async with guarded.socket("runs-only") as socket:
        assert (await closed_with(socket))[0] == CloseCode.FORBIDDEN


async def test_what_is_somebody_elses_is_unknown_and_admins_see_all(guarded: Guarded) -> None:
    of_ada, of_nobody = await guarded.submitted_by("ada"), await guarded.submitted_by(None)
    for name, seen in (("ada", [True, False]), ("bob", [False, False]), ("root", [True, True])):
        for example, may in zip((of_ada, of_nobody), seen, strict=True):
            async with guarded.socket(name) as socket:
                assert (await socket.subscribe(example.id))["success"] is may
            url = f"/api/executions/{example.id}/events?stream=false"
            reply = await guarded.gateway.http.get(url, headers=guarded.header(name))
            assert reply.status_code == (200 if may else 404)


async def test_life_cycles_are_heard_by_their_owners_alone(guarded: Guarded) -> None:
    async with guarded.socket("bob") as bob, guarded.socket("root") as root:
        for socket in (bob, root):
            await socket.send({"type": "subscribe", "executionId": "*"})
            await socket.next()
        of_ada, of_bob = await guarded.submitted_by("ada"), await guarded.submitted_by("bob")
        assert (await bob.next())["executionId"] == of_bob.id
        heard: set[str] = set()
        while not {of_ada.id, of_bob.id} <= heard:
            heard.add((await root.next())["executionId"])


async def test_an_expired_token_ends_its_socket(shared_nats: NatsServer, tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    token = file.add("brief", ["read"], utc_now() + timedelta(seconds=2))
    async with (
        jetstream_log(shared_nats.url) as log,
        running_gateway(log, tmp_path, auth="on", tokens_file=tmp_path / "tokens.json") as gateway,
        gateway.socket(additional_headers={"Authorization": f"Bearer {token}"}) as socket,
    ):
        assert (await closed_with(socket))[0] == CloseCode.UNAUTHENTICATED


async def test_a_revoked_token_ends_its_sockets_and_streams(guarded: Guarded) -> None:
    example = await guarded.submitted_by("ada")
    url = f"/api/executions/{example.id}/events"
    async with (
        guarded.socket("ada") as socket,
        guarded.socket("root") as other,
        guarded.gateway.http.stream("GET", url, headers=guarded.header("ada")) as stream,
    ):
        assert (await socket.subscribe(example.id))["success"] is True
        assert (await other.subscribe(example.id))["success"] is True
        guarded.file.revoke("ada")
        assert (await closed_with(socket))[0] == CloseCode.UNAUTHENTICATED
        async with asyncio.timeout(20):
            assert "subscribed" in "".join([text async for text in stream.aiter_text()])  # to its end
        await guarded.log.append(example.started())
        assert [(await other.next())["seq"] for _ in range(2)] == [0, 1]


async def test_a_socket_stays_with_who_began_it(guarded: Guarded) -> None:
    async with guarded.socket("root") as socket:
        await socket.send({"type": "auth", "token": guarded.tokens["root"]})
        assert (await socket.next())["name"] == "root"  # the same again does no harm
        await socket.send({"type": "auth", "token": guarded.tokens["bob"]})
        assert (await closed_with(socket))[0] == CloseCode.FORBIDDEN
