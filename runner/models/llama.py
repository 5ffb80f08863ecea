"""The process that holds one local model: `python -m runner.models.llama`, started and ended by `local`.

A process of its own, because llama.cpp keeps Python's lock while it loads a file: 0.7 s for the small default model,
and ten times that for a usual one, in which a runner could not renew its claims. A crash in it ends calls, no runner.

It reads one line of JSON (`Orders`), writes one (`{"address": …}` or `{"error": …}`), and serves until its input
ends, which happens however the runner ends.
"""

import importlib
import json
import signal
import sys
from dataclasses import asdict, dataclass
from typing import Any

_SILENT = -1  # llama.cpp's verbosity: nothing, where 3 is hundreds of lines for one model
_NO_PROMPT_CACHE = 0  # MiB; its default keeps up to 8 GiB of old prompts


@dataclass(frozen=True)
class Orders:
    """What to serve: file, key that requests must carry, computing threads, calls at once, tokens for each."""

    path: str
    key: str
    threads: int
    slots: int
    context_tokens: int

    def line(self) -> bytes:
        """Return the orders as the line that the process reads."""
        return json.dumps(asdict(self)).encode() + b"\n"


def serve() -> None:
    """Do what the first line of standard input orders, until there is no more input."""
    # Both reach every process of a terminal or a service; the runner may need the model to finish what it has.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        server = _start(Orders(**json.loads(sys.stdin.readline())))
    except (RuntimeError, ImportError) as error:
        print(json.dumps({"error": str(error), "is_missing": isinstance(error, ImportError)}), flush=True)
        return
    print(json.dumps({"address": server.listening_address}), flush=True)
    sys.stdin.read()


def _start(orders: Orders) -> Any:  # a compiled class without type stubs
    xllamacpp: Any = importlib.import_module("xllamacpp")  # so is its module
    params = xllamacpp.CommonParams()
    params.model.path = orders.path
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [orders.key]
    params.n_parallel = orders.slots
    params.n_ctx = orders.context_tokens * orders.slots
    params.cpuparams.n_threads = orders.threads
    params.cpuparams_batch.n_threads = orders.threads
    params.verbosity = _SILENT
    params.cache_ram_mib = _NO_PROMPT_CACHE
    params.endpoint_props = False
    params.ui = False
    return xllamacpp.Server(params)


if __name__ == "__main__":
    serve()
