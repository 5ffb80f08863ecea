"""`gepa`: the package of that name, an optional extra. DSPy's wrapper around it is in `dspy_methods`."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from runner.benchmark.method import Assignment, Found, MethodFailed, found_prompt
from runner.benchmark.task import Item, Lesson, fill
from runner.benchmark.thread_calls import ThreadCalls, run_waiting
from runner.models.client import ModelRequest

_COMPONENT = "instructions"


async def gepa(assignment: Assignment) -> Found:
    """Evolve the starting prompt's instructions; half of the items for reflection, half for the Pareto front.

    Its defaults hold (reflection on three items, its own reflection prompt, strict improvement). A metric call of
    gepa's is a call of the target; reflection calls count here too, so the meter, not `max_metric_calls`, ends it.

    Raises:
        MethodFailed: it is not installed, or the budget does not even pay for scoring the starting prompt.
    """
    try:
        library: Any = import_module("gepa")  # an optional extra
        records: Any = import_module("gepa.core.adapter")
    except ImportError:
        raise MethodFailed("not installed: pip install 'stagecast[peers]'") from None
    lesson, models = assignment.lesson, assignment.models
    half = len(lesson.items) // 2
    calls = ThreadCalls(assignment.meter, asyncio.get_running_loop())

    def reflect(prompt: str | list[dict[str, Any]]) -> str:
        return calls.ask(ModelRequest(spec=models.optimizer, user=str(prompt))).text

    def is_spent(state: object) -> bool:
        return calls.remaining == 0

    def work() -> Any:
        return library.optimize(
            seed_candidate={_COMPONENT: lesson.instructions},
            trainset=list(lesson.items[:half]),
            valset=list(lesson.items[half:]),
            adapter=_Adapter(lesson, assignment, calls, records.EvaluationBatch),
            reflection_lm=reflect,
            max_metric_calls=assignment.meter.limit,
            stop_callbacks=is_spent,
            logger=_Silence(),
            seed=assignment.seed,
            raise_on_exception=False,  # the last iteration may find the budget spent; the best so far is kept
        )

    result: Any = await run_waiting(work, assignment.meter)
    prompt = str(cast("dict[str, str]", result.best_candidate)[_COMPONENT])
    return found_prompt(prompt, models.target, f"candidates kept, the first included: {len(result.candidates)}")


class _Silence:
    def log(self, message: str) -> None:
        """Say nothing: what matters is in the table."""


class _Adapter:
    """gepa's view of a task: how a prompt is tried, and what is told of it for reflection.

    It puts instructions and question into one message, as for every other method, where gepa's own default adapter
    would send the instructions as a system message. The feedback is worded like that adapter's.
    """

    propose_new_texts = None  # gepa asks for it by name: its own proposer is used

    def __init__(self, lesson: Lesson, assignment: Assignment, calls: ThreadCalls, batch_type: Any) -> None:
        self._lesson = lesson
        self._target = assignment.models.target
        self._calls = calls
        self._batch_type = batch_type

    def evaluate(self, batch: Sequence[Item], candidate: Mapping[str, str], capture_traces: bool = False) -> Any:
        """Answer each item with the candidate and score it."""
        prompt = candidate[_COMPONENT]
        asked = [ModelRequest(spec=self._target, user=fill(prompt, item.question)) for item in batch]
        answers = [reply.text for reply in self._calls.ask_all(asked)]
        scores = [float(self._lesson.is_right(item, text)) for item, text in zip(batch, answers, strict=True)]
        traces = list(zip(batch, answers, scores, strict=True)) if capture_traces else None
        return self._batch_type(outputs=answers, scores=scores, trajectories=traces)

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], eval_batch: Any, components_to_update: Sequence[str]
    ) -> dict[str, list[dict[str, str]]]:
        """Return each item with its answer and feedback."""
        records = [
            {"Inputs": item.question, "Generated Outputs": text, "Feedback": feedback_on(item, score)}
            for item, text, score in eval_batch.trajectories
        ]
        return dict.fromkeys(components_to_update, records)


def feedback_on(item: Item, score: float) -> str:
    """Return what reflection is told of an answer."""
    if score:
        return f"The generated response is correct. The response includes the correct answer '{item.answer}'."
    return (
        f"The generated response is incorrect. The correct answer is '{item.answer}'. "
        "Ensure that the correct answer is included in the response exactly as it is."
    )
