import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from contracts.pipeline import (
    Budget,
    Condition,
    Defaults,
    EarlyExit,
    Foreach,
    ModelSpec,
    Pipeline,
    Prompt,
    Retries,
    Stage,
)
from stagecast.filters import KEPT_FILTERS, OWN_FILTERS
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_pipeline
from stagecast.plain import MAX_TEXT, MAX_VALUE
from stagecast.sandbox import MAX_LOOP_STEPS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "pipeline-format.md").read_text()
PARTS = [Budget, Condition, Defaults, EarlyExit, Foreach, ModelSpec, Pipeline, Prompt, Retries, Stage]


def test_the_example_is_valid() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert load_pipeline(example, file="page", registry=FunctionRegistry({}, {})).id == "title-v1"


@pytest.mark.parametrize("part", PARTS)
def test_every_key_of_the_format_is_explained(part: type[BaseModel]) -> None:
    for name, field in part.model_fields.items():
        assert re.search(rf"`[^`]*(?<![\w$]){re.escape(field.alias or name)}\b[^`]*`", PAGE), f"{part.__name__}.{name}"


def test_every_filter_is_listed_and_no_other() -> None:
    listed = PAGE.split("- Filters: ")[1].split(". All as in Jinja2")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == KEPT_FILTERS | OWN_FILTERS.keys()


def test_the_limits_are_those_of_the_code() -> None:
    for limit in (MAX_TEXT, MAX_VALUE, MAX_LOOP_STEPS):
        assert f"{limit:,}" in PAGE
