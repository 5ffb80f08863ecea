"""The functions that the chaos suite registers with gateways and runners, by an entry point as anybody's plugin does.

They run in the runners' processes. Where the model server is and who the runner is comes from its environment.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stagecast.functions import FunctionContext
from tests.chaos.markers import Marker

MODEL_URL = "CHAOS_MODEL_URL"
RUNNER_NAME = "STAGECAST_RUNNER_NAME"

_SIDE_BY_SIDE = 3
_ENTRY_POINTS = "[stagecast.functions]\nchaos_work = tests.chaos.plugin:chaos_work\n"
_METADATA = "Metadata-Version: 2.1\nName: chaos-plugin\nVersion: 1.0\n"


def install(directory: Path) -> None:
    """Make a directory that, put on `PYTHONPATH`, has the plugin installed."""
    info = directory / "chaos_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(_METADATA)
    (info / "entry_points.txt").write_text(_ENTRY_POINTS)


async def chaos_work(context: FunctionContext, *, tag: str) -> dict[str, Any]:
    """Call a model in a row and side by side, and do things that shall be done once in between."""

    async def ask(part: str) -> str:
        answer = await context.complete(f"{Marker(tag, context.stage_id, part)} go on")
        return answer.text

    async def effect(step: str) -> dict[str, Any]:
        return await _effect(tag, f"{context.stage_id}/{step}")

    texts = [await ask("row0")]
    receipts = [await context.step("mail", lambda: effect("mail/0"))]
    texts.append(await ask("row1"))
    texts += await asyncio.gather(*(ask(f"side{number}") for number in range(_SIDE_BY_SIDE)))
    receipts.append(await context.step("mail", lambda: effect("mail/1")))
    receipts.append(await context.step("write", lambda: effect("write/0")))
    texts.append(await ask("row2"))
    return {"texts": texts, "receipts": receipts}


async def _effect(tag: str, step: str) -> dict[str, Any]:
    address = urlsplit(os.environ[MODEL_URL])
    body = json.dumps({"tag": tag, "step": step}).encode()
    head = (
        f"POST /effect HTTP/1.1\r\nauthorization: Bearer {os.environ[RUNNER_NAME]}\r\ncontent-length: {len(body)}\r\n"
    )
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(head.encode() + b"\r\n" + body)
        await reader.readuntil(b"0\r\n\r\n")
    finally:
        writer.close()
    return {"step": step}
