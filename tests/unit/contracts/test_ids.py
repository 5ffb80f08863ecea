import pytest

from contracts.errors import InvalidId
from contracts.ids import (
    check_execution_id,
    is_execution_id,
    is_pipeline_id,
    new_execution_id,
    output_filename,
    parse_output_filename,
    submitted_at,
)
from contracts.wire import format_timestamp

EXAMPLE = "exec_1703187600000_abcdefghijklm234"


def test_a_new_id_has_the_form_of_an_id_and_says_when_it_was_made() -> None:
    execution_id = new_execution_id(1703187600123)
    assert execution_id.startswith("exec_1703187600123_")
    assert check_execution_id(execution_id) == execution_id
    assert format_timestamp(submitted_at(execution_id)) == "2023-12-21T19:40:00.123Z"


def test_ids_sort_by_the_moment_they_were_made() -> None:
    moments = [0, 1, 999, 1_703_187_600_000, 9_999_999_999_999]
    ids = [new_execution_id(moment) for moment in moments]
    assert ids == sorted(ids)


def test_two_ids_of_the_same_millisecond_differ() -> None:
    assert len({new_execution_id(5) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exec_1703187600000",
        EXAMPLE + "\n",
        "\n" + EXAMPLE,
        EXAMPLE + " ",
        EXAMPLE.upper(),
        EXAMPLE.replace("a", "*"),
        EXAMPLE.replace("a", ">"),
        EXAMPLE.replace("a", "."),
        EXAMPLE.replace("a", "/"),
        EXAMPLE.replace("a", "é"),
        EXAMPLE.replace("1703187600000", "\u0661703187600000"),
        EXAMPLE + "a",
        EXAMPLE[:-1],
        "*",
        ">",
        "../" + EXAMPLE,
    ],
)
def test_what_breaks_the_pattern_is_no_execution_id(text: str) -> None:
    assert not is_execution_id(text)
    with pytest.raises(InvalidId):
        check_execution_id(text)


@pytest.mark.parametrize(("text", "is_one"), [("echo-v1", True), ("A", True), ("a" * 100, True)])
def test_pipeline_ids_are_recognised(text: str, is_one: bool) -> None:
    assert is_pipeline_id(text) is is_one


@pytest.mark.parametrize("text", ["", "-a", "_a", "a b", "a.b", "a/b", "../a", "a\n", "a*", "é", "a" * 101])
def test_what_breaks_the_pattern_is_no_pipeline_id(text: str) -> None:
    assert not is_pipeline_id(text)


def test_a_file_name_says_pipeline_moment_and_execution() -> None:
    filename = output_filename("echo-v1", EXAMPLE)
    assert filename == "echo-v1_2023-12-21T19-40-00-000Z_abcdefghijklm234.json"
    assert parse_output_filename(filename)["pipeline"] == "echo-v1"
    assert parse_output_filename(filename)["random"] == "abcdefghijklm234"


def test_executions_of_the_same_millisecond_have_different_files() -> None:
    assert len({output_filename("a", new_execution_id(5)) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (".json", ".json\n"),
        ("echo", "../echo"),
        ("echo", "ec/ho"),
        (".json", ".JSON"),
        (".json", ""),
        ("echo-v1", ""),
        ("2023", "20x3"),
    ],
)
def test_other_file_names_are_refused(part: str, instead: str) -> None:
    with pytest.raises(InvalidId):
        parse_output_filename(output_filename("echo-v1", EXAMPLE).replace(part, instead))


def test_a_pipeline_id_that_breaks_its_pattern_makes_no_file_name() -> None:
    with pytest.raises(InvalidId):
        output_filename("../etc", EXAMPLE)
