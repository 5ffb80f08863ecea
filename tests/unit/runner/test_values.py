import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import StageRef
from contracts.events import StageCompleted, decode, encode
from contracts.ids import new_execution_id
from contracts.results import StageOutcome
from runner.values import NotJson, as_json, as_text, sentence
from stagecast.plain import MAX_DEPTH

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_is_accepted_survives_the_log_unchanged(value: object) -> None:
    try:
        kept = as_json(value)
    except NotJson:
        return
    event = StageCompleted(
        execution_id=new_execution_id(),
        stage=StageRef(id="a", name="a"),
        index=0,
        total=1,
        result=StageOutcome(status="success", output=kept),
    )
    read = decode(encode(event))
    assert isinstance(read, StageCompleted)
    assert read.result.output == kept


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"k": [value]} if depth % 2 else [value]
    return value


def test_values_may_be_nested_only_so_deep() -> None:
    assert as_json(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(NotJson, match="nested more than"):
        as_json(nested(MAX_DEPTH + 2))
    with pytest.raises(NotJson, match="nested more than"):
        as_json(nested(5000))


def test_a_wide_value_is_not_taken_for_a_deep_one() -> None:
    wide: list[list[int]] = [[]] * 1000
    assert as_json(wide) == wide


def test_text_of_others_becomes_one_short_whole_line() -> None:
    assert sentence("one\n  two\ud800") == "one two?"
    assert len(sentence("x" * 10_000)) == 501


def test_a_value_is_shown_to_a_model_as_json_and_text_as_it_is() -> None:
    assert (as_text("a\nb"), as_text(["é", None])) == ("a\nb", '["é", null]')
