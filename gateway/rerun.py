"""Which results an execution that is run again takes over: a pure decision. That they are there is the log's promise.

| a stage of the source  | nothing changed, source failed or was cancelled         | `fromStage` given            |
|------------------------|---------------------------------------------------------|------------------------------|
| completed              | kept where its definition is as it was, and all that it | kept unless it is that stage |
|                        | depends on is kept, too                                 | or depends on it             |
| skipped by a condition | decided anew; it comes out the same where all that it   | decided anew                 |
|                        | depends on is kept, and then counts as kept             |                              |
| failed, or never ended | runs anew, and so does all that depends on it           | runs anew                    |

A changed input or option, and a source that succeeded, leave nothing to keep unless a stage to begin with is named:
that is the caller's own word for what the change does not concern. Another budget changes no result.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import InvalidInput
from contracts.events import Rerun, Reused
from contracts.pipeline import Pipeline, Stage
from contracts.results import ResultStatus
from contracts.state import ExecutionState, StagePhase
from stagecast.inputs import BUDGET_OPTION, resolve_inputs

_WITHOUT_SUCCESS: frozenset[ResultStatus] = frozenset({"failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run now.

    Attributes:
        pipeline: the definition of today, with the models that it will use.
        from_stage: the stage from which everything runs anew, if one is named.
    """

    pipeline: Pipeline
    input: str
    options: Mapping[str, Any]
    from_stage: str | None = None


def plan_rerun(source: ExecutionState, wanted: Wanted) -> Rerun:
    """Return what running `source` again takes over, by stage in file order. It must have ended.

    Raises:
        InvalidInput: the pipeline of today has no stage `from_stage`.
    """
    if wanted.from_stage is not None:
        kept = _independent_of(wanted.pipeline, wanted.from_stage)
    elif _may_keep(source, wanted):
        kept = _Comparison(source, wanted.pipeline).unchanged()
    else:
        kept = set[str]()
    delivered = delivered_by(source)
    reused = {stage.id: delivered[stage.id] for stage in wanted.pipeline.stages if stage.id in kept & delivered.keys()}
    return Rerun(of=source.execution_id, from_stage=wanted.from_stage, reused=reused)


def delivered_by(source: ExecutionState) -> dict[str, Reused]:
    """Return what each stage of an execution delivered: what it completed, and what it had taken over itself.

    What it took over counts also where it ended before that was told.
    """
    inherited = {} if source.queued.rerun is None else source.queued.rerun.reused
    delivered = {id: one for id, one in inherited.items() if id in source.stages and not source.stages[id].is_settled}
    for stage in source.stages.values():
        if stage.phase == "completed" and stage.outcome is not None:
            paid_by = stage.outcome.reused_from or source.execution_id
            delivered[stage.id] = Reused(of=paid_by, output=stage.output, model=stage.outcome.model)
    return delivered


def _independent_of(pipeline: Pipeline, stage_id: str) -> set[str]:
    known = [stage.id for stage in pipeline.stages]
    if stage_id not in known:
        raise InvalidInput(f"The pipeline has no stage '{stage_id[:100]}'; its stages are {', '.join(known)}.")
    needs = needs_of_all(pipeline)
    return {id for id in known if id != stage_id and stage_id not in needs[id]}


def _may_keep(source: ExecutionState, wanted: Wanted) -> bool:
    if source.result is None or source.result.status not in _WITHOUT_SUCCESS:
        return False
    before = source.queued
    return (
        before.input == wanted.input
        and _is_same(_without_budget(before.options), _without_budget(wanted.options))
        # A default that is another one today is another input.
        and _is_same(
            resolve_inputs(source.pipeline, before.input, before.options),
            resolve_inputs(wanted.pipeline, wanted.input, wanted.options),
        )
    )


def _without_budget(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != BUDGET_OPTION}


def needs_of_all(pipeline: Pipeline) -> dict[str, set[str]]:
    """Return for each stage all that it depends on, near and far."""
    direct = {stage.id: pipeline.needs_of(index) for index, stage in enumerate(pipeline.stages)}
    found: dict[str, set[str]] = {}
    for stage_id in direct:
        seen: set[str] = set()
        waiting = [*direct[stage_id]]
        while waiting:
            need = waiting.pop()
            if need not in seen:
                seen.add(need)
                waiting += direct[need]
        found[stage_id] = seen
    return found


class _Comparison:
    """The stages of an execution beside those of the definition of today."""

    def __init__(self, source: ExecutionState, today: Pipeline) -> None:
        self._before = source.pipeline
        self._today = today
        delivered = delivered_by(source)
        self._phases: dict[str, StagePhase] = {
            id: "completed" if id in delivered else stage.phase for id, stage in source.stages.items()
        }

    def unchanged(self) -> set[str]:
        """Return the stages whose results hold: they would come to the same again."""
        needs = needs_of_all(self._today)
        steady = {
            stage.id
            for index, stage in enumerate(self._today.stages)
            if self._is_as_before(index, stage) and self._has_seen_all(stage, needs[stage.id])
        }
        return {stage_id for stage_id in steady if self._phases[stage_id] == "completed" and needs[stage_id] <= steady}

    def _has_seen_all(self, stage: Stage, needs: set[str]) -> bool:
        # An `always` stage also runs behind one that was skipped only because another had failed, and that runs now.
        return not stage.always or all(self._phases.get(need) == "completed" for need in needs)

    def _is_as_before(self, index: int, stage: Stage) -> bool:
        before = {known.id: (place, known) for place, known in enumerate(self._before.stages)}
        if self._phases.get(stage.id) not in ("completed", "skipped"):
            return False
        place, known = before[stage.id]
        return (
            _is_same(stage.model_dump(mode="json"), known.model_dump(mode="json"))
            and self._today.needs_of(index) == self._before.needs_of(place)
            and _is_same(_models(self._today, stage), _models(self._before, known))
            and _is_same(self._today.defs, self._before.defs)
        )


def _models(pipeline: Pipeline, stage: Stage) -> dict[str, Any]:
    """Return the models that a stage may ask: its own; of a function any of the pipeline's, as it may name them."""
    own = pipeline.model_of(stage)
    models = pipeline.models if stage.call is not None else {own: pipeline.models.get(own)} if own is not None else {}
    specs = {alias: None if spec is None else spec.model_dump(mode="json") for alias, spec in models.items()}
    return {"own": own, "specs": specs}


def _is_same(one: object, other: object) -> bool:
    # As JSON: to Python, true and 1 are the same.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
