import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import StageError
from contracts.ids import is_pipeline_id
from runner.functions.generator.identity import check_id, derive_id, file_name, shipped_ids

BAD = [
    "../x",
    "..",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:x",
    "x.yaml",
    ".hidden",
    "-x",
    "",
    " x",
    "x\n",
    "ü",
    "x\x00",
    "x" * 101,
]


def test_the_shipped_pipelines_are_known() -> None:
    assert {"echo-v1", "pipeline-generator-v1", "summarize-v1"} <= shipped_ids()


@pytest.mark.parametrize("wanted", [*BAD, "CON", "nul", "Lpt1"])
def test_what_cannot_be_a_file_s_name_everywhere_is_refused(wanted: str) -> None:
    for refused in (lambda: check_id(wanted, ()), lambda: file_name(wanted)):
        with pytest.raises(StageError) as caught:
            refused()
        assert caught.value.code == "bad_id"
        assert len(caught.value.message) < 300


@pytest.mark.parametrize("wanted", ["echo-v1", "Echo-V1"])
def test_a_given_id_that_is_taken_is_refused_however_it_is_spelt(wanted: str) -> None:
    with pytest.raises(StageError) as caught:
        check_id(wanted, {"echo-v1"})
    assert caught.value.code == "id_taken"


def test_a_derived_id_that_is_taken_gets_a_number() -> None:
    assert derive_id("Draft a Customer's Réply!", ()) == "draft-a-customers-reply"
    assert derive_id("Echo V1", {"echo-v1", "ECHO-V1-2"}) == "echo-v1-3"
    assert derive_id("寫詩", ()) == "pipeline"
    assert derive_id("con", ()) == "pipeline-con"


@given(st.text(max_size=200), st.sets(st.sampled_from(["pipeline", "a", "x"])))
def test_whatever_the_title_the_derived_id_is_a_free_id_and_a_file_s_name(title: str, taken: set[str]) -> None:
    derived = derive_id(title, taken)
    assert is_pipeline_id(derived)
    assert derived not in taken
    assert file_name(derived) == f"{derived}.yaml"
