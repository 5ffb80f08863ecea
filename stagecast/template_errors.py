"""The edge to Jinja2: what it and Python raise in a template becomes `ExpressionError`, with the template's line."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from jinja2 import Template, TemplateSyntaxError, UndefinedError

from contracts.errors import ExpressionError
from stagecast.sandbox import ENVIRONMENT
from stagecast.spelling import suggest

_UNKNOWN = re.compile(r"No (?P<kind>filter|test) named '(?P<name>.*)'\.")


@contextmanager
def as_expression_errors(source: str) -> Generator[None]:
    """Turn whatever a template raises into ExpressionError: templates can raise anything that Python can."""
    try:
        yield
    except Exception as error:
        line = _line(error)
        if isinstance(error, ExpressionError) and (error.line is not None or line is None):
            raise
        place = f"line {line}: " if line is not None and "\n" in source.strip() else ""
        raise ExpressionError(place + _sentence(error), line=line) from error


def _line(error: Exception) -> int | None:
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line: int | None = None
    trace = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _spelt(message: str) -> str:
    unknown = _UNKNOWN.fullmatch(message)
    if unknown is None:
        return message
    known = ENVIRONMENT.filters if unknown["kind"] == "filter" else ENVIRONMENT.tests
    fix = suggest(unknown["name"], (name for name in known if name.isidentifier() and not name.startswith("_")))
    return f"there is no {unknown['kind']} '{unknown['name']}'; {fix}"


def _sentence(error: Exception) -> str:
    match error:
        case ExpressionError():
            return error.message
        case TemplateSyntaxError():
            return _spelt(error.message or "the template's syntax is wrong")
        case UndefinedError():
            return str(error)
        case RecursionError() | MemoryError():
            return "the expression is nested too deeply or too large"
        case _:
            return f"{str(error)[:200] or 'no further detail'} ({type(error).__name__})"
