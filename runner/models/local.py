"""Models on the runner's own machine: one llama.cpp process for each model file, asked over its loopback HTTP server.

Here is starting, sharing and ending those processes; what runs in them is `llama`. What a call says is in `exchange`,
like for any other server.
"""

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from openai import AsyncOpenAI

from contracts.errors import MissingSetting, ModelError
from contracts.pipeline import ModelSpec
from runner.models.client import ModelReply, ModelRequest
from runner.models.exchange import Endpoint, exchange
from runner.models.llama import Orders
from runner.models.providers import http_client, open_server_model
from runner.models.settings import ModelSettings
from runner.models.weights import find_weights

_DEATH_SECONDS = 1.0  # between the connection's end and the process's
_END_SECONDS = 5.0  # that a process has to end by itself


@dataclass(frozen=True, slots=True)
class _Served:
    """A loaded model: its process, the client of its server, and a permit for each of its slots."""

    process: Process
    client: AsyncOpenAI
    slots: asyncio.Semaphore

    async def bury(self) -> None:
        """Take note of the process's death, if that is why a connection broke, so that the next call starts another."""
        try:
            await asyncio.wait_for(self.process.wait(), _DEATH_SECONDS)
        except TimeoutError:
            return
        await self.client.close()

    async def close(self) -> None:
        await self.client.close()
        await _end(self.process)


class LocalModels:
    """The model client of `local:`. Each model file is loaded once, on first use.

    At most `local_slots` calls of a model run at once; the others wait here, in order.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._served: dict[Path, asyncio.Task[_Served]] = {}

    async def prepare(self, spec: ModelSpec) -> None:
        """Do nothing: what takes long is done by now."""

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Make one call, as `ModelClient.complete` promises; its cost is 0 unless the definition has a price.

        Raises:
            MissingSetting: also when llama.cpp or the model's file is not installed.
            ModelError: `bad_request` for a schema that cannot become a grammar, `prompt_too_long`, `bad_model_file`.
        """
        served = await self._serve(request.spec)
        async with served.slots:
            model = open_server_model(request.spec.name, served.client, is_instructed=False)
            try:
                return await exchange(Endpoint(model, takes_any_schema=True), request, on_text)
            except ModelError as error:
                if error.code == "transport":
                    await served.bury()
                raise

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell that it is: one's own machine costs nothing by the token."""
        return True

    async def close(self) -> None:
        """End every process and free its memory. Calls in flight fail."""
        tasks, self._served = list(self._served.values()), {}
        for task in tasks:
            if not task.done():
                task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, _Served):
                await outcome.close()

    async def _serve(self, spec: ModelSpec) -> _Served:
        path = find_weights(spec.name)
        task = self._served.get(path)
        if task is None or _is_over(task):
            task = self._served[path] = asyncio.create_task(self._start(path), name=f"load {path.name}")
        # Shielded: who gives up waiting must not stop the loading for the others.
        return await asyncio.shield(task)

    async def _start(self, path: Path) -> _Served:
        key = secrets.token_urlsafe(32)  # the server's port is open to every user of the machine
        slots = self._settings.local_slots
        orders = Orders(str(path), key, self._settings.local_threads, slots, self._settings.local_context_tokens)
        # Its standard error is llama.cpp's, which writes there whatever its verbosity says.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "runner.models.llama"), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        try:
            address = await _address(process, orders)
        except BaseException:
            await _end(process)
            raise
        connection = http_client(self._settings, is_own_machine=True)
        client = AsyncOpenAI(api_key=key, base_url=f"{address}/v1", http_client=connection, max_retries=0)
        return _Served(process, client, asyncio.Semaphore(slots))


def _is_over(task: asyncio.Task[_Served]) -> bool:
    """Tell whether the model must be loaded (again): it could not be, or its process has died since."""
    if not task.done():
        return False
    return task.cancelled() or task.exception() is not None or task.result().process.returncode is not None


async def _address(process: Process, orders: Orders) -> str:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise ModelError("The local model's process has no pipes.", code="bad_model_file")
    stdin.write(orders.line())
    line = await stdout.readline()
    told = cast("dict[str, object]", json.loads(line)) if line else {"error": "its process ended"}
    if told.get("is_missing"):
        raise MissingSetting("Local models need llama.cpp: pip install 'stagecast[local]'.")
    if "error" in told:
        raise ModelError(f"llama.cpp cannot load {Path(orders.path).name}: {told['error']}.", code="bad_model_file")
    return str(told["address"])


async def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
