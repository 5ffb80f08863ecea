"""The model calls that a stage would make: foreseen by its function's estimator, or by what its prompt comes to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from contracts.errors import ExpressionError
from contracts.estimate import CountRange, RangeEnd
from contracts.pipeline import Pipeline, Prompt, Stage
from stagecast.answers import Answers
from stagecast.assumptions import Assumptions
from stagecast.call_plan import UNKNOWN, CallPlan, EstimateContext, PlannedCalls, tokens_of
from stagecast.functions import FunctionRegistry
from stagecast.outlook import Outlook, Round, Sample
from stagecast.specimen import SIZES

_log = structlog.get_logger()

_UNKNOWN_TEXT = CountRange(low=1, expected=250, high=2_000)  # tokens of a value that nothing is known of

Planned = tuple[CountRange, PlannedCalls]
"""How often a plan is carried out, and the plan."""


@dataclass(frozen=True, slots=True)
class StagePlans:
    """Plans the stages of one pipeline. Any: inputs are JSON of every kind.

    Attributes:
        registry: whose estimators foresee functions.
        outlook: with all stages settled that a planned stage waits for.
        assumptions: where to tell what the numbers stand on.
    """

    pipeline: Pipeline
    inputs: Mapping[str, Any]
    registry: FunctionRegistry
    outlook: Outlook
    answers: Answers
    assumptions: Assumptions

    def plan(self, stage: Stage, runs: Round) -> Sequence[Planned] | None:
        """Return the calls of all runs of a stage; None where they cannot be foreseen."""
        planned: list[Planned] = []
        for sample in runs.samples:
            if stage.prompt is not None:
                calls: CallPlan | None = [self._of_prompt(stage, stage.prompt, sample)]
            else:
                calls = self._of_call(stage, stage.call or "", sample)
            if calls is None:
                return None
            planned += [(sample.runs, each) for each in calls]
        return planned

    def _of_prompt(self, stage: Stage, prompt: Prompt, sample: Sample) -> PlannedCalls:
        texts = [text for text in (prompt.system, prompt.user) if text is not None]
        alias = self.pipeline.model_of(stage)
        schema = self._sent_schema(stage, alias)
        low, expected, high = sorted(
            schema + sum(self._tokens(stage, text, size, sample) for text in texts) for size in SIZES
        )
        return PlannedCalls(
            calls=1,
            input_tokens=CountRange(low=low, expected=expected, high=high),
            output_tokens=self.answers.tokens(alias, stage.output),
        )

    def _sent_schema(self, stage: Stage, alias: str | None) -> int:
        """Return how many tokens of a call are its schema. A local model gets a grammar instead."""
        spec = self.pipeline.models.get(alias or "")
        is_sent = stage.output is not None and (spec is None or spec.provider != "local")
        return tokens_of(json.dumps(stage.output)) if is_sent else 0

    def _tokens(self, stage: Stage, text: str, size: RangeEnd, sample: Sample) -> int:
        try:
            rendered = self.outlook.render(text, size, stage.foreach, sample)
        except ExpressionError:
            self.assumptions.unknown_text(stage, _UNKNOWN_TEXT)
            return tokens_of(text) + _UNKNOWN_TEXT.at(size)
        return tokens_of(rendered if isinstance(rendered, str) else json.dumps(rendered, ensure_ascii=False))

    def _of_call(self, stage: Stage, name: str, sample: Sample) -> CallPlan | None:
        context = EstimateContext(self.inputs, self.pipeline.models, self.pipeline.model_of(stage))
        try:
            estimator = self.registry.estimator(name)
            if estimator is None:
                return None if self.pipeline.models else []
            plan = estimator(context, **self.outlook.arguments(stage, sample, UNKNOWN))
            for each in plan:
                if each.assumption is not None:
                    self.assumptions.add(each.assumption)
        except Exception as error:  # the edge to other people's code, which may raise and return anything
            _log.warning("estimator failed", function=name, reason=f"{type(error).__name__}: {error}")
            return None
        return plan
