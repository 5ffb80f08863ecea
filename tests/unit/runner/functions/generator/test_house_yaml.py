from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.functions.generator.house_yaml import Block, Open, flow, write_entries
from runner.functions.generator.literals import clean
from stagecast.yaml_lines import read_yaml
from tests.unit.runner.functions.generator.answers import NAMES, nasty_text

texts = nasty_text | st.sampled_from([*NAMES, "1.0.0", "60s", "2026-11-24", "0x1", "1e3", "~", "=", ".inf", "<<"])
data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def read(lines: list[str]) -> Any:
    document = read_yaml("\n".join(lines) + "\n")
    assert document.faults == []
    return document.value


@given(st.dictionaries(texts, data, min_size=1, max_size=4))
def test_what_is_written_reads_as_the_data_that_it_was(entries: dict[str, Any]) -> None:
    assert read(write_entries(entries)) == entries


@given(st.lists(nasty_text.map(lambda text: clean(f"x{text}", 1_000)), min_size=1, max_size=3))
def test_a_block_reads_as_its_text_with_a_line_break_at_the_end(blocks: list[str]) -> None:
    entries = {"stages": [{"prompt": {"user": Block(text)}} for text in blocks]}
    assert read(write_entries(entries)) == {"stages": [{"prompt": {"user": f"{text}\n"}} for text in blocks]}


def test_what_fits_stands_in_one_line_unless_it_shall_be_open() -> None:
    assert write_entries({"defaults": {"model": "fast", "retries": 2, "timeout": "60s"}}) == [
        "defaults: {model: fast, retries: 2, timeout: 60s}"
    ]
    assert write_entries({"inputs": Open(primary="text", text={"type": "string"})}) == [
        "inputs:",
        "  primary: text",
        "  text: {type: string}",
    ]


def test_only_what_could_be_taken_for_something_else_is_quoted() -> None:
    shown = flow(["plain words", "1.0.0", "local:smollm2", "true", "{{ x }}", "Yes", "", "a\nb", 2, True, None])
    assert shown == '[plain words, 1.0.0, "local:smollm2", "true", "{{ x }}", "Yes", "", "a\\nb", 2, true, null]'


@pytest.mark.parametrize("indent", [0, 4])
def test_lines_stay_within_the_width_where_they_can(indent: int) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string", "maxLength": 100} for name in NAMES}}
    assert all(len(line) <= 120 for line in write_entries({"output": schema}, indent))
