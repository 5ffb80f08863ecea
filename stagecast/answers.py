"""How long model answers will be, and what they may look like, before any was given. Assumptions are told as made."""

import json
from collections.abc import Mapping

from contracts.estimate import CountRange, RangeEnd
from contracts.pipeline import JsonSchema, Pipeline, Stage
from stagecast.assumptions import LONGEST_ANSWER, USUAL_ANSWER, Assumptions
from stagecast.call_plan import BYTES_A_TOKEN, tokens_of
from stagecast.specimen import SIZES, Specimen, specimen


class Answers:
    """Foresees the answers of one pipeline's models.

    Args:
        pipeline: with the models in place that would hold.
        assumptions: where to tell what the numbers stand on.
    """

    def __init__(self, pipeline: Pipeline, assumptions: Assumptions) -> None:
        self._pipeline = pipeline
        self._assumptions = assumptions

    def tokens(self, alias: str | None, schema: JsonSchema | None = None) -> CountRange:
        """Return how many tokens an answer has: a plain text, or what a schema asks for."""
        longest = self._longest(alias)
        if schema is None:
            self._assumptions.plain_answers()
            return CountRange(low=1, expected=max(1, min(longest // 2, USUAL_ANSWER)), high=longest)
        self._assumptions.schema_answers()
        low, expected = (
            min(longest, tokens_of(json.dumps(self._specimen(alias, schema, size).value, ensure_ascii=False)))
            for size in SIZES[:2]
        )
        return CountRange(low=min(low, expected), expected=expected, high=longest)

    def specimens(self, stage: Stage) -> Mapping[RangeEnd, Specimen]:
        """Return what a stage (in a foreach one item's run) may deliver, by size; empty where nobody knows."""
        alias = self._pipeline.model_of(stage)
        if stage.output is not None:
            schema = stage.output
            return {size: self._specimen(alias, schema, size) for size in SIZES}
        if stage.prompt is None:
            return {}
        tokens = self.tokens(alias)
        return {size: Specimen("x" * (BYTES_A_TOKEN * tokens.at(size))) for size in SIZES}

    def _specimen(self, alias: str | None, schema: JsonSchema, size: RangeEnd) -> Specimen:
        return specimen(schema, self._pipeline.defs, size, BYTES_A_TOKEN * self._longest(alias))

    def _longest(self, alias: str | None) -> int:
        spec = None if alias is None else self._pipeline.models.get(alias)
        if spec is not None and spec.max_tokens is not None:
            return spec.max_tokens
        if alias is not None:
            self._assumptions.no_max_tokens(alias)
        return LONGEST_ANSWER
