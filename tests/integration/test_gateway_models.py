"""Which models can be used, and which setting is missing, over HTTP."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import LogUnavailable
from contracts.pipeline import ModelSpec
from contracts.presence import RunnerPresence
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import KnownRunners, running_gateway, write_pipelines

MIXED_FILE = """
id: mixed-v1
name: Mixed
models:
  small: {use: "local:smollm2"}
  fast: {use: "openai:gpt-5-mini"}
  own: {use: "openai:qwen", base_url: "http://127.0.0.1:1/v1", api_key_env: VLLM_API_KEY}
  play: {use: "scripted:echo"}
stages:
  - {id: first, call: echo}
"""
NO_RUNNER = "No runner is connected: start one with `stagecast up` or `python -m runner`."


class NoAnswer(KnownRunners):
    """A directory on a broker that is away."""

    async def present(self) -> Sequence[RunnerPresence]:
        raise LogUnavailable("The broker does not answer.")


async def told(directory: Path, runners: KnownRunners | None, **settings: Any) -> dict[str, Any]:
    """Return what a gateway tells of the models of the test's pipelines."""
    (write_pipelines(directory) / "mixed-v1.yaml").write_text(MIXED_FILE)
    async with running_gateway(MemoryLog(), directory, runners=runners, **settings) as gateway:
        reply = await gateway.http.get("/api/models")
    assert reply.status_code == 200, reply.text
    return reply.json()


def by_use(body: dict[str, Any], field: str) -> dict[str, Any]:
    return {row["use"]: row[field] for row in body["models"]}


async def test_a_model_is_usable_where_some_runner_has_its_key(tmp_path: Path) -> None:
    body = await told(tmp_path, KnownRunners([], ["OPENAI_API_KEY", "OTHER_API_KEY"]))
    assert body["runners"] == 2
    assert by_use(body, "usable") == {
        "local:smollm2": True,
        "openai:gpt-5-mini": True,
        "openai:qwen": False,
        "scripted:echo": True,
    }
    assert by_use(body, "reason") == {
        "local:smollm2": None,
        "openai:gpt-5-mini": None,
        "openai:qwen": "Set VLLM_API_KEY for the runner and start it again.",
        "scripted:echo": None,
    }
    assert [row["use"] for row in body["models"]] == sorted(row["use"] for row in body["models"])


async def test_a_model_comes_once_with_all_that_use_it(tmp_path: Path) -> None:
    body = await told(tmp_path, KnownRunners([]))
    assert by_use(body, "usedBy")["openai:gpt-5-mini"] == [
        {"pipelineId": "mixed-v1", "alias": "fast"},
        {"pipelineId": "paid-v1", "alias": "strong"},
    ]


async def test_keys_are_told_also_of_providers_that_no_pipeline_uses(tmp_path: Path) -> None:
    body = await told(tmp_path, KnownRunners(["VLLM_API_KEY", "OTHER_API_KEY"]))
    assert body["keys"] == [
        {"setting": "ANTHROPIC_API_KEY", "provider": "anthropic", "isSet": False},
        {"setting": "OPENAI_API_KEY", "provider": "openai", "isSet": False},
        {"setting": "VLLM_API_KEY", "provider": "openai", "isSet": True},
    ]


async def test_what_the_settings_put_in_place_of_an_alias_is_what_is_told(tmp_path: Path) -> None:
    spec = ModelSpec(use="anthropic:claude-haiku-4-5")
    body = await told(tmp_path, KnownRunners([]), models={"strong": spec, "fast": spec})
    assert "openai:gpt-5-mini" not in by_use(body, "key")
    assert by_use(body, "key")["anthropic:claude-haiku-4-5"] == "ANTHROPIC_API_KEY"
    assert len(by_use(body, "usedBy")["anthropic:claude-haiku-4-5"]) == 2


@pytest.mark.parametrize(
    ("runners", "count", "reason"),
    [
        (KnownRunners(), 0, NO_RUNNER),
        (NoAnswer(), None, "The broker does not say which runners are connected; is it running?"),
        (None, None, "The broker does not say which runners are connected; is it running?"),
    ],
    ids=["no runner", "no broker", "nobody knows"],
)
async def test_while_no_runner_is_known_nothing_is_called_usable_or_not(
    tmp_path: Path, runners: KnownRunners | None, count: int | None, reason: str
) -> None:
    body = await told(tmp_path, runners)
    assert body["runners"] == count
    assert set(by_use(body, "usable").values()) == {None}
    assert set(by_use(body, "reason").values()) == {reason}
    assert {key["isSet"] for key in body["keys"]} == {None}


async def test_it_needs_the_scope_read(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    keys = {scope: tokens.add(scope, [scope]) for scope in ("read", "run")}
    async with running_gateway(MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path) as gateway:
        statuses = [
            (await gateway.http.get("/api/models", headers={"Authorization": f"Bearer {token}"})).status_code
            for token in keys.values()
        ]
        assert (await gateway.http.get("/api/models")).status_code == 401
    assert statuses == [200, 403]
