"""A world in which prompts can be better or worse: a model whose answers depend on visible features of the prompt.

Nothing here knows the optimizer: the world sees what a provider would see, and remembers it.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from contracts.evidence import Optimization
from contracts.pipeline import Pipeline
from contracts.results import PipelineResult
from runner.executor import PipelineExecutor
from runner.models.client import ModelReply, ModelRequest
from stagecast.catalog import load_pipeline
from stagecast.functions import FunctionRegistry
from tests.unit.runner.scripts import Bench, Models, Told, Waits, begin

PROMPT = "Answer the question: {question}"
GOOD = "Check your answer before you give it."
BAD = "Answer as fast as you can."
NEUTRAL = "Answer the question as asked."
FILE = Path(__file__).parents[5] / "pipelines" / "prompt-optimizer-v1.yaml"
MODELS = {name: f"scripted:{name}" for name in ("fast", "strong", "target", "judge")}

Judging = Callable[[str, str, "World"], str]


def by_quality(first: str, second: str, world: "World") -> str:
    """A judge that sees which answer is right, whichever comes first."""
    one, two = "right" in first, "right" in second
    return "tie" if one == two else "first" if one else "second"


def always_first(first: str, second: str, world: "World") -> str:
    """A judge that looks at nothing but the position."""
    return "first"


def by_chance(first: str, second: str, world: "World") -> str:
    """A judge that has its opinions, and they have nothing to do with the question."""
    one, two = world.chance("taste", first), world.chance("taste", second)
    return "first" if one > two else "second"


@dataclass
class World(Models):
    """Answers every model call of an optimization.

    Attributes:
        skill: how likely an answer is right: of the bare prompt, and with a feature in it.
        rewrites: what the author writes for each strategy: text that is added below the prompt, or a whole prompt.
        seed: another seed is another world with the same odds.
        judging: how the judge decides between two answers.
        drafts: how many test cases the author manages to invent in a batch.
    """

    cost: float | None = 0.0
    skill: Mapping[str, float] = field(default_factory=lambda: {"": 0.3, GOOD: 0.95, BAD: 0.05})
    rewrites: Mapping[str, str] = field(default_factory=lambda: {"minimal_edit": BAD, "restructure": GOOD})
    seed: int = 0
    judging: Judging = by_quality
    drafts: int = 8
    refined: str = NEUTRAL
    on_call: Callable[["World"], None] = lambda world: None

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer as the part that the alias plays."""
        self.on_call(self)
        self.requests.append(request)
        reply = self.play(request)
        await asyncio.sleep(0)  # as with a real model, others run meanwhile
        if isinstance(reply, Exception):
            raise reply
        words = len(f"{request.system or ''} {request.user}".split())
        return ModelReply(str(reply), reply, request.spec.use, words, len(str(reply).split()), self.cost)

    def chance(self, *of: object) -> float:
        """Return a number from 0 to 1 that depends on nothing but the seed and what it is for."""
        digest = hashlib.sha256(repr((self.seed, *of)).encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def by(self, alias: str) -> list[ModelRequest]:
        """Return the calls that one alias was asked for."""
        return [request for request in self.requests if request.spec.use == MODELS[alias]]

    def play(self, request: ModelRequest) -> Any:
        """Return what is answered, or an exception to raise."""
        match request.spec.name:
            case "fast":
                criteria = ["is right", "is short", "is kind"]
                issues = [{"quote": "", "problem": "nobody checks the answer"}]
                return {"task": "answer a question", "criteria": criteria, "issues": issues, "takes_input": True}
            case "judge":
                return self._judge(request.user)
            case "strong":
                return self._write(request)
            case _:
                return self._target(f"{request.system or ''}\n{request.user}")

    def _target(self, prompt: str) -> str:
        skill = self.skill[""]
        for feature, value in self.skill.items():
            if feature and feature in prompt:
                skill = value
        # Another prompt is another roll of the dice, as with a real model, however alike the two are.
        number = next(iter(re.findall(r"q(\d+)", prompt)), "0")
        is_right = self.chance("answer", prompt) < skill
        return f"right {number}" if is_right else f"wrong {number} {self.chance('words', prompt)}"

    def _judge(self, text: str) -> dict[str, str]:
        first = text.split("<first>\n")[1].split("\n</first>")[0]
        second = text.split("<second>\n")[1].split("\n</second>")[0]
        side = self.judging(first, second, self)
        return {"reason": f"{side} it is", "c1": side, "c2": "tie", "c3": "tie", "better": side}

    def _write(self, request: ModelRequest) -> Any:
        properties = (request.schema or {}).get("properties", {})
        if "cases" in properties:
            names = list(properties["cases"]["items"]["properties"])
            batch = len([one for one in self.by("strong") if "cases" in (one.schema or {}).get("properties", {})])
            count = properties["cases"]["maxItems"]
            cases = [{name: f"drafted q{batch * 100 + number} of {name}" for name in names} for number in range(count)]
            return {"cases": [cases[number % self.drafts] for number in range(count)]}
        if "add" in properties:
            return {"add": [properties["add"]["items"]["enum"][0]]}
        subject = request.user.split("<subject>\n")[1].split("\n</subject>")[0]
        if "<notes>" in request.user:
            return {"prompt": f"{subject}\n{self.refined}", "changes": []}
        for strategy, added in self.rewrites.items():
            if _ASKS[strategy] in request.user:
                claim = [{"issue": "i1", "text": added}]
                return {"prompt": added if "whole:" in added else f"{subject}\n{added}", "changes": claim}
        return {"prompt": f"{subject}\n{NEUTRAL}", "changes": []}


_ASKS = {"minimal_edit": "Change as little as possible", "restructure": "Put it in order"}
STRATEGIES = list(_ASKS)


def questions(count: int, *, are_known: bool = True) -> list[dict[str, Any]]:
    """Return test cases, each recognisable in whatever prompt it should turn up."""
    asked = [f"what is the answer to q{number}?" for number in range(count)]
    cases: list[dict[str, Any]] = [{"vars": {"question": question}} for question in asked]
    return [{**case, "expected": f"right {number}"} for number, case in enumerate(cases)] if are_known else cases


@cache
def registry() -> FunctionRegistry:
    """Return the functions that are installed; looking for them takes as long as an optimization."""
    return FunctionRegistry()


@cache
def pipeline() -> Pipeline:
    """Return the shipped optimizer, its models played by a world."""
    loaded = load_pipeline(FILE.read_text(), file=FILE.name, registry=registry())
    specs = {alias: spec.model_copy(update={"use": MODELS[alias]}) for alias, spec in loaded.models.items()}
    return loaded.model_copy(update={"models": specs})


async def optimize(
    world: World,
    cases: Sequence[Mapping[str, Any]] | None = None,
    *,
    prompt: str = PROMPT,
    definition: Pipeline | None = None,
    bench: Bench | None = None,
    **options: Any,
) -> tuple[PipelineResult, Optimization]:
    """Run one optimization to its end."""
    given: dict[str, Any] = {"strategies": STRATEGIES}
    if cases is not None:
        given |= {"cases": list(cases), "n_cases": len(cases)}
    given |= options
    state = begin(definition or pipeline(), prompt, given)
    if bench is None:
        executor = PipelineExecutor(world, registry(), timing=Waits().timing())
        result = await executor.run(state, Told())
    else:
        result = await bench.run(state)
    assert result.error is None, result.error
    return result, Optimization.model_validate(result.output)
