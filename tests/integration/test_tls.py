"""Encrypted connections, with certificates of the test's own authority: to the broker, and to the gateway."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from contracts.errors import GatewayUnreachable, MissingSetting
from contracts.ids import new_execution_id
from stagecast.broker import Broker, BrokerSettings
from stagecast.client import Client
from stagecast.memory_log import MemoryLog
from tests.certificates import Authority, Pair
from tests.command_line import stagecast
from tests.gateway_server import running_gateway
from tests.integration.logs import WAIT_SECONDS
from tests.integration.roles import login
from tests.nats_server import ROLES, TLS, NatsServer, Setup
from tests.processes import ServiceProcess, running_stack


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def server(authority: Authority, tmp_path: Path) -> AsyncGenerator[NatsServer]:
    """The broker of `deploy/` with users, TLS, and clients that must have certificates."""
    pair = authority.issue("broker")
    env = {"NATS_TLS_CERT": pair.cert, "NATS_TLS_KEY": pair.key, "NATS_TLS_CA": authority.file}
    setup = Setup(includes=(ROLES, TLS), env={name: f"'{file}'" for name, file in env.items()})
    (tmp_path / "nats").mkdir()
    async with NatsServer.start(tmp_path / "nats", setup=setup) as server:
        yield server


def tls_url(server: NatsServer) -> str:
    return server.url.replace("nats://", "tls://")


def trust(authority: Authority, pair: Pair | None) -> dict[str, str]:
    """Return a service's environment that trusts an authority and proves who it is."""
    ours = {"STAGECAST_NATS_TLS_CERT": str(pair.cert), "STAGECAST_NATS_TLS_KEY": str(pair.key)} if pair else {}
    return {"STAGECAST_NATS_TLS_CA": str(authority.file), **ours}


async def test_services_work_over_tls_with_certificates_of_their_own(
    server: NatsServer, authority: Authority, tmp_path: Path
) -> None:
    env = trust(authority, authority.issue("service"))
    gateway_pair = authority.issue("gateway")
    https = {"STAGECAST_TLS_CERT": str(gateway_pair.cert), "STAGECAST_TLS_KEY": str(gateway_pair.key)}
    async with running_stack(tls_url(server), tmp_path, gateways=0, runners=0, env=env) as stack:
        async with asyncio.TaskGroup() as group:
            group.create_task(stack.add_gateway({**login("gateway"), **https}))
            group.create_task(stack.add_runner(login("runner")))
        url = stack.url.replace("http://", "https://")
        async with Client(url, ca=authority.file) as client, asyncio.timeout(WAIT_SECONDS):
            run = client.run("echo-v1", "hello")
            events = [event.type async for event in run]
            assert (await run.result()).status == "success"
        assert events[-1] == "execution:completed"
        listed = await stagecast("--tls-ca", str(authority.file), "pipelines", url=url)
        assert (listed.code, "echo-v1" in listed.out) == (0, True), listed
        refused = await stagecast("pipelines", url=url)
        assert refused.code == 1
        assert refused.err.startswith(f"Error: The certificate of {url} is not accepted: ")
        assert "--tls-ca" in refused.err


@asynccontextmanager
async def runner_on(url: str, env: Mapping[str, str], directory: Path) -> AsyncGenerator[ServiceProcess]:
    runner = await ServiceProcess.start("runner", {**login("runner", url), **env}, directory)
    try:
        yield runner
    finally:
        await runner.stop()


async def test_a_broker_whose_certificate_another_authority_signed_is_not_spoken_to(
    server: NatsServer, authority: Authority, tmp_path: Path
) -> None:
    env = trust(Authority(tmp_path, "stranger"), authority.issue("service"))
    async with runner_on(tls_url(server), env, tmp_path) as runner:
        await runner.wait_for(
            lambda line: "certificate is not accepted: unable to get local issuer" in str(line.get("error"))
        )


async def test_a_service_without_a_certificate_is_told_that_the_broker_wants_one(
    server: NatsServer, authority: Authority, tmp_path: Path
) -> None:
    async with runner_on(tls_url(server), trust(authority, None), tmp_path) as runner:
        await runner.wait_for(lambda line: "does not accept us: certificate required" in str(line.get("error")))


async def test_a_service_whose_certificate_another_authority_signed_does_not_get_in(
    server: NatsServer, authority: Authority, tmp_path: Path
) -> None:
    env = trust(authority, Authority(tmp_path, "stranger").issue("service"))
    async with runner_on(tls_url(server), env, tmp_path) as runner:
        await runner.wait_for(lambda line: "does not accept us: unknown ca" in str(line.get("error")))


@pytest.mark.parametrize("asks", ["by its URL", "by an authority"])
async def test_a_broker_that_does_not_offer_tls_hears_nothing_where_tls_is_asked_for(
    asks: str, authority: Authority
) -> None:
    heard = asyncio.Queue[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"version":"2.12.0","max_payload":1048576,"headers":true}\r\n')
        heard.put_nowait(await reader.read())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        chosen = {"nats_url": f"tls://127.0.0.1:{port}"}
        if asks == "by an authority":
            chosen = {"nats_url": f"nats://127.0.0.1:{port}", "nats_tls_ca": str(authority.file)}
        user = {"nats_user": "runner", "nats_password": "secret"}
        broker = Broker(BrokerSettings.model_validate({**chosen, **user}), name="test")
        await broker.start()
        async with asyncio.timeout(WAIT_SECONDS):
            assert await heard.get() == b""
        await broker.close()


def broken(pair: Pair, authority: Authority, what: str) -> tuple[dict[str, Path], str]:
    """Return a pair that does not do, and what is told of it."""
    other = authority.issue("other")
    hidden = authority.issue("hidden", password="secret-word")
    return {
        "half": ({"cert": pair.cert}, "belong together; only one is set"),
        "other half": ({"key": pair.key}, "belong together; only one is set"),
        "missing": ({"cert": pair.cert, "key": pair.key.with_name("missing")}, "_KEY names a file that is not there"),
        "not a certificate": ({"cert": pair.key, "key": pair.key}, "cannot be used: "),
        "another's key": ({"cert": pair.cert, "key": other.key}, "cannot be used: .*mismatch"),
        "encrypted": ({"cert": hidden.cert, "key": hidden.key}, "cannot be used: "),
    }[what]


BROKEN = ["half", "other half", "missing", "not a certificate", "another's key", "encrypted"]


@pytest.mark.parametrize("what", BROKEN)
async def test_a_pair_that_does_not_do_for_the_broker_is_told_by_its_settings(what: str, authority: Authority) -> None:
    files, told = broken(authority.issue("ours"), authority, what)
    settings = {f"nats_tls_{name}": file for name, file in files.items()}
    broker = Broker(BrokerSettings.model_validate(settings), name="test")
    with pytest.raises(MissingSetting, match=f"STAGECAST_NATS_TLS.*{told}"):
        await broker.start()
    await broker.close()


@pytest.mark.parametrize("what", BROKEN)
async def test_a_gateway_whose_pair_does_not_do_ends_with_one_sentence(
    what: str, authority: Authority, tmp_path: Path
) -> None:
    files, told = broken(authority.issue("ours"), authority, what)
    env = {f"STAGECAST_TLS_{name.upper()}": str(file) for name, file in files.items()}
    gateway = await ServiceProcess.start("gateway", {**env, "STAGECAST_PORT": "0"}, tmp_path)
    async with asyncio.timeout(WAIT_SECONDS):
        assert await gateway.process.wait() == 1
    await gateway.stop()
    errors = [line for line in gateway.lines if line["level"] in ("error", "raw")]
    assert [line["event"] for line in errors] == ["cannot run", "process ended"], gateway.log_text()
    with pytest.raises(MissingSetting, match=f"STAGECAST_TLS.*{told}"):
        raise MissingSetting(errors[0]["reason"])
    assert "secret-word" not in gateway.log_text()


async def test_a_gateway_with_a_certificate_serves_nothing_in_clear(authority: Authority, tmp_path: Path) -> None:
    pair, log = authority.issue("gateway"), MemoryLog()
    async with running_gateway(log, tmp_path, tls_cert=pair.cert, tls_key=pair.key) as gateway:
        url = gateway.server.address()
        assert url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(base_url=url, verify=authority.context(), trust_env=False) as http:
            assert (await http.get("/api/pipelines")).status_code == 200
        async with connect(url.replace("https", "wss") + "/ws", ssl=authority.context(), proxy=None) as socket:
            await socket.send(json.dumps({"type": "subscribe", "executionId": "exec_1_aaaaaaaaaaaaaaaa"}))
            assert json.loads(await socket.recv())["success"] is False
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.TransportError):
                await http.get(url.replace("https", "http") + "/api/pipelines")
        stranger = Authority(tmp_path, "stranger").file
        async with Client(url, ca=stranger) as client:
            with pytest.raises(GatewayUnreachable, match=f"certificate of {url} is not accepted: .*--tls-ca"):
                await client.pipelines()
            with pytest.raises(GatewayUnreachable, match=f"certificate of {url} is not accepted: .*--tls-ca"):
                await anext(client.follow(new_execution_id()))
    await log.close()


def test_an_authority_that_cannot_be_read_is_told_where_there_is_something_to_trust(tmp_path: Path) -> None:
    for ca in (tmp_path / "missing", Path(__file__)):
        with pytest.raises(MissingSetting, match="The certificate authority of the gateway cannot be used: "):
            Client("https://127.0.0.1", ca=ca)
        Client("http://127.0.0.1", ca=ca)
