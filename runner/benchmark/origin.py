"""Where numbers come from: the command, the day, the versions, the terms. For those who read a table later."""

import os
import platform
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from runner.benchmark.options import Options

_PACKAGES = ("stagecast", "reasoning-gym", "dspy", "gepa")


def describe_terms(options: Options) -> dict[str, Any]:
    """Return everything that the numbers depend on and that is known here, as JSON values."""
    shown = asdict(options) | {"save": None if options.save is None else options.save.name}
    for name in ("target", "optimizer", "judge"):
        shown[name] = getattr(options, name).model_dump(mode="json", exclude_defaults=True)
    return shown | {"versions": _versions(), "processors": os.cpu_count(), "day": date.today().isoformat()}


def describe_origin(options: Options, arguments: Sequence[str]) -> str:
    """Return the same in two sentences."""
    command = shlex.join(["stagecast", "benchmark", *arguments])
    versions = ", ".join(f"{name} {number}" for name, number in _versions().items())
    return (
        f"`{command}`, {date.today().isoformat()} ({versions}, processors {os.cpu_count()}). "
        f"For each task and each of {options.seeds} seeds: {options.sizes.train} items to learn from, "
        f"{options.sizes.test} unseen, {options.budget} calls for an optimization; {options.target.use} answers, "
        f"{options.optimizer.use} writes prompts. Starting prompt: “{options.instructions}”, then the question."
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
