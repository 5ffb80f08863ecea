"""`stagecast`: the shipped pipeline prompt-optimizer-v1, run by the engine in this process, without a broker."""

from typing import Any

from contracts.envelope import StageRef
from contracts.events import ExecutionQueued, ExecutionStarted
from contracts.ids import new_execution_id
from contracts.pipeline import Budget, ModelSpec, Pipeline
from contracts.results import PipelineResult
from contracts.state import ExecutionState
from runner.benchmark.method import Assignment, Found, MethodFailed, found_prompt
from runner.executor import PipelineExecutor
from runner.progress import NullProgress
from stagecast.functions import FunctionRegistry
from stagecast.plain import is_mapping

_MATCHES = {"number": "number", "text": "exact"}


class PipelineMethod:
    """Optimizes with a pipeline that takes `cases` and gives `optimizedPrompt`.

    Args:
        pipeline: prompt-optimizer-v1, or one like it.
        registry: where its functions are.
    """

    def __init__(self, pipeline: Pipeline, registry: FunctionRegistry) -> None:
        self._pipeline = pipeline
        self._registry = registry

    async def __call__(self, assignment: Assignment) -> Found:
        """Run the pipeline with the lesson's items as cases and the meter's limit as its budget.

        Raises:
            MethodFailed: the run ended without a result.
        """
        pipeline = self._fitted(assignment)
        options: dict[str, Any] = {"cases": self._cases(assignment)}
        if "seed" in pipeline.inputs:
            options["seed"] = assignment.seed
        executor = PipelineExecutor(assignment.meter, self._registry)
        result = await executor.run(_begin(pipeline, assignment.lesson.prompt, options), NullProgress())
        return found_prompt(_prompt_of(result), assignment.models.target, _note_of(result))

    def _fitted(self, assignment: Assignment) -> Pipeline:
        roles = {"target": assignment.models.target, "judge": assignment.models.judge}
        specs = {
            alias: roles[alias] if alias in roles else _settings_kept(spec, assignment.models.optimizer)
            for alias, spec in self._pipeline.models.items()
        }
        budget = self._pipeline.budget or Budget(on_exceeded="finish")
        others = dict.fromkeys(Budget.model_fields.keys() & {"usd", "seconds"})  # methods are compared by their calls
        budget = budget.model_copy(update={**others, "calls": assignment.meter.limit})
        return self._pipeline.model_copy(update={"models": specs, "budget": budget})

    def _cases(self, assignment: Assignment) -> list[dict[str, Any]]:
        lesson = assignment.lesson
        most = self._pipeline.inputs.get("cases", {}).get("maxItems")
        match = self._known_match(_MATCHES[lesson.read_as])
        return [
            {"vars": {"question": item.question}, "expected": item.answer, "match": match}
            for item in lesson.items[:most]
        ]

    def _known_match(self, match: str) -> str:
        known = self._pipeline.defs.get("case", {}).get("properties", {}).get("match", {}).get("enum", [match])
        return match if match in known else "contains"


def _settings_kept(spec: ModelSpec, other: ModelSpec) -> ModelSpec:
    """Another model with the settings that the pipeline's author chose for the alias."""
    kept = {name: getattr(spec, name) for name in ("temperature", "top_p", "max_tokens", "seed", "stop")}
    return other.model_copy(update=kept)


def _begin(pipeline: Pipeline, text: str, options: dict[str, Any]) -> ExecutionState:
    execution_id = new_execution_id()
    state = ExecutionState.begin(
        ExecutionQueued(
            execution_id=execution_id,
            seq=0,
            pipeline_id=pipeline.id,
            pipeline=pipeline.snapshot(),
            input=text,
            options=options,
        )
    )
    stages = tuple(StageRef(id=stage.id, name=stage.title) for stage in pipeline.stages)
    state.apply(
        ExecutionStarted(
            execution_id=execution_id,
            seq=1,
            pipeline_id=pipeline.id,
            pipeline_name=pipeline.name,
            stages=stages,
            total=len(stages),
            runner="benchmark",
        )
    )
    return state


def _prompt_of(result: PipelineResult) -> str:
    prompt: object = result.output.get("optimizedPrompt") if is_mapping(result.output) else None
    if not isinstance(prompt, str):
        raise MethodFailed(f"The pipeline ended as {result.status}: {result.error or 'without a prompt'}")
    return prompt


def _note_of(result: PipelineResult) -> str:
    return str(result.output.get("verdict", ""))
