"""What a stage is given, rendered from a scope: a prompt's messages, a function's arguments, a foreach's items.

One place for it, so that what the gateway tells afterwards is what the runner rendered.
"""

import json
from dataclasses import dataclass
from typing import Any

from contracts.pipeline import Foreach, Prompt, Stage
from stagecast.expressions import Scope, compile_structure, compile_template


@dataclass(frozen=True, slots=True)
class Messages:
    """What a model is told."""

    system: str | None
    user: str


def render_messages(prompt: Prompt, scope: Scope) -> Messages:
    """Return a prompt's messages; a value that is no text is written as JSON.

    Raises:
        ExpressionError: as `Template.render`.
    """
    user = _text(prompt.user, scope)
    return Messages(None if prompt.system is None else _text(prompt.system, scope), user)


# Any in what follows: JSON of every kind.
def render_arguments(stage: Stage, scope: Scope) -> dict[str, Any]:
    """Return the arguments of a call stage's function.

    Raises:
        ExpressionError: as `Template.render`.
    """
    arguments: dict[str, Any] = compile_structure(stage.with_).render(scope)
    return arguments


def render_items(foreach: Foreach, scope: Scope) -> Any:
    """Return the items of a foreach, which may turn out to be no list.

    Raises:
        ExpressionError: as `Template.render`.
    """
    return compile_structure(foreach.items).render(scope)


def render_replacement(stage: Stage, scope: Scope) -> Any:
    """Return what a stage that does not deliver offers: its `output_when_skipped`.

    Raises:
        ExpressionError: as `Template.render`.
    """
    return compile_structure(stage.output_when_skipped).render(scope)


def _text(template: str, scope: Scope) -> str:
    value: object = compile_template(template).render(scope)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
