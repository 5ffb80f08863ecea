import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagecast.yaml_lines import MAX_FILE_BYTES, UnreadableYaml, read_yaml

TENFOLD = (
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcde", "bcdef", strict=True)
)
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(TENFOLD)


def refusal(text: str) -> str:
    with pytest.raises(UnreadableYaml) as caught:
        read_yaml(text)
    return str(caught.value.problem)


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = "[on, yes, 2024-01-01, 1:30, 012, 0o17, 0x1F, -3, 1_000, 1.5, 1e3, true, null, ~, '', '1', =]"
    assert read_yaml(text).value == [
        "on", "yes", "2024-01-01", "1:30", 12, 15, 31, -3, 1000, 1.5, 1000.0, True, None, None, "", "1", "=",
    ]  # fmt: skip


def test_each_part_knows_its_line() -> None:
    document = read_yaml("# c\na: 1\nb:\n  c:\n    - x\n    - y: |\n        one\n        two\n      z: 3\n")
    assert document.line_of(("a",)) == 2
    assert document.line_of(("b",)) == 3
    assert document.line_of(("b", "c", 0)) == 5
    assert document.line_of(("b", "c", 1, "y")) == 6
    assert document.line_of(("b", "c", 1, "y"), 2) == 8
    assert document.line_of(("b", "c", 1, "missing")) == 6
    assert document.line_of(("nowhere",)) == 2


def test_a_number_can_be_had_as_it_is_written() -> None:
    document = read_yaml("version: 1.10")
    assert document.value == {"version": 1.1}
    assert document.written(("version",)) == "1.10"


def test_aliases_are_copies() -> None:
    value = read_yaml("a: &x [1]\nb: *x").value
    assert value == {"a": [1], "b": [1]}
    assert value["a"] is not value["b"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\na: 2", 2, "'a' stands here a second time; the first is on line 1"),
        ("a: 1\nb: !!python/object:os.system x", 2, "the tag 'python/object:os.system' has no meaning"),
        ("a: !!set {x: null}", 1, "the tag 'set' has no meaning"),
        ("a: .inf", 1, "no number that JSON can hold"),
        ("a: 1e999", 1, "no number that JSON can hold"),
        ("1: a", 1, "a key must be text; put it in quotes"),
        ("<<: {a: 1}", 1, "merge keys"),
        ("a: {{ inputs.x }}", 1, 'must be in quotes: "{{ … }}"'),
    ],
)
def test_faults_that_do_not_stop_the_reading_are_collected(text: str, line: int, said: str) -> None:
    (fault,) = read_yaml(text).faults
    assert fault.line == line
    assert said in fault.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "line 1: this is no YAML: expected ',' or ']'"),
        ("a: 1\n\tb: 2", "line 2: this is no YAML"),
        ("a: 1\n---\nb: 2", "another document"),
        ("a: *nope", "undefined alias"),
        ("a: \x00", "this is no YAML"),
        ("a: &x [*x]", "nested more than"),
        ("[" * 500, "nested more than"),
        ("a: " + "[" * 61 + "]" * 61, "nested more than"),
        ("x" * (MAX_FILE_BYTES + 1), "larger than 262,144 bytes"),
        (BOMB, "do its aliases"),
        ("a: &a " + "x" * 250_000 + "\nb: [" + "*a, " * 20 + "]", "do its aliases"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(text: str, said: str) -> None:
    assert said in refusal(text)


COSTLY = [  # what is written again and again, and the line where the reading ends
    ("id: x\nx: " + "[" * 20_000, 2, "nested more than 60 levels"),
    ("x: " + "{" * 200_000, 1, "nested more than 60 levels"),
    ("\n".join("- " * 250 for _ in range(499)), 1, "nested more than 60 levels"),
    ("\n".join(" " * (2 * depth) + "-" for depth in range(499)), 62, "nested more than 60 levels"),
    ("".join(f"k{key}:\n" for key in range(30_000)), 6667, "more than 20,000 words and signs"),
    ("a: [" + "1," * 100_000, 1, "more than 20,000 words and signs"),
]


@pytest.mark.parametrize(("text", "line", "said"), COSTLY)
def test_reading_ends_at_the_first_part_too_many_before_faults_further_on(text: str, line: int, said: str) -> None:
    with pytest.raises(UnreadableYaml, match=said) as caught:
        read_yaml(text)
    assert caught.value.problem.line == line


def test_sixty_levels_are_read() -> None:
    assert read_yaml("a: " + "[" * 60 + "]" * 60).value["a"]
    assert read_yaml("".join(" " * depth + "a:\n" for depth in range(60))).value["a"]


def test_a_folded_text_has_spaces_where_it_was_folded_and_nothing_else() -> None:
    assert read_yaml('a: >\n  one\n  two\n\n  three\nb: >-\n  one\n  two\nc: "\\a"').value == {
        "a": "one two\nthree\n",
        "b": "one two",
        "c": "\x07",
    }


def test_an_anchors_name_may_be_used_again() -> None:
    assert read_yaml("[&a 1, *a, &a 2, *a]").value == [1, 1, 2, 2]


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>%@`'\"#,? \n\t\r\\0~=<é\x85\ufeff\x00"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_yaml(text)
    except UnreadableYaml as error:
        assert error.problem.message
