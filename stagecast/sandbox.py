"""The Jinja2 environment of pipeline expressions: what they may use, and how large a value they may build.

Jinja2's sandbox alone keeps templates away from Python's insides and still renders 100 MB from one line. So statements,
filters and methods are lists of what is allowed, and whatever multiplies is weighed before it is built. How a text is
compiled and rendered is not here: `stagecast.expressions`.
"""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from jinja2 import StrictUndefined, nodes
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from contracts.errors import ExpressionError
from stagecast.filters import KEPT_FILTERS, OWN_FILTERS, concatenate, format_percent
from stagecast.plain import MAX_TEXT, TOO_LARGE, as_text, is_mapping, is_sequence, weigh

MAX_LOOP_STEPS = 100_000  # of all loops of one rendering together
_MAX_INTEGER_BITS = 10_000

_KEPT_METHODS: Mapping[type[object], frozenset[str]] = {
    str: frozenset(
        """capitalize casefold count endswith find index isalnum isalpha isdigit islower isnumeric isspace isupper
        lower lstrip partition removeprefix removesuffix rfind rpartition rsplit rstrip split splitlines startswith
        strip swapcase title upper""".split()  # noqa: SIM905 - one word a line would hide the list
    ),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    range: frozenset({"count", "index"}),
    int: frozenset(),
    float: frozenset({"is_integer"}),
    bool: frozenset(),
    type(None): frozenset(),
}

_KEPT_STATEMENTS = (nodes.Output, nodes.If, nodes.For, nodes.Assign, nodes.With)

_steps: ContextVar[list[int] | None] = ContextVar("loop_steps", default=None)
_limit: ContextVar["TimeLimit | None"] = ContextVar("time_limit", default=None)


class TimeLimit:
    """How long everything that is rendered inside a block may take together; looked at between steps."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._until

    def check(self) -> None:
        """Do nothing while there is time; raise `ExpressionError` after it."""
        if self.is_over:
            raise ExpressionError("this takes too long")


@contextmanager
def time_limited(seconds: float) -> Generator[TimeLimit]:
    """Let whatever is rendered inside the block fail once the time is up."""
    limit = TimeLimit(seconds)
    token = _limit.set(limit)
    try:
        yield limit
    finally:
        _limit.reset(token)


@contextmanager
def metered() -> Generator[None]:
    """Count the loop steps of what is rendered inside the block, from 0."""
    limit = _limit.get()
    if limit is not None:
        limit.check()
    token = _steps.set([0])
    try:
        yield
    finally:
        _steps.reset(token)


def _counted(items: Iterable[object]) -> Iterator[object]:
    steps, limit = _steps.get(), _limit.get()
    for item in items:
        if limit is not None:
            limit.check()
        if steps is not None:
            steps[0] += 1
            if steps[0] > MAX_LOOP_STEPS:
                raise ExpressionError(f"the loops take more than {MAX_LOOP_STEPS:,} steps")
        yield item


class _Missing(StrictUndefined):
    """Says what was looked for where, in the words of a pipeline's author."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name, owner = self._undefined_name, self._undefined_obj
        if is_mapping(owner):
            keys = ", ".join(str(key) for key in list(owner)[:10])
            return f"there is no '{name}' in a mapping that has {keys or 'no keys'}"
        if is_sequence(owner):
            return f"there is no item {name} in a list of {len(owner)}"
        kinds = {str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
        return f"there is no '{name}' in {kinds[type(owner)]}" if type(owner) in kinds else f"there is no '{name}' here"


class Limits(NodeTransformer):
    """Rewrites a parsed template: refuses what is not offered, and routes what multiplies through the limits."""

    # Any: the base class passes on whatever a visitor was given.
    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        """Refuse statements that are not offered; visit the rest."""
        if isinstance(node, nodes.Stmt) and not isinstance(node, _KEPT_STATEMENTS):
            raise ExpressionError(
                f"'{type(node).__name__.lower()}' is not offered in pipelines; the statements are if, for, set, with",
                line=node.lineno,
            )
        if isinstance(node, nodes.For) and node.recursive:
            raise ExpressionError("recursive loops are not offered in pipelines", line=node.lineno)
        return super().generic_visit(node, *args, **kwargs)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """Count the steps of a loop."""
        self.generic_visit(node)
        node.iter = _through(cast("nodes.Expr", node.iter), "_counted")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """Let `~` weigh what it joins, and write values as `{{ }}` does."""
        self.generic_visit(node)
        return _through(nodes.List(node.nodes, lineno=node.lineno), "_concatenate")

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        """Let a method be found where it is called; elsewhere `x.items` is a key or nothing."""
        self.generic_visit(node)
        if isinstance(node.node, nodes.Getattr):
            owner, name, line = node.node.node, node.node.attr, node.lineno
            node.node = nodes.Getitem(owner, nodes.Const(name, lineno=line), "load", lineno=line)
        return node


def _through(node: nodes.Expr, filter_name: str) -> nodes.Filter:
    return nodes.Filter(node, filter_name, [], [], None, None, lineno=node.lineno)


class PipelineEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox with our limits. Mapping keys win over attributes."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=_Missing,
            finalize=as_text,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,
        )
        self.filters = {
            **{name: FILTERS[name] for name in KEPT_FILTERS},
            **OWN_FILTERS,
            "_concatenate": concatenate,
            "_counted": _counted,
        }
        self.globals = {name: self.globals[name] for name in ("range", "dict", "namespace")}

    # Any in what follows: the base class says so, and what is looked up is data of every kind.
    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up `obj.attribute`: in a mapping its keys alone."""
        if is_mapping(obj):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow the listed methods of data; of Jinja2's own objects what its sandbox allows."""
        kept = _KEPT_METHODS.get(cast("type[object]", type(obj)))
        return attr in kept if kept is not None else super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Say that a method exists and is not offered."""
        hint = f"'{attribute}' is not offered on a value of type {type(obj).__name__}; look for a filter of that name"
        return self.undefined(hint, obj=obj, name=attribute)

    def wrap_str_format(self, value: Any) -> None:
        """Offer no `str.format`: the filter `format` is weighed."""
        return

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Weigh what an operator would build before it does."""
        if operator == "%" and isinstance(left, str):
            return format_percent(left, right)
        if operator == "**" and abs(right) * int(left).bit_length() > _MAX_INTEGER_BITS:
            raise ExpressionError("this power is too large")
        if operator == "*":
            _weigh_product(left, right)
        if operator == "+" and not isinstance(left, int | float) and weigh([left, right], MAX_TEXT) > MAX_TEXT:
            raise ExpressionError(TOO_LARGE)
        return super().call_binop(context, operator, left, right)


def _weigh_product(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > _MAX_INTEGER_BITS:
            raise ExpressionError("this number is too large")
        return
    value, times = (right, left) if isinstance(left, int) else (left, right)
    weight = len(value) if isinstance(value, str) else weigh(value, MAX_TEXT)
    if isinstance(times, int) and weight * times > MAX_TEXT:
        raise ExpressionError(TOO_LARGE)


ENVIRONMENT = PipelineEnvironment()
