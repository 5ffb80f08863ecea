"""What a user installs: the built wheel in an empty environment with the locked dependencies, used from another folder.

An editable install finds files that a wheel would not carry; this finds out.
"""

import asyncio
import json
import os
import re
import secrets
import signal
import sys
import venv
import zipfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.acceptance.commands import run
from tests.processes import REPOSITORY

pytestmark = pytest.mark.asyncio(loop_scope="module")

INSTALL_SECONDS = 300.0
START_SECONDS = 90.0
MARK = "ACCEPTANCE_MARK"  # in the environment of all that a test starts, so that leftovers are found


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the wheel in it, and an empty folder to work in."""

    wheel: Path
    bin: Path
    folder: Path

    def env(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an environment that knows nothing of this repository or of its .venv."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        return {**kept, "PATH": f"{self.bin}:/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **(more or {})}

    async def stagecast(self, *arguments: str, more: Mapping[str, str] | None = None) -> str:
        """Run the installed command in the empty folder."""
        return await run(str(self.bin / "stagecast"), *arguments, cwd=self.folder, env=self.env(more))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    base = tmp_path_factory.mktemp("wheel")
    await run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(base / "dist"))
    (wheel,) = (base / "dist").glob("*.whl")
    await asyncio.to_thread(venv.create, base / "venv", with_pip=False, symlinks=True)
    python = str(base / "venv" / "bin" / "python")
    # Bytecode is written when a module is first used; compiling all of it takes longer than all the rest.
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-compile")
    await run(*pip, "--require-hashes", "-r", "requirements/all.txt", seconds=INSTALL_SECONDS)
    await run(*pip, str(wheel))
    folder = base / "elsewhere"
    folder.mkdir()
    return Installation(wheel, base / "venv" / "bin", folder)


@asynccontextmanager
async def running(installation: Installation, env: Mapping[str, str]) -> AsyncGenerator[tuple[str, Any]]:
    """Run `stagecast up` on a free port; yield the address that it prints, and the process."""
    process = await asyncio.create_subprocess_exec(
        str(installation.bin / "stagecast"), "up", "--port", "0",
        cwd=installation.folder, env=installation.env(env), start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    seen: list[str] = []
    try:
        async with asyncio.timeout(START_SECONDS):
            async for line in process.stdout:
                seen.append(line.decode(errors="replace"))
                if found := re.search(r"http://127\.0\.0\.1:\d+", seen[-1]):
                    break
            else:
                raise AssertionError(f"stagecast up ended:\n{''.join(seen)}")
        draining = asyncio.create_task(process.stdout.read())  # a full pipe would block it
        yield found.group(), process
        await draining
    except TimeoutError:
        raise AssertionError(f"stagecast up printed no address:\n{''.join(seen)}") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def processes_marked(mark: str) -> list[str]:
    """Return the command lines of living processes that carry the mark in their environment."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it ended meanwhile, or is not ours to look at
            continue
    return found


async def test_the_wheel_carries_the_four_packages_and_the_pipelines(installation: Installation) -> None:
    names = zipfile.ZipFile(installation.wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"contracts", "stagecast", "gateway", "runner"}
    served = {name.removeprefix("gateway/") for name in names if name.startswith("gateway/web/")}
    assert served == {
        file.relative_to(REPOSITORY).as_posix() for file in (REPOSITORY / "web").rglob("*") if file.is_file()
    }
    shipped = {Path(name).name for name in names if name.startswith("stagecast/pipelines/")}
    assert shipped >= {file.name for file in (REPOSITORY / "pipelines").glob("*.yaml")} >= {"echo-v1.yaml"}


async def test_the_command_tells_its_version(installation: Installation) -> None:
    version = installation.wheel.name.split("-")[1]
    assert (await installation.stagecast("--version")).strip() == f"stagecast {version}"


async def test_shipped_and_new_pipelines_are_valid(installation: Installation) -> None:
    (shipped,) = installation.bin.parent.glob("lib/python*/site-packages/stagecast/pipelines")
    await installation.stagecast("validate", *map(str, sorted(shipped.glob("*.yaml"))))
    await installation.stagecast("init", "my-first", "--directory", "drafts")
    await installation.stagecast("validate", "drafts/my-first.yaml")


async def test_up_runs_a_shipped_pipeline_and_leaves_no_process_behind(installation: Installation) -> None:
    mark = secrets.token_hex(8)
    async with running(installation, {MARK: mark}) as (address, process):
        said = await installation.stagecast(
            "--url", address, "run", "echo-v1", "--input", "hello from a wheel", "--json"
        )
        result = json.loads(said)
        assert result["status"] == "success"
        assert result["output"]["text"] == "hello from a wheel"
        page = await asyncio.to_thread(httpx.get, address)
        assert 'src="dashboard/main.js"' in page.text
        client = await asyncio.to_thread(httpx.get, f"{address}/client.js")
        assert client.content == (REPOSITORY / "web" / "client.js").read_bytes()
        assert len(processes_marked(mark)) >= 4, "up, broker, gateway, runner"
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            await process.wait()
    assert processes_marked(mark) == []
    [saved] = (installation.folder / "outputs").rglob("echo-v1_*.json")
    assert json.loads(saved.read_text()) == result
    assert (await installation.stagecast("outputs", "show", str(saved), "-f", "html")).startswith("<!doctype html>")
