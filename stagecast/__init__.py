"""stagecast: what both services stand on, and what users import: `Client`. Plugins use `stagecast.functions`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stagecast.client import Client as Client

_PUBLIC = {"Client": "stagecast.client"}


def __getattr__(name: str) -> Any:  # a module attribute may be anything
    """Import a public name when it is asked for, so that services do not load the client."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
