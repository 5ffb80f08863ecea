"""What `stagecast benchmark` can be told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from contracts.pipeline import ModelSpec
from runner.benchmark.dspy_parts import AdapterName
from runner.benchmark.gym import GENERATORS
from runner.benchmark.task import Split
from runner.benchmark.toy import NAME as TOY

METHODS = ("original", "rewrite", "stagecast", "dspy-mipro", "dspy-gepa", "gepa")
TASKS = (TOY, *GENERATORS)
DEFAULT_TASKS = ("letter_counting", "products", "gcd")
_ANSWER_TOKENS = 32  # of a small model that goes on and on; others stop by themselves
_PROMPT_TOKENS = 400
_INSTRUCTIONS = "Answer the question. Be brief."


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for.

    Attributes:
        models: model, optimizer and judge, as given.
        is_json, is_markdown: print that instead of the table.
        save: a file for the JSON, whatever is printed.
    """

    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: int
    sizes: Split
    budget: int
    instructions: str
    is_easy: bool
    target: ModelSpec
    optimizer: ModelSpec
    judge: ModelSpec
    dspy_adapter: AdapterName | None
    is_json: bool
    is_markdown: bool
    save: Path | None


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Return the options of a command line; ends the process with code 2 where they do not hold."""
    parser = _parser()
    given = parser.parse_args(arguments)
    known = {**vars(given)}
    for name, allowed in (("tasks", TASKS), ("methods", METHODS)):
        wrong = [each for each in known[name] if each not in allowed]
        if wrong:
            parser.error(f"--{name}: there is no {', '.join(wrong)}; known are {', '.join(allowed)}")
    target = _spec(parser, given.model, temperature=0.0, local_tokens=_ANSWER_TOKENS)
    if given.max_tokens is not None:
        target = target.model_copy(update={"max_tokens": given.max_tokens})
    optimizer = given.optimizer_model or given.model
    return Options(
        tasks=tuple(known["tasks"]),
        methods=("original", *(name for name in METHODS[1:] if name in known["methods"])),
        seeds=given.seeds,
        sizes=Split(given.train, given.items),
        budget=given.budget,
        instructions=given.instructions,
        is_easy=given.level == "easy",
        target=target,
        optimizer=_spec(parser, optimizer, temperature=given.temperature, local_tokens=_PROMPT_TOKENS),
        judge=_spec(parser, given.judge_model or given.model, temperature=0.0, local_tokens=_ANSWER_TOKENS),
        dspy_adapter=given.dspy_adapter,
        is_json=given.json,
        is_markdown=given.markdown,
        save=given.save,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stagecast benchmark",
        description="Optimize prompts on tasks with exact answers, with several methods on the same budget, and "
        "compare accuracy on items that no method has seen. Needs no service; progress goes to standard error.",
    )
    add = parser.add_argument
    add("--tasks", type=_names, default=DEFAULT_TASKS, help=f"some of {', '.join(TASKS)}; separated by commas")
    add("--methods", type=_names, default=METHODS, help=f"some of {', '.join(METHODS)}")
    add("--model", default="local:smollm2", help="answers the questions; provider:model, or a definition as JSON")
    add("--optimizer-model", help="writes prompts; the same when left out")
    add("--judge-model", help="compares answers where a method asks; the same when left out")
    add("--items", type=_count, default=40, help="unseen items of a task and seed (40)")
    add("--train", type=_count, default=24, help="items that methods may learn from (24)")
    add("--budget", type=_count, default=200, help="model calls for one optimization, every attempt counted (200)")
    add("--seeds", type=_count, default=2, help="run each task with so many seeds, from 0 (2)")
    add("--level", choices=("easy", "standard"), default="easy", help="settings for small models, or reasoning-gym's")
    add("--instructions", default=_INSTRUCTIONS, help=f"the starting prompt, without the question ({_INSTRUCTIONS!r})")
    add("--max-tokens", type=_count, help="longest answer to a question; 32 for local models when left out")
    add("--temperature", type=float, default=0.7, help="of the optimizer's model, where a method leaves it open (0.7)")
    add("--dspy-adapter", choices=("plain", "chat"), help="plain for local models and chat for others when left out")
    add("--save", type=Path, metavar="FILE", help="write the JSON to a file besides what is printed")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON, with every prompt that was found")
    shape.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _spec(parser: argparse.ArgumentParser, text: str, *, temperature: float, local_tokens: int) -> ModelSpec:
    """Read a model; what a definition leaves open is filled in."""
    try:
        spec = ModelSpec.model_validate_json(text) if text.startswith("{") else ModelSpec(use=text)
    except ValidationError as error:
        parser.error(f"'{text}' is no model: {error.errors()[0]['msg']}")
    settled = {"temperature": temperature, "max_tokens": local_tokens if spec.provider == "local" else None}
    return spec.model_copy(update={name: value for name, value in settled.items() if name not in spec.model_fields_set})
