"""What the dashboard is tested against: real services with a pipeline that writes, stumbles, skips and fails on cue."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack

STORY = "story-v1"
IDEA = "A lamp that answers. "
TOLD = "Once there was a lamp that answered every ship by name, and it was tired."
SKIPPED_BECAUSE = "nobody asked for <b>it</b>"
SLOWLY = "slowly"
"""A topic with this in it is told slowly enough to be watched on a busy machine."""
STUMBLE = "stumble"
"""A topic with this in it makes the last stage's first attempt fail."""
BREAK = "break down"
"""And with this in it all of them, for good."""

_PIPELINE = """
format: 1
id: story-v1
name: Tell a Story
version: 1.2.0
description: Finds an idea, then a hero and a place side by side, and tells a story.
inputs:
  primary: topic
  topic: {type: string, minLength: 1, maxLength: 500, description: What the story is about.}
  tone: {enum: [plain, funny, sad], default: plain, description: How it is told.}
  words: {type: integer, minimum: 10, maximum: 200, default: 40, description: How long it is.}
  ending: {type: boolean, default: true, description: Whether it ends well.}
models:
  writer: {use: "scripted:writer", max_tokens: 160}
defaults: {model: writer, retries: {max: 1, delay: 3s}, timeout: 60s}
stages:
  - {id: idea, name: Find an Idea, prompt: {system: You have ideas., user: "An idea for {{ inputs.topic }}."}}
  - {id: hero, name: Invent a Hero, needs: [idea], prompt: {user: "The hero of {{ stages.idea.output }}"}}
  - {id: place, name: Find a Place, needs: [idea], prompt: {user: "The place of {{ stages.idea.output }}"}}
  - id: song
    name: Write a Song
    needs: [idea]
    when: [{if: "1 == 2", else: "nobody asked for <b>it</b>"}]
    prompt: {user: A song.}
  - {id: tell, name: Tell It, needs: [hero, place, song], prompt: {user: "Tell it, about {{ inputs.topic }}."}}
output: "{{ stages.tell.output }}"
"""
LIST = "list-v1"
_LIST = """
format: 1
id: list-v1
name: Go Through a List
version: 1.0.0
inputs: {primary: text, text: {type: string, minLength: 1}}
models: {writer: {use: "scripted:writer"}}
defaults: {model: writer}
stages:
  - id: each
    name: Each Item
    foreach: {items: "{{ range(20) | list }}", as: number, max_parallel: 2}
    prompt: {user: "The hero number {{ number }}"}
output: "{{ stages.each.results | length }}"
"""
_BROKEN = """id: broken-v1
name: Broken
stages:
  - {id: first, name: First, prompt: {usr: nothing}}
"""
_WRITES: dict[str, Any] = {"pause_ms": 60, "cost": 0.001, "input_tokens": 20, "output_tokens": 8}
_MODELS: dict[str, list[dict[str, Any]]] = {
    "writer": [
        {"match": f"^An idea.*{SLOWLY}", "reply": IDEA, **_WRITES, "pause_ms": 400},
        {"match": f"^Tell it.*{SLOWLY}", "reply": TOLD, **_WRITES, "pause_ms": 200},
        {"match": "^An idea", "reply": IDEA, **_WRITES},
        {"match": "^The hero", "reply": "A keeper who counts waves and forgets names.", **_WRITES},
        {"match": "^The place", "reply": "A rock with one door.", **_WRITES},
        {
            "match": BREAK,
            "error": {"code": "refused_key", "message": "The provider refuses the key."},
            "delay_ms": 200,
        },
        {
            "match": STUMBLE,
            "times": 1,
            "error": {"code": "overloaded", "message": "The model is busy.", "retryable": True},
        },
        {"match": "^Tell it", "reply": TOLD, **_WRITES},
    ]
}  # fmt: skip


@asynccontextmanager
async def dashboard_stack(directory: Path, *, runners: int = 1, **env: str) -> AsyncGenerator[Stack]:
    """Start services, with a broker of their own, that have the story, a broken file and the shipped pipelines."""
    models = directory / "models.yaml"
    pipelines = directory / "pipelines"
    pipelines.mkdir(parents=True)
    with models.open("w") as file:
        YAML().dump(_MODELS, file)  # pyright: ignore[reportUnknownMemberType]  # untyped there
    (pipelines / "story-v1.yaml").write_text(_PIPELINE)
    (pipelines / "list-v1.yaml").write_text(_LIST)
    (pipelines / "broken.yaml").write_text(_BROKEN)
    known = {"STAGECAST_SCRIPTED_MODELS": str(models), **env}
    (directory / "nats").mkdir()
    async with (
        NatsServer.start(directory / "nats") as nats,
        running_stack(nats.url, directory, runners=runners, env=known) as stack,
    ):
        yield stack


async def submit(stack: Stack, pipeline: str, text: str, *, wait_seconds: int = 0, **options: Any) -> str:
    """Start an execution, wait for its end for as long as is said, and return its id."""
    async with stack.http() as http:
        body = {"input": text, "options": options}
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        reply = await http.post(f"/api/pipelines/{pipeline}/run", json=body, headers=headers)
        return str(reply.raise_for_status().json()["executionId"])
