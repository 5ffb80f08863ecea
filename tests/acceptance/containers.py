"""docker-compose.yml brought up for tests, by podman or docker, whichever is here. What is checked is in the tests."""

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.acceptance.commands import CommandFailed, run
from tests.processes import free_port

BASE_IMAGES = ("docker.io/library/python:3.13-slim", "docker.io/library/nats:2.12-alpine")
IMAGE = "localhost/stagecast-test"  # the same each time, so that the next run finds the layers of this one
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
PULL_SECONDS = 180.0
BUILD_SECONDS = 900.0
READY_SECONDS = 120.0


@dataclass(frozen=True)
class Engine:
    """A container engine that works here, and its compose."""

    cli: str
    compose: tuple[str, ...]

    async def build(self, target: str) -> str:
        """Build one target of the Dockerfile and return the image's name."""
        name = f"{IMAGE}-{target}"
        index = [f"--build-arg={name}" for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL") if name in os.environ]
        await run(
            self.cli, "build", "--network=host", f"--target={target}", f"--tag={name}", *index, ".",
            seconds=BUILD_SECONDS,
        )  # fmt: skip
        return name

    async def python(self, image: str, code: str) -> Any:
        """Run a line of Python in a new container that has no network; return the JSON that it prints."""
        options = ("--rm", "--network=none", "--entrypoint=python")
        return json.loads(await run(self.cli, "run", *options, image, "-c", code))

    async def labelled(self, *kind: str, project: str, service: str = "") -> list[str]:
        """Return the ids of the project's containers (`ps --all`), or its volumes or networks (`volume ls`)."""
        labels = [f"--filter=label={PROJECT_LABEL}={project}"]
        if service:
            labels.append(f"--filter=label={SERVICE_LABEL}={service}")
        return (await run(self.cli, *kind, "--quiet", *labels)).split()


async def find_engine() -> Engine:
    """Return a container engine that can build and run here.

    Raises:
        CommandFailed: there is none; the message says what was tried and why it did not do.
    """
    reasons: list[str] = []
    for cli, compose in (("podman", ("podman-compose",)), ("docker", ("docker", "compose"))):
        missing = [name for name in (cli, compose[0]) if shutil.which(name) is None]
        if missing:
            reasons.append(f"{missing[0]} is not installed")
            continue
        try:
            await run(*compose, "version", seconds=20.0)
            await run(cli, "info", seconds=20.0)
            for image in BASE_IMAGES:
                await _have_image(cli, image)
            await run(cli, "run", "--rm", "--network=none", BASE_IMAGES[0], "python", "--version")
        except CommandFailed as failure:
            reasons.append(str(failure))
        else:
            return Engine(cli, compose)
    raise CommandFailed("; ".join(reasons))


async def _have_image(cli: str, image: str) -> None:
    try:
        await run(cli, "image", "inspect", image, seconds=20.0)
    except CommandFailed:
        await run(cli, "pull", "--quiet", image, seconds=PULL_SECONDS)


@dataclass(frozen=True)
class ComposeProject:
    """The services of docker-compose.yml, running under a name and on a port of their own."""

    engine: Engine
    name: str
    port: int
    runners: int

    @property
    def url(self) -> str:
        """Address of the gateway, as published on this machine."""
        return f"http://127.0.0.1:{self.port}"

    async def compose(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run the compose command for this project."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("STAGECAST_", "COMPOSE_"))}
        ours = {"STAGECAST_IMAGE": IMAGE, "STAGECAST_PUBLISHED_PORT": str(self.port)}
        return await run(*self.engine.compose, "-p", self.name, *arguments, env={**clean, **ours, **(env or {})})

    async def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers."""
        return await self.engine.labelled("ps", "--all", project=self.name, service=service)

    async def execute(self, container: str, *command: str) -> str:
        """Run a command inside a running container."""
        return await run(self.engine.cli, "exec", container, *command)

    async def inspect(self, container: str) -> dict[str, Any]:
        """Return what the engine knows of a container."""
        found: list[dict[str, Any]] = json.loads(await run(self.engine.cli, "inspect", container))
        return found[0]

    async def wait_for_line(self, container: str, event: str, *, since: str = "") -> None:
        """Follow a container's log, from the time `since` on, until it has logged `event`.

        Raises:
            AssertionError: the container ended, or time was up, before; with its log.
        """
        process = await asyncio.create_subprocess_exec(
            self.engine.cli, "logs", "--follow", *([f"--since={since}"] if since else []), container,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=1024 * 1024,
        )  # fmt: skip
        assert process.stdout is not None
        seen: list[str] = []
        try:
            async with asyncio.timeout(READY_SECONDS):
                async for line in process.stdout:
                    seen.append(line.decode(errors="replace"))
                    if f'"event": "{event}"' in seen[-1]:
                        return
        except TimeoutError:
            seen.append("(time is up)")
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()
        raise AssertionError(f"{container} never logged {event!r}:\n{''.join(seen[-50:])}")

    async def remove(self) -> None:
        """Take everything away: containers, network and volumes."""
        try:
            await self.compose("down", "--volumes", "--timeout", "20", env={"STAGECAST_RUNNERS": str(self.runners)})
        finally:
            # What a container that failed to start, or a compose that failed to stop it, has left.
            await self._remove_leftovers("rm", await self.engine.labelled("ps", "--all", project=self.name))
            await self._remove_leftovers("volume rm", await self.engine.labelled("volume", "ls", project=self.name))
            await self._remove_leftovers("network rm", await self.engine.labelled("network", "ls", project=self.name))

    async def _remove_leftovers(self, command: str, ids: Sequence[str]) -> None:
        if ids:
            await run(self.engine.cli, *command.split(), "--force", *ids)


@asynccontextmanager
async def compose_project(
    engine: Engine, *, runners: int, env: Mapping[str, str] | None = None
) -> AsyncGenerator[ComposeProject]:
    """Bring up docker-compose.yml from images built before, and take it down again, whatever happens."""
    project = ComposeProject(engine, f"stagecast-test-{secrets.token_hex(4)}", free_port(), runners)
    try:
        await project.compose("up", "--detach", "--no-build", "--scale", f"runner={runners}", env=env)
        services = [*await project.containers("gateway"), *await project.containers("runner")]
        assert len(services) == 1 + runners, f"{len(services)} containers came up"
        async with asyncio.TaskGroup() as group:
            for container in services:
                group.create_task(project.wait_for_line(container, "ready"))
        yield project
    finally:
        await project.remove()
