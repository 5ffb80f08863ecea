"""The pipelines that interleavings run, the function they call, and how often each question may be answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from contracts.errors import BudgetExceeded
from stagecast.functions import FunctionContext

ASKED_TWICE = "vote"
"""The beginning of a question that a run asks twice, side by side; every other one it asks once."""

REFUSED_FIRST = "item b"
"""The beginning of a question that is refused at first, and not paid for."""

SPOILT_FIRST = "item c"
"""The beginning of a question whose first answer is spoilt, and paid for."""

ASKED_ALWAYS = "final"
"""The beginning of a question that an `always` stage asks."""

_PATIENT = {"max": 20, "delay": 0.2, "max_delay": 30}
_BASE: dict[str, Any] = {
    "models": {"m": {"use": "scripted:m"}},
    "defaults": {"model": "m", "retries": _PATIENT},
}


def _pipeline(pipeline_id: str, *stages: dict[str, Any], **keys: object) -> dict[str, Any]:
    return {**_BASE, **keys, "id": pipeline_id, "name": pipeline_id, "stages": list(stages)}


def _prompt(stage_id: str, user: str, **keys: object) -> dict[str, Any]:
    return {"id": stage_id, "prompt": {"user": user}, **keys}


PIPELINES: dict[str, dict[str, Any]] = {
    "chain": _pipeline(
        "chain",
        _prompt("draft", "draft {{ inputs.input }}"),
        _prompt("polish", "polish {{ stages.draft.output }}"),
    ),
    "fork": _pipeline(
        "fork",
        _prompt("left", "left {{ inputs.input }}", needs=[]),
        _prompt("right", "right {{ inputs.input }}", needs=[]),
        _prompt("join", "join {{ stages.left.output }} {{ stages.right.output }}", needs=["left", "right"]),
    ),
    "spread": _pipeline(
        "spread",
        _prompt(
            "each",
            "item {{ item }} {{ inputs.input }}",
            foreach={"items": ["a", "b", "c"], "as": "item", "max_parallel": 2, "min_ok": 3},
        ),
        _prompt("sum", "sum {{ stages.each.results | join(' ') }}"),
    ),
    "work": _pipeline(
        "work",
        {"id": "work", "call": "work"},
        _prompt("report", "report {{ stages.work.output }}"),
    ),
    "search": _pipeline(
        "search",
        {"id": "best", "call": "best"},
        _prompt("polish", "polish {{ inputs.input }}"),
        _prompt("final", f"{ASKED_ALWAYS} {{{{ inputs.input }}}}", always=True),
        output=["{{ stages.best.output }}", "{{ stages.final.output }}"],
    ),
}

Effect = Callable[[str, str], Awaitable[object]]
"""Does something outside, given the execution's id and the step's name."""


def work_with(effect: Effect) -> Callable[..., Awaitable[Any]]:
    """Return the function `work`: two steps around two calls side by side."""

    async def work(context: FunctionContext) -> object:
        prompt = cast("str", context.inputs["input"])
        reserved = await context.step("reserve", lambda: effect(context.execution_id, "reserve"))
        votes = await asyncio.gather(*(context.complete(f"{ASKED_TWICE} {prompt}") for _ in range(2)))
        booked = await context.step("book", lambda: effect(context.execution_id, "book"))
        return [reserved, *(vote.text for vote in votes), booked]

    return work


async def best(context: FunctionContext) -> list[str]:
    """Ask one after the other, tell of each answer, and return those that there were before it was to finish."""
    answers: list[str] = []
    try:
        for number in range(3):
            answer = await context.complete(f"try {number} {context.inputs['input']}")
            answers.append(answer.text)
            await context.progress(f"try {number} answered", {"answers": len(answers)})
    except BudgetExceeded:
        pass
    return answers


def may_be_answered(question: str) -> int:
    """Return how many good answers to a question one run needs."""
    return 2 if question.startswith(ASKED_TWICE) else 1


def answer_to(question: str) -> str:
    """Return what the model answers."""
    return f"<{question}>"


def question_of(answer: str) -> str:
    """Return what the model was asked."""
    return answer[1:-1]
