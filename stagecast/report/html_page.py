"""A run's result as one HTML page that needs nothing else: no script, no other file. How it looks is in `templates`.

Every text is escaped by the template engine; the page's own policy lets browsers load and run nothing, and style it
with this one style sheet alone, which its digest names.
"""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contracts.evidence import Optimization
from contracts.results import PipelineResult
from stagecast.report import charts, comparison, figures, overview, verdict
from stagecast.report.foreign import Clipped, clip, has_unseen, one_line, pieces
from stagecast.wording import word_cost, word_duration, word_tokens

_PACKAGE = "stagecast.report"
_ANSWERS_CHARS = 1_600_000  # of all answers together: what a browser shows at once and people may mail
_LEAST_ANSWER_CHARS, _MOST_ANSWER_CHARS = 600, 8_000
_TEXT_CHARS = 200_000  # of an output
_PROMPT_CHARS = 20_000  # of an input, a candidate or options; what is delivered is whole


def write_html(result: PipelineResult) -> str:
    """Write a result as a page; the same result gives the same text."""
    optimization = overview.optimization_of(result)
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            result=result,
            facts=overview.facts_of(result),
            stages=overview.stage_rows(result),
            blocks=overview.blocks_of(result.output),
            options=overview.options_of(result),
            optimization=optimization,
            answer_chars=_answer_chars(optimization),
        )
    )


@cache
def page_policy() -> str:
    """Return what a page may do, as a Content-Security-Policy: nothing but to look as its style sheet says."""
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return files(_PACKAGE).joinpath("templates", "page.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_filters())
    environment.globals.update(_globals())
    return environment


# Any: what templates may call takes and gives values of every kind.
def _filters() -> dict[str, Any]:
    return {
        "text": _text,
        "line": _line,
        "clipped": clip,
        "percent": _percent,
        "duration": word_duration,
        "cost": word_cost,
        "share": figures.word_share,
        "count": figures.word_count,
    }


def _globals() -> dict[str, Any]:
    return {
        "style": Markup(_style()),  # noqa: S704 - a file of ours
        "policy": page_policy(),
        "charts": charts,
        "comparison": comparison,
        "overview": overview,
        "verdicts": verdict,
        "has_unseen": has_unseen,
        "output_chars": _TEXT_CHARS,
        "prompt_chars": _PROMPT_CHARS,
        "word_tokens": word_tokens,
    }


def _percent(number: float) -> str:
    return f"{number:.2f}%"


def _text(text: str | Clipped) -> Markup:
    """Return foreign text as it is, to stand where line breaks count; what cannot be seen is named and kept apart."""
    return Markup("").join(
        Markup('<span class="unseen" data-is="{}">{}</span>').format(piece.name, piece.text)
        if piece.name
        else escape(piece.text)
        for piece in pieces(text.text if isinstance(text, Clipped) else text)
    )


def _line(text: str) -> Markup:
    """Return foreign text on one line, in which no direction of writing gets out."""
    return Markup("<bdi>{}</bdi>").format(_text(one_line(text)))


def _answer_chars(optimization: Optimization | None) -> int:
    """Return how much of each answer is shown, so that a page of many cases stays one that a browser can show."""
    count = 2 * len(optimization.evidence.per_case) if optimization is not None else 1
    return min(_MOST_ANSWER_CHARS, max(_LEAST_ANSWER_CHARS, _ANSWERS_CHARS // max(1, count)))
