import pytest
from hypothesis import given

from runner.functions.generator.clauses import MAX_CLAUSES, cut_clauses, id_of, name_of, words_for_input
from tests.unit.runner.functions.generator.answers import nasty_text


@pytest.mark.parametrize(
    ("task", "clauses"),
    [
        ("Summarize it", ["Summarize it"]),
        (
            "Read a complaint, find out what is wrong, and then draft a reply.",
            ["Read a complaint", "find out what is wrong", "draft a reply"],
        ),
        ("1. Read it\n2. List the risks\n- Write a mail", ["Read it", "List the risks", "Write a mail"]),
        ("Sort it into bugs, questions, praise; answer it", ["Sort it into bugs, questions, praise", "answer it"]),
        ("Read version 1.2 of it. Say what is new!", ["Read version 1.2 of it", "Say what is new"]),
        ("總結這篇新聞\uff0c翻譯成英文\u3002", ["總結這篇新聞", "翻譯成英文"]),
        ("Do a b. Do c d. Do e f. Do g h. Do i j.", ["Do a b", "Do c d", "Do e f", "Do g h, Do i j"]),
        (".", ["."]),
    ],
)
def test_a_task_is_cut_where_its_author_cut_it(task: str, clauses: list[str]) -> None:
    assert cut_clauses(task) == clauses


@given(nasty_text)
def test_there_are_one_to_four_clauses_and_none_is_empty(text: str) -> None:
    clauses = cut_clauses(f"x{text}")
    assert 1 <= len(clauses) <= MAX_CLAUSES
    assert all(clauses)


def test_names_are_short_and_do_not_end_in_a_small_word() -> None:
    assert name_of("find out what is wrong and how urgent it is") == "Find out what is wrong and how urgent"
    assert name_of("x" * 300) == "X" + "x" * 39
    assert name_of("") == ""


def test_ids_are_made_of_the_first_words_that_say_something() -> None:
    assert id_of("draft a polite reply", "step_1") == "draft_polite"
    assert id_of("寫", "step_1") == "step_1"


def test_an_input_is_called_by_a_word_of_the_first_clause() -> None:
    assert words_for_input("Turn the notes of a meeting into a list, write it down", 9) == [
        "turn",
        "notes",
        "meeting",
        "into",
        "list",
    ]
    assert words_for_input("Turn models primary übergroß", 9) == ["turn"]
    assert words_for_input("寫詩", 9) == []
