"""Designs as an able model would give them, to be changed where a test wants something else."""

from typing import Any


def step(step_id: str, **keys: Any) -> dict[str, Any]:
    """One step that writes text, unless told otherwise."""
    usual: dict[str, Any] = {
        "id": step_id,
        "name": step_id.title(),
        "instruction": f"Do {step_id}.",
        "needs": [],
        "for_each": "",
        "fields": [],
        "only_if": always(),
        "retries": 2,
        "check": "none",
    }
    return {**usual, **keys}


def always(**keys: str) -> dict[str, Any]:
    """A condition that is always true, unless told otherwise."""
    return {"test": "always", "value": "", "than": "", "otherwise": "", **keys}


def field(name: str, kind: str = "text", choices: tuple[str, ...] = ()) -> dict[str, Any]:
    """A field of a step's output."""
    return {"name": name, "kind": kind, "about": "", "choices": list(choices)}


def blueprint(*steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A design of these steps."""
    usual: dict[str, Any] = {
        "name": "Made",
        "description": "Does it.",
        "input": "text",
        "input_about": "What is read.",
        "options": [],
        "delivers": [],
    }
    return {**usual, "steps": list(steps), **keys}
