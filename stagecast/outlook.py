"""What the expressions of a pipeline would see, as far as that is known before it runs.

Inputs are known, and so is what a stage offers that surely is skipped. For the others there are specimens: values as
small, as usual and as large as their schemas allow. Counting what it comes to is `stagecast.forecast`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from contracts.errors import ExpressionError
from contracts.estimate import CountRange, RangeEnd
from contracts.pipeline import Foreach, Stage
from stagecast.expressions import compile_expression, compile_structure, compile_template
from stagecast.plain import is_sequence
from stagecast.references import Path
from stagecast.specimen import SIZES, Specimen
from stagecast.stage_view import view_of

# Any in what follows: JSON of every kind.
_MAX_SAMPLES = 50  # items of a foreach that are looked at; the others are taken to be like them
_MAX_SPECIMENS = 50  # results of a foreach that later stages are shown
_UNKNOWN_ITEMS = CountRange(low=0, expected=3, high=10)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a stage, for the whole or for an item, and for how many runs it stands.

    Attributes:
        items: the foreach item by size; empty where there is none, or nothing is known of it.
        is_known: whether the item is the one that will be there.
    """

    runs: CountRange
    items: Mapping[RangeEnd, Any]
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Round:
    """All runs of a stage.

    Attributes:
        is_bounded: whether there are no more than the samples say.
    """

    samples: Sequence[Sample]
    is_bounded: bool = True

    @property
    def runs(self) -> CountRange:
        """How many runs there are."""
        total = CountRange.of(0)
        for sample in self.samples:
            total = total.plus(sample.runs)
        return total


class Outlook:
    """What is known, stage by stage: settle a stage before its successors are looked at.

    Args:
        inputs: the pipeline's inputs, defaults filled in.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._scopes: Mapping[RangeEnd, dict[str, Any]] = {size: {"inputs": inputs, "stages": {}} for size in SIZES}
        self._known: set[str] = set()
        self._unbounded: set[str] = set()

    def skip_reason(self, stage: Stage) -> str | None:
        """Return why a stage will be skipped for sure, None when it may run."""
        for condition in stage.when:
            if self._holds(condition.if_) is False:
                return self._worded(condition.else_)
        return None

    def is_sure_to_run(self, stage: Stage) -> bool:
        """Tell whether no condition can skip the stage."""
        return all(self._holds(condition.if_) for condition in stage.when)

    def may_end_early(self, stage: Stage) -> bool:
        """Tell whether the run may end after this stage, unless the stage is skipped."""
        return stage.early_exit is not None and self._holds(stage.early_exit.if_) is not False

    def settle_skipped(self, stage: Stage) -> None:
        """Let later stages see what a stage offers that surely is skipped."""
        try:
            output = compile_structure(stage.output_when_skipped).render(self._scopes["expected"])
        except ExpressionError:
            return  # it reads what is not known
        self._known.add(stage.id)
        for scope in self._scopes.values():
            scope["stages"][stage.id] = view_of(stage, "skipped", output)

    def settle(self, stage: Stage, answers: Mapping[RangeEnd, Specimen], runs: CountRange) -> None:
        """Let later stages see specimens of what a stage delivers; empty where nothing is known of it."""
        for size, answer in answers.items():
            output = answer.value
            if stage.foreach is not None:
                output = {"results": [answer.value] * min(runs.at(size), _MAX_SPECIMENS), "dropped": []}
            self._scopes[size]["stages"][stage.id] = view_of(stage, "success", output)
            if not answer.is_bounded:
                self._unbounded.add(stage.id)

    def knows(self, paths: Iterable[Path], unknown_item: str | None = None) -> bool:
        """Tell whether everything that is read at these paths is what will be there.

        Args:
            paths: as an expression has them.
            unknown_item: the name of a foreach item that is not known.
        """
        return not any(
            path[0] == unknown_item or (path[0] == "stages" and (len(path) == 1 or path[1] not in self._known))
            for path in paths
        )

    def round_of(self, stage: Stage) -> Round:
        """Return the runs of a stage: one, or one for each item of its foreach."""
        foreach = stage.foreach
        if foreach is None:
            return Round([Sample(CountRange.of(1), {})])
        template = compile_structure(foreach.items)
        try:
            if self.knows(template.paths):
                return Round(_samples(template.render(self._scopes["expected"])))
            lists = [_listed(template.render(self._scopes[size])) for size in SIZES]
        except (ExpressionError, ValueError):
            return Round([Sample(_UNKNOWN_ITEMS, {}, is_known=False)], is_bounded=False)
        low, expected, high = sorted(map(len, lists))
        items: dict[RangeEnd, Any] = {size: known[0] for size, known in zip(SIZES, lists, strict=True) if known}
        is_bounded = not any(path[1] in self._unbounded for path in template.paths if path[0] == "stages" and path[1:])
        runs = CountRange(low=low, expected=expected, high=high)
        return Round([Sample(runs, items, is_known=False)], is_bounded)

    def render(self, text: str, size: RangeEnd, foreach: Foreach | None, sample: Sample) -> Any:
        """Return a template's value, of specimens where its stages are not known.

        Raises:
            ExpressionError: nothing is known of a value that it reads.
        """
        return compile_template(text).render(self._scope(size, foreach, sample))

    def arguments(self, stage: Stage, sample: Sample, unknown: object) -> dict[str, Any]:
        """Return a function's arguments; `unknown` stands in for each that is not known."""
        item = None if stage.foreach is None or sample.is_known else stage.foreach.as_
        scope = self._scope("expected", stage.foreach, sample)
        rendered: dict[str, Any] = {}
        for name, value in stage.with_.items():
            template = compile_structure(value)
            try:
                rendered[name] = template.render(scope) if self.knows(template.paths, item) else unknown
            except ExpressionError:
                rendered[name] = unknown
        return rendered

    def _scope(self, size: RangeEnd, foreach: Foreach | None, sample: Sample) -> Mapping[str, Any]:
        scope = self._scopes[size]
        if foreach is None or not sample.items:
            return scope
        return {**scope, foreach.as_: sample.items.get(size, sample.items[next(iter(sample.items))])}

    def _holds(self, condition: str) -> bool | None:
        """Evaluate a condition; None when that is not known."""
        expression = compile_expression(condition)
        try:
            return bool(expression.evaluate(self._scopes["expected"])) if self.knows(expression.paths) else None
        except ExpressionError:
            return None

    def _worded(self, reason: str) -> str:
        template = compile_template(reason)
        try:
            return str(template.render(self._scopes["expected"])) if self.knows(template.paths) else reason
        except ExpressionError:
            return reason


def _samples(items: object) -> list[Sample]:
    """Return samples of known items, evenly spread, which together stand for all."""
    known = _listed(items)
    count = min(len(known), _MAX_SAMPLES)
    bounds = [place * len(known) // count for place in range(count + 1)] if count else []
    return [Sample(CountRange.of(end - begin), dict.fromkeys(SIZES, known[begin])) for begin, end in pairwise(bounds)]


def _listed(value: object) -> Sequence[Any]:
    if not is_sequence(value):
        raise ValueError("the items are no list")
    return value
