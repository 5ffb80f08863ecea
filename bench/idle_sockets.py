"""(c) What a socket costs in memory that has subscribed to a running execution and waits."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from bench.bare_log import beginning_of, load_pipeline, opened_log, stage_started
from bench.fan_out import watch
from bench.outcome import Figure, Outcome
from bench.services import resident_bytes, running_services
from contracts.events import encode
from contracts.ids import new_execution_id

KEY = "c"
_SOCKETS = 1000
_WARM_UP = 50
_KIB = 1024
_SETTINGS = {"STAGECAST_WS_PING_SECONDS": "3600", "STAGECAST_MAX_CONNECTIONS_PER_CLIENT": "10000"}


async def measure() -> Outcome:
    """Measure the gateway's memory before and after the sockets."""
    pipeline, execution_id = load_pipeline(), new_execution_id()
    with tempfile.TemporaryDirectory() as name:
        async with (
            running_services(Path(name), env=_SETTINGS, has_runner=False) as services,
            opened_log(services.broker.url) as log,
        ):
            pid, port = services.gateway.child.pid, services.port
            for event in beginning_of(execution_id, pipeline):
                await log.append(event)
            sockets = await watch(port, execution_id, _WARM_UP)  # what is loaded with the first ones counts for none
            before = resident_bytes(pid)
            more = await watch(port, execution_id, _SOCKETS)
            live = stage_started(execution_id, pipeline, 2)
            await log.append(live)
            await asyncio.gather(*(socket.read_to(encode(live)) for socket in [*sockets, *more]))
            after = resident_bytes(pid)
            for socket in [*sockets, *more]:
                socket.close()
    each = (after - before) / _SOCKETS / _KIB
    figures = [
        Figure("one subscribed socket", each, "KiB", 40.0, "at most"),
        Figure("the gateway with few sockets", before / _KIB / _KIB, "MiB"),
        Figure(f"the gateway with {_SOCKETS:,} more", after / _KIB / _KIB, "MiB"),
    ]
    rounds: list[dict[str, Any]] = [{"sockets": _SOCKETS, "before": before, "after": after}]
    return Outcome(
        KEY, "Memory of the gateway for an idle socket that is subscribed to a running execution", figures, rounds
    )
