"""stagecast: what both services stand on, and what users import: `Client`. Plugins use `stagecast.functions`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contracts.errors import ExecutionNotFound as ExecutionNotFound
    from contracts.errors import GatewayUnreachable as GatewayUnreachable
    from contracts.errors import PipelineNotFound as PipelineNotFound
    from contracts.errors import RequestRefused as RequestRefused
    from contracts.errors import StagecastError as StagecastError
    from stagecast.client import Client as Client
    from stagecast.run import Run as Run
    from stagecast.updates import Dropped as Dropped
    from stagecast.updates import Gap as Gap
    from stagecast.updates import Snapshot as Snapshot

_PUBLIC = {
    "Client": "stagecast.client",
    "Run": "stagecast.run",
    "Dropped": "stagecast.updates",
    "Gap": "stagecast.updates",
    "Snapshot": "stagecast.updates",
    "ExecutionNotFound": "contracts.errors",
    "GatewayUnreachable": "contracts.errors",
    "PipelineNotFound": "contracts.errors",
    "RequestRefused": "contracts.errors",
    "StagecastError": "contracts.errors",
}


def __getattr__(name: str) -> Any:  # a module attribute may be anything
    """Import a public name when it is asked for, so that services do not load the client."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
