"""`dspy-mipro` and `dspy-gepa`: two optimizers of DSPy, with the settings that it recommends for a small budget."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from runner.benchmark.dspy_parts import (
    AdapterName,
    DspyParts,
    adapter_for,
    found_program,
    is_right,
    prepare_dspy,
)
from runner.benchmark.gepa_method import feedback_on
from runner.benchmark.method import Assignment, Found
from runner.benchmark.thread_calls import ThreadCalls, run_waiting

_THREADS = 2  # as many calls as a local model takes at once
_LIGHT_TRIALS = 10  # what MIPROv2 does under auto="light" for one predictor with demonstrations
_OTHER_CALLS = 30  # of MIPROv2 besides its trials: bootstrapping, a summary of the items, three proposals
_LEAST_VALIDATION = 4
_CACHED_SHARE = 3  # GEPA counts what DSPy's cache answers, our budget does not: the meter ends it, this is its bound


class DspyMethod:
    """An optimizer of DSPy.

    Args:
        optimize: makes a better program; runs in a thread.
        adapter: how questions are put to the target; what suits it, when left out.
    """

    def __init__(self, optimize: Callable[[DspyParts, Assignment], Any], adapter: AdapterName | None = None) -> None:
        self._optimize = optimize
        self._adapter: AdapterName | None = adapter

    async def __call__(self, assignment: Assignment) -> Found:
        """Optimize until it is done or the budget is spent; the best program so far counts.

        Raises:
            MethodFailed: DSPy is not installed.
        """
        calls = ThreadCalls(assignment.meter, asyncio.get_running_loop())
        adapter = self._adapter or adapter_for(assignment.models.target)
        parts = prepare_dspy(assignment, calls, adapter)
        best = _best_so_far(parts)

        def work() -> tuple[Any, str]:
            with parts.running(assignment, best):
                try:
                    return self._optimize(parts, assignment), f"{adapter} adapter"
                except Exception:  # DSPy wraps what its models raise in errors of every kind
                    if calls.remaining == 0 and best.program is not None:
                        return best.program, f"{adapter} adapter; ended by the budget"
                    raise

        program, note = await run_waiting(work, assignment.meter)
        demos = len(program.predictors()[0].demos)
        return found_program(parts, program, assignment, adapter, f"{note}, {demos} demonstrations")


def run_mipro(parts: DspyParts, assignment: Assignment) -> Any:
    """Return MIPROv2's best program under `auto="light"`, with as large a validation set as the budget pays for."""
    limit, count = assignment.meter.limit, len(parts.examples)
    affordable = count if limit is None else (limit - _OTHER_CALLS) // (_LIGHT_TRIALS + 1)
    validation = max(_LEAST_VALIDATION, min(affordable, count - _LEAST_VALIDATION))

    def metric(example: Any, prediction: Any, trace: object = None) -> bool:
        return is_right(assignment.lesson, example, prediction)

    optimizer = parts.dspy.MIPROv2(
        metric=metric,
        prompt_model=parts.optimizer,
        task_model=parts.target,
        auto="light",
        num_threads=_THREADS,
        seed=assignment.seed + 1,  # 0 would be taken for none
    )
    examples = parts.examples
    return optimizer.compile(parts.program, trainset=examples[validation:], valset=examples[:validation])


def run_gepa(parts: DspyParts, assignment: Assignment) -> Any:
    """Return GEPA's best program with its defaults; half of the items for reflection, half for the Pareto front."""
    limit, half = assignment.meter.limit, len(parts.examples) // 2

    def metric(
        gold: Any, prediction: Any, trace: object = None, pred_name: object = None, pred_trace: object = None
    ) -> Any:
        score = float(is_right(assignment.lesson, gold, prediction))
        return parts.dspy.Prediction(score=score, feedback=feedback_on(gold.item, score))

    def is_spent(state: object) -> bool:
        return assignment.meter.remaining == 0

    optimizer = parts.dspy.GEPA(
        metric=metric,
        auto="light" if limit is None else None,
        max_metric_calls=None if limit is None else limit * _CACHED_SHARE,
        reflection_lm=parts.optimizer,
        num_threads=_THREADS,
        seed=assignment.seed,
        gepa_kwargs={"stop_callbacks": is_spent},
    )
    return optimizer.compile(parts.program, trainset=parts.examples[:half], valset=parts.examples[half:])


def _best_so_far(parts: DspyParts) -> Any:
    callbacks: Any = import_module("dspy.utils.callback")

    class BestSoFar(callbacks.BaseCallback):
        """Remembers the program that scored best when an evaluation came to its end."""

        def __init__(self) -> None:
            self.program: Any = None
            self._rank = (0, 0.0)
            self._running: dict[str, Any] = {}

        def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """Note which program is evaluated."""
            self._running[call_id] = inputs.get("program")

        def on_evaluate_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
            """Keep it when it is the best; a score on more items counts for more than any on fewer."""
            program = self._running.pop(call_id, None)
            if exception is not None or outputs is None or program is None:
                return
            rank = (len(outputs.results), float(outputs.score))
            if rank > self._rank:
                self.program, self._rank = program.deepcopy(), rank

    return BestSoFar()
