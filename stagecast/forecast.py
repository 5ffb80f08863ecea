"""What a run would take, computed from a pipeline and its inputs before anything is spent. Pure; asks nobody.

How texts become numbers is told to people as assumptions; the promise is `docs/estimates.md`. What expressions would
see is `stagecast.outlook`, how long answers are `stagecast.answers`, which calls a stage makes `stagecast.stage_plan`.
"""

from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

from contracts.estimate import CountRange, Estimate, StageEstimate
from contracts.pipeline import ModelSpec, Pipeline, Stage
from stagecast.amount import NOTHING, Amount, amount_of, total
from stagecast.answers import Answers
from stagecast.assumptions import Assumptions
from stagecast.call_plan import PlannedCalls
from stagecast.functions import FunctionRegistry
from stagecast.outlook import Outlook
from stagecast.prices import cost_usd
from stagecast.stage_plan import StagePlans


# Any in what follows: inputs are JSON of every kind.
def forecast(pipeline: Pipeline, inputs: Mapping[str, Any], registry: FunctionRegistry) -> Estimate:
    """Return what a run would take.

    Args:
        pipeline: with the models and the budget in place that would hold.
        inputs: resolved, see `stagecast.inputs`.
        registry: whose estimators foresee functions.
    """
    return _Forecast(pipeline, inputs, registry).estimate()


class _Forecast:
    """One estimate in the making."""

    def __init__(self, pipeline: Pipeline, inputs: Mapping[str, Any], registry: FunctionRegistry) -> None:
        self._pipeline = pipeline
        self._outlook = Outlook(inputs)
        self._assumptions = Assumptions()
        self._answers = Answers(pipeline, self._assumptions)
        self._plans = StagePlans(pipeline, inputs, registry, self._outlook, self._answers, self._assumptions)
        self._needs = {stage.id: pipeline.needs_of(place) for place, stage in enumerate(pipeline.stages)}
        self._amounts: dict[str, Amount] = {}
        self._enders: list[str] = []

    def estimate(self) -> Estimate:
        """Look at each stage after those that it waits for."""
        pipeline = self._pipeline
        order = TopologicalSorter(self._needs).static_order()
        outlook = self._outlook
        self._enders = [
            stage.id for stage in pipeline.stages if outlook.skip_reason(stage) is None and outlook.may_end_early(stage)
        ]
        found = {stage_id: self._look_at(pipeline.stage(stage_id)) for stage_id in order}
        whole = total(self._amounts.values())
        limited = [self._amounts[stage.id].exceeds(stage.budget) for stage in pipeline.stages]
        return Estimate(
            pipeline_id=pipeline.id,
            calls=whole.calls,
            input_tokens=whole.input_tokens,
            output_tokens=whole.output_tokens,
            cost=whole.cost,
            stages=tuple(found[stage.id] for stage in pipeline.stages),
            assumptions=self._assumptions.told(),
            is_complete=all(each.is_complete for each in found.values()),
            budget=pipeline.budget,
            limited_by_budget=whole.exceeds(pipeline.budget) or any(limited),
        )

    def _look_at(self, stage: Stage) -> StageEstimate:
        reason = self._outlook.skip_reason(stage)
        if reason is not None:
            self._outlook.settle_skipped(stage)
            return self._told(stage, NOTHING, reason=reason)
        runs = self._outlook.round_of(stage)
        planned = self._plans.plan(stage, runs)
        self._outlook.settle(stage, self._answers.specimens(stage), runs.runs)
        if planned is None:
            self._assumptions.unforeseen(stage)
            return self._told(stage, NOTHING if self._is_free() else Amount(cost=None), is_complete=False)
        amount = total(self._counted(stage, times, plan) for times, plan in planned)
        if amount.calls.high == 0:
            return self._told(stage, amount)
        if not runs.is_bounded:
            self._assumptions.unknown_items(stage, runs.runs)
        specs = [self._spec(stage, plan) for _, plan in planned if CountRange.of(plan.calls).high > 0]
        uses = dict.fromkeys(spec.use for spec in specs if spec is not None)
        return self._told(
            stage,
            amount if self._is_certain(stage) else amount.or_nothing(),
            model=", ".join(uses),
            is_complete=runs.is_bounded,
        )

    def _told(
        self,
        stage: Stage,
        amount: Amount,
        *,
        model: str | None = None,
        reason: str | None = None,
        is_complete: bool = True,
    ) -> StageEstimate:
        self._amounts[stage.id] = amount
        return StageEstimate(
            stage_id=stage.id,
            stage_name=stage.title,
            reason=reason,
            model=model or None,
            calls=amount.calls,
            input_tokens=amount.input_tokens,
            output_tokens=amount.output_tokens,
            cost=amount.cost,
            is_complete=is_complete,
        )

    def _counted(self, stage: Stage, times: CountRange, plan: PlannedCalls) -> Amount:
        spec = self._spec(stage, plan)
        calls = times.times(plan.calls)
        if calls.high > 0:
            self._assumptions.measured_texts()
        retries = (stage.retries or self._pipeline.defaults.retries).max
        if retries and calls.high > 0:
            self._assumptions.retries()
            calls = calls.model_copy(update={"high": calls.high * (1 + retries)})
        written = plan.output_tokens
        if written is None:
            written = self._answers.tokens(plan.model or self._pipeline.model_of(stage))
        amount = amount_of(spec, calls, CountRange.of(plan.input_tokens), CountRange.of(written))
        if amount.cost is None:
            self._assumptions.unknown_price("a model that is not named" if spec is None else spec.use)
        return amount

    def _spec(self, stage: Stage, plan: PlannedCalls) -> ModelSpec | None:
        return self._pipeline.models.get(plan.model or self._pipeline.model_of(stage) or "")

    def _is_certain(self, stage: Stage) -> bool:
        """Tell whether the stage runs for sure, as long as nothing fails."""
        is_certain = True
        if not self._outlook.is_sure_to_run(stage):
            self._assumptions.may_be_skipped(stage)
            is_certain = False
        for ender in self._enders:
            if stage.id != ender and stage.id not in self._ancestors(ender):
                self._assumptions.may_end_early(self._pipeline.stage(ender))
                is_certain = False
        return is_certain

    def _ancestors(self, stage_id: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self._needs[stage_id])
        while waiting:
            need = waiting.pop()
            if need not in found:
                found.add(need)
                waiting += self._needs[need]
        return found

    def _is_free(self) -> bool:
        return all(cost_usd(spec, 1, 1) == 0 for spec in self._pipeline.models.values())
