"""Expressions and templates of pipeline files: compile, list references, evaluate.

A text that is only `{{ expr }}` (white space around it does not count) keeps its value's type; any other text is text,
in which values that are not text are written as JSON. What users typed is always a value in the scope, never a
template. Which filters, methods and sizes are allowed is in `stagecast.sandbox`; the promise is
`docs/pipeline-format.md`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from jinja2 import Template as JinjaTemplate
from jinja2 import nodes
from jinja2.parser import Parser

from contracts.errors import ExpressionError
from stagecast.plain import MAX_TEXT, is_mapping, is_sequence, plain
from stagecast.references import Path, Reference, find_paths, references_of
from stagecast.sandbox import ENVIRONMENT, Limits, metered
from stagecast.template_errors import as_expression_errors

Scope = Mapping[str, Any]
"""What expressions see: `inputs`, `stages`, and the foreach item by its name. Any: data of every kind."""

_CACHED = 1_024  # compiled texts kept
_MARKS = ("{{", "{%", "{#")
_RESULT = "value_of_the_expression"

__all__ = [
    "Expression",
    "Reference",
    "Scope",
    "Structure",
    "Template",
    "compile_expression",
    "compile_structure",
    "compile_template",
]


@dataclass(frozen=True)
class Expression:
    """A compiled expression, written without braces.

    Attributes:
        paths: each name it reads, with the constant keys after it: `("stages", "analyze", "output")`.
    """

    source: str
    paths: frozenset[Path]
    _compiled: JinjaTemplate

    @property
    def references(self) -> frozenset[Reference]:
        """The names it reads."""
        return references_of(self.paths)

    def evaluate(self, scope: Scope) -> Any:
        """Return its value as JSON data, a copy of its own.

        Raises:
            ExpressionError: a name is missing, an operation failed, or the value is too large.
        """
        with as_expression_errors(self.source), metered():
            context = self._compiled.new_context(dict(scope))
            for _ in self._compiled.root_render_func(context):
                pass
            return plain(context.vars[_RESULT])


@dataclass(frozen=True)
class Template:
    """A compiled text of a pipeline file.

    Attributes:
        paths: each name it reads, with the constant keys after it.
    """

    source: str
    paths: frozenset[Path]
    _compiled: JinjaTemplate | Expression | None

    @property
    def references(self) -> frozenset[Reference]:
        """The names it reads."""
        return references_of(self.paths)

    @property
    def is_text(self) -> bool:
        """Whether rendering gives text for sure; a text that is only `{{ expr }}` gives what the expression gives."""
        return not isinstance(self._compiled, Expression)

    def render(self, scope: Scope) -> Any:
        """Return the text, or the expression's value where the whole text is one expression.

        Raises:
            ExpressionError: a name is missing, an operation failed, or the text is larger than `MAX_TEXT`.
        """
        compiled = self._compiled
        if compiled is None:
            return self.source
        if isinstance(compiled, Expression):
            return compiled.evaluate(scope)
        with as_expression_errors(self.source), metered():
            pieces: list[str] = []
            total = 0
            for piece in compiled.root_render_func(compiled.new_context(dict(scope))):
                pieces.append(piece)
                total += len(piece)
                if total > MAX_TEXT:
                    raise ExpressionError(f"the text becomes larger than {MAX_TEXT:,} characters")
            return "".join(pieces)


@dataclass(frozen=True)
class Structure:
    """Data with templates in its texts, at any depth; keys are not templates."""

    _content: Any
    paths: frozenset[Path]

    @property
    def references(self) -> frozenset[Reference]:
        """The names that its templates read."""
        return references_of(self.paths)

    def render(self, scope: Scope) -> Any:
        """Return the data with every template rendered, a copy of its own.

        Raises:
            ExpressionError: as `Template.render`.
        """
        return _render(self._content, scope)


@lru_cache(maxsize=_CACHED)
def compile_template(text: str) -> Template:
    """Compile a text with `{{ }}`, `{% if %}`, `{% for %}`, `{% set %}` and `{# #}`.

    Raises:
        ExpressionError: the syntax is wrong, or it uses what is not offered; `line` counts within the text.
    """
    if not any(mark in text for mark in _MARKS):
        return Template(text, frozenset(), None)
    with as_expression_errors(text):
        stripped = text.strip()
        tree = ENVIRONMENT.parse(stripped)
        match tree.body:
            case [nodes.Output(nodes=[nodes.TemplateData()])]:
                pass
            case [nodes.Output(nodes=[expression])] if stripped.startswith("{{"):
                value = _finish_expression(text, expression)
                return Template(text, value.paths, value)
            case _:
                pass
        tree = ENVIRONMENT.parse(text)
        paths = find_paths(tree)
        return Template(text, paths, _finish(tree))


@lru_cache(maxsize=_CACHED)
def compile_expression(text: str) -> Expression:
    """Compile an expression written without braces, as under `if`.

    Raises:
        ExpressionError: the syntax is wrong, or it uses what is not offered.
    """
    if text.strip().startswith("{{"):
        raise ExpressionError("this is an expression already; leave the braces out", line=1)
    with as_expression_errors(text):
        parser = Parser(ENVIRONMENT, text.strip(), state="variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise ExpressionError(f"the expression ends before '{parser.stream.current.value}'", line=1)
        return _finish_expression(text, expression)


def compile_structure(value: Any) -> Structure:
    """Compile every text inside lists and mappings; other values stay as they are.

    Raises:
        ExpressionError: the first text that cannot be compiled.
    """
    content = _compile_content(value)
    return Structure(content, frozenset(path for template in _templates(content) for path in template.paths))


def _finish_expression(text: str, expression: nodes.Expr) -> Expression:
    target = nodes.Name(_RESULT, "store", lineno=1)
    tree = nodes.Template([nodes.Assign(target, expression, lineno=1)], lineno=1)
    tree.set_environment(ENVIRONMENT)
    paths = find_paths(tree)
    return Expression(text, paths, _finish(tree))


def _finish(tree: nodes.Template) -> JinjaTemplate:
    limited = cast("nodes.Template", Limits().visit(tree))
    limited.set_environment(ENVIRONMENT)
    return JinjaTemplate.from_code(ENVIRONMENT, ENVIRONMENT.compile(limited), ENVIRONMENT.globals)


def _compile_content(value: object) -> Any:
    if isinstance(value, str):
        return compile_template(value)
    if is_mapping(value):
        return {key: _compile_content(item) for key, item in value.items()}
    if is_sequence(value):
        return [_compile_content(item) for item in value]
    return value


def _templates(content: object) -> Iterator[Template]:
    if isinstance(content, Template):
        yield content
    elif is_mapping(content) or is_sequence(content):
        for item in content.values() if is_mapping(content) else content:
            yield from _templates(item)


def _render(content: object, scope: Scope) -> Any:
    if isinstance(content, Template):
        return content.render(scope)
    if is_mapping(content):
        return {key: _render(item, scope) for key, item in content.items()}
    if is_sequence(content):
        return [_render(item, scope) for item in content]
    return content
