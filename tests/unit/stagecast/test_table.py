"""Tables as files: what is read is what was written, and whatever else comes is refused in a sentence of ours."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from stagecast import table
from stagecast.table import read_table

NAMES = st.lists(st.from_regex(r"[a-z][a-z ]{0,6}[a-z]", fullmatch=True), min_size=1, max_size=4, unique=True)
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(NAMES)
    row = st.lists(CELLS, min_size=len(names), max_size=len(names))
    return names, draw(st.lists(row.filter(lambda cells: any(cell.strip() for cell in cells)), min_size=1, max_size=5))


def cells_of(name: str, content: bytes) -> Sequence[Any]:
    return [dict(row.cells) for row in read_table(name, content).rows]


@given(
    tables(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_writes_is_read_as_it_was(
    written: tuple[list[str], list[list[str]]], delimiter: str, line_end: str, encoding: str, quoting: Any
) -> None:
    names, rows = written
    assume(len(names) > 1 or delimiter == ",")  # one heading does not tell what stands between cells
    if line_end == "\n" and quoting == csv.QUOTE_MINIMAL:
        # That writer puts no quotation marks around a lone \r, which other readers (RFC 4180) take for a line's end.
        rows = [[cell.replace("\r", "-") for cell in row] for row in rows]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows([names, *rows])
    read = read_table("cases.csv", out.getvalue().encode(encoding))
    assert read.is_text
    assert [dict(row.cells) for row in read.rows] == [dict(zip(names, row, strict=True)) for row in rows]


@given(st.lists(st.dictionaries(CELLS, JSON_VALUES, max_size=4), min_size=1, max_size=5))
def test_what_a_json_writer_writes_is_read_as_it_was(rows: list[dict[str, Any]]) -> None:
    lines = "\n\n".join(map(json.dumps, rows)).encode()
    whole = json.dumps(rows, indent=1, ensure_ascii=False).encode("utf-8-sig")
    assert cells_of("cases.jsonl", lines) == cells_of("cases.json", whole) == rows
    assert cells_of("-", lines) == cells_of("-", whole) == rows


@given(
    st.binary(max_size=200) | st.text('ab",;\t\r\n{}[]: 1\ufeff').map(str.encode),
    st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl", "a", "", "../\n.csv"]),
)
@example(b'[{"a": 1e999}]', "a.json")
@example(b'{"a": ' + b"9" * 5000 + b"}", "a.jsonl")
@example(b"[" * 5000, "a.json")
def test_whatever_comes_is_rows_or_a_refusal_of_ours(content: bytes, name: str) -> None:
    try:
        read = read_table(name, content)
    except InvalidInput as refusal:
        assert refusal.message.endswith(".")
        assert "\n" not in refusal.message
    else:
        assert read.rows
        json.dumps([dict(row.cells) for row in read.rows], allow_nan=False)


REFUSED: list[tuple[str, bytes, str]] = [
    ("a.csv", b"", "a.csv: the file has no rows."),
    ("a.csv", b"x,y\n", "a.csv: the file has no rows."),
    ("a.csv", b"x,y\n1,2\n1,2,3\n", "a.csv, line 3, column 3: the row has 3 cells, and the heading 2."),
    ("a.csv", b"x,y\n1\n", "a.csv, line 2, column 2: the row has 1 cell, and the heading 2."),
    ("a.csv", b"x,x\n1,2\n", "a.csv, line 1, column 2: the heading 'x' stands twice."),
    ("a.csv", b"x,\n1,2\n", "a.csv, line 2, column 2: there is no heading above this."),
    (
        "a.csv",
        b'x,y\n"1\n2",3\n4,"5\n',
        "a.csv, line 4, column 3: the quotation mark that opens this cell is never closed.",
    ),
    ("a.csv", b'x\n"a"b\n', "a.csv, line 2, column 4: something follows the quotation mark that closes this cell."),
    ("a.csv", "x\nä\n".encode() + b"\xff", "a.csv, line 3, column 1: this is not UTF-8 text; save it as CSV UTF-8."),
    ("a.json", b"[\xff]", "a.json, line 1, column 2: this is not UTF-8 text."),
    ("a.jsonl", b'{"a": 1}\n{"a" 1}\n', "a.jsonl, line 2, column 6: this is not valid JSON: expected `:`."),
    ("a.jsonl", b'{"a": 1}\n7\n', "a.jsonl, line 2: this is no JSON object."),
    ("a.json", b'[{"a": 1},\n 7]', "a.json, row 2: this is no JSON object."),
    ("a.json", b'[{"a": 1},\n {"a" 7}]', "a.json, line 2, column 7: this is not valid JSON: expected `:`."),
    ("a.json", b'"text"', "a.json, line 1, column 1: this is no JSON array."),
    ("a.json", b'[{"a": 1e999}]', "a.json: this has a number that is too large."),
    ("C:\\tmp\\..\\a\x1b.json", b"[]", "a.json: the file has no rows."),
]


@pytest.mark.parametrize(("name", "content", "sentence"), REFUSED)
def test_a_fault_is_told_with_file_line_and_column(name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(name, content)
    assert caught.value.message == sentence


def test_a_quoted_cell_may_have_lines_delimiters_and_quotation_marks() -> None:
    content = b'name, note \r\n"Ann; ""A""","two\r\nlines, here"\r\nBob,5" pipe\r\n'
    assert cells_of("a.csv", content) == [
        {"name": 'Ann; "A"', "note": "two\r\nlines, here"},
        {"name": "Bob", "note": '5" pipe'},
    ]


def test_rows_that_are_blank_are_passed_over_and_lines_still_count() -> None:
    read = read_table("a.csv", b"\n\nx,y,\n\n , \t,\n1,2,\n,,\n")
    assert [(row.place.line, dict(row.cells)) for row in read.rows] == [(6, {"x": "1", "y": "2"})]


def test_a_file_has_no_more_rows_than_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 2)
    assert len(read_table("a.csv", b"x\n1\n2\n").rows) == 2
    with pytest.raises(InvalidInput, match=r"a\.csv, line 4: the file has more than 2 rows"):
        read_table("a.csv", b"x\n1\n2\n3\n")
