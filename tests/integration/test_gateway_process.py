"""The gateway as a process: it starts without its broker, says what is wrong with its settings, and ends in order."""

import asyncio
import json
import resource
import signal
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.gateway_server import PAID_FILE
from tests.nats_server import NatsServer
from tests.processes import ServiceProcess, free_port


def environment(directory: Path, nats_url: str, port: int) -> dict[str, str]:
    pipelines = directory / "pipelines"
    pipelines.mkdir(exist_ok=True)
    (pipelines / "paid-v1.yaml").write_text(PAID_FILE)
    return {
        "STAGECAST_NATS_URL": nats_url,
        "STAGECAST_PORT": str(port),
        "STAGECAST_PIPELINES_DIR": str(pipelines),
        "STAGECAST_OUTPUTS": str(directory / "outputs"),
    }


async def test_sigterm_closes_sockets_with_1012_lets_waiting_requests_go_and_ends_with_0(
    shared_nats: NatsServer, tmp_path: Path
) -> None:
    port = free_port()
    process = await ServiceProcess.start("gateway", environment(tmp_path, shared_nats.url, port), tmp_path)
    try:
        await process.wait_for_event("ready")
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http,
            connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as socket,
        ):
            execution_id = (await http.post("/api/pipelines/paid-v1/run", json={"input": "x"})).json()["executionId"]
            await socket.send(json.dumps({"type": "subscribe", "executionId": execution_id}))
            assert json.loads(await socket.recv())["success"] is True
            assert [json.loads(await socket.recv())["type"] for _ in range(2)] == ["execution:queued", "caught_up"]
            waiting = asyncio.create_task(
                http.post("/api/pipelines/paid-v1/run", json={"input": "x"}, headers={"Prefer": "wait=60"})
            )
            await process.wait_for_event("execution submitted", times=2)
            async with asyncio.timeout(30):
                process.signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
                reply = await waiting
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
            assert (reply.status_code, reply.json()["status"]) == (200, "started")
    finally:
        code = await process.stop(seconds=10)
    assert code == 0
    assert not [
        line for line in process.lines if line["level"] in {"error", "raw"} and line["event"] != "process ended"
    ]
    submitted = [line["execution_id"] for line in process.lines if line["event"] == "execution submitted"]
    assert len(submitted) == 2
    assert submitted[0] == execution_id


async def test_it_comes_up_without_its_broker_and_is_ready_once_there_is_one(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    await nats_server.stop()
    port = free_port()
    process = await ServiceProcess.start("gateway", environment(tmp_path, nats_server.url, port), tmp_path)
    try:
        await process.wait_for_event("listening")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/api/pipelines")).json()[0]["id"] == "paid-v1"
            assert (await http.get("/readyz")).status_code == 503
            reply = await http.post("/api/pipelines/paid-v1/run", json={"input": "x"})
            assert (reply.status_code, reply.json()["error"]) == (500, "Execution failed to start")
            await nats_server.restart()
            await process.wait_for_event("ready")
            assert (await http.get("/readyz")).json() == {"ready": True, "broker": True, "runners": 0}
            assert (await http.post("/api/pipelines/paid-v1/run", json={"input": "x"})).status_code == 200
    finally:
        await process.stop(seconds=10)


async def test_it_may_have_as_many_connections_as_the_system_grants(nats_server: NatsServer, tmp_path: Path) -> None:
    port = free_port()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        process = await ServiceProcess.start("gateway", environment(tmp_path, nats_server.url, port), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        await process.wait_for_event("listening")
        assert resource.prlimit(process.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        await process.stop(seconds=10)


async def test_a_setting_that_does_not_hold_is_told_in_a_sentence(tmp_path: Path) -> None:
    env = environment(tmp_path, "nats://127.0.0.1:1", 0) | {"STAGECAST_MAX_BODY_BYTES": "much"}
    process = await ServiceProcess.start("gateway", env, tmp_path)
    await process.wait_for_event("cannot run")
    assert await process.process.wait() == 1
    await process.stop()
    assert "STAGECAST_MAX_BODY_BYTES" in process.log_text()
    assert "Traceback" not in process.log_text()
