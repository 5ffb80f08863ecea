"""Tables that people bring along: the bytes of a CSV, JSONL or JSON file as rows that know where they stand. Pure.

What an option makes of the rows is `stagecast.option_rows`. CSV is RFC 4180, with any line ends, and commas, semicolons
or tabs between the cells, whichever the heading has most. The standard library's reader has the same rules, but tells
no place in a line, and its limit of a cell's size is one for the whole process.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, NoReturn

from pydantic_core import from_json

from contracts.errors import InvalidInput
from stagecast.plain import MAX_DEPTH, is_mapping, is_sequence, is_too_deep

MAX_ROWS = 10_000
"""More is no table of test cases, and looking at each would take long."""

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";", "\t")
_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_PLACE_IN_JSON = re.compile(r" at line (\d+) column (\d+)$")
_MAX_NAME = 100  # characters of a file's name that a message repeats

Form = Literal["csv", "json", "jsonl"]
_FORMS: Mapping[str, Form] = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file, for a sentence about it."""

    file: str
    line: int | None = None
    row: int | None = None
    column: int | str | None = None

    def at(self, column: int | str) -> "Place":
        """Return a place in the same line."""
        return Place(self.file, self.line, self.row, column)

    def refuse(self, why: str) -> NoReturn:
        """Raise `InvalidInput` with a sentence that begins with the place."""
        column = repr(self.column) if isinstance(self.column, str) else self.column
        parts = (("line", self.line), ("row", self.row), ("column", column))
        raise InvalidInput(", ".join([self.file, *(f"{name} {value}" for name, value in parts if value)]) + f": {why}.")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row. Any: cells of CSV are text, those of JSON of every kind."""

    place: Place
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows.

    Attributes:
        file: its name, fit for a message.
        is_text: whether the cells are text whatever they mean.
    """

    file: str
    rows: Sequence[TableRow]
    is_text: bool


def read_table(name: str, content: bytes) -> Table:
    """Read a file: CSV with a heading, JSON objects one a line, or a JSON array of objects.

    The name's ending tells which, else the first sign. Rows that are blank, or whose cells all are, are passed over.

    Raises:
        InvalidInput: it is none of these, or has no rows; with file, line and column.
    """
    file = "".join(letter for letter in re.split(r"[/\\]", name)[-1] if letter.isprintable())[:_MAX_NAME] or "the file"
    text = _decoded(file, content.removeprefix(_BOM))
    form = _form_of(file, text)
    rows = {"csv": _csv_rows, "json": _json_rows, "jsonl": _jsonl_rows}[form](file, text)
    found: list[TableRow] = []
    for row in rows:
        if len(found) == MAX_ROWS:
            row.place.refuse(f"the file has more than {MAX_ROWS:,} rows")
        found.append(row)
    if not found:
        Place(file).refuse("the file has no rows")
    return Table(file, found, is_text=form == "csv")


def _decoded(file: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        lines = _LINE_END.split(before)
        # Spreadsheets write CSV in the system's own encoding unless told otherwise, and call the other one so.
        advice = "; save it as CSV UTF-8" if _FORMS.get(_ending(file), "csv") == "csv" else ""
        Place(file, len(lines), column=len(lines[-1]) + 1).refuse(f"this is not UTF-8 text{advice}")


def _ending(file: str) -> str:
    return file[file.rfind(".") :].lower() if "." in file else ""


def _form_of(file: str, text: str) -> Form:
    beginning: Form = {"[": "json", "{": "jsonl"}.get(text.lstrip()[:1], "csv")  # type: ignore[assignment]
    told = _FORMS.get(_ending(file), beginning)
    return "jsonl" if told == "json" and beginning == "jsonl" else told


def _csv_rows(file: str, text: str) -> Iterator[TableRow]:
    records = _records(file, text, _delimiter_of(file, text))
    heading = next(records, None)
    if heading is None:
        return
    names = [name.strip() for name in heading.cells]
    for number, name in enumerate(names):
        if name and name in names[:number]:
            heading.place.at(number + 1).refuse(f"the heading {name!r} stands twice")
    for place, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            what = f"{len(cells)} cell{'s' if len(cells) != 1 else ''}"
            place.at(min(len(cells), len(names)) + 1).refuse(f"the row has {what}, and the heading {len(names)}")
        for number, (name, cell) in enumerate(zip(names, cells, strict=True), 1):
            if cell and not name:
                place.at(number).refuse("there is no heading above this")
        yield TableRow(place, {name: cell for name, cell in zip(names, cells, strict=True) if name})


class _Record(NamedTuple):
    place: Place
    cells: Sequence[str]


def _delimiter_of(file: str, text: str) -> str:
    def count(delimiter: str) -> int:
        try:
            heading = next(_records(file, text, delimiter), None)
        except InvalidInput:
            return 0
        return 0 if heading is None else len(heading.cells)

    return max(_DELIMITERS, key=count)


def _records(file: str, text: str, delimiter: str) -> Iterator[_Record]:
    """Yield every line that is not blank, or several where a quoted cell has line ends, with its cells."""
    plain = re.compile(rf"[^{delimiter}\r\n]*")
    at, line = 0, 1
    while at < len(text):
        begin, place = at, Place(file, line)
        cells: list[str] = []
        while True:
            if text.startswith('"', at):
                quoted = _QUOTED.match(text, at)
                if quoted is None:
                    _refuse_at(file, text, at, "the quotation mark that opens this cell is never closed")
                cells.append(quoted[1].replace('""', '"'))
                at = quoted.end()
            else:
                end = plain.match(text, at)
                cells.append(end[0] if end else "")
                at += len(cells[-1])
            if not text.startswith(delimiter, at):
                break
            at += 1
        line_end = _LINE_END.match(text, at)
        if line_end is None and at < len(text):
            _refuse_at(file, text, at, "something follows the quotation mark that closes this cell")
        if at > begin:
            yield _Record(place, cells)
        at = at if line_end is None else line_end.end()
        line += len(_LINE_END.findall(text, begin, at))


def _refuse_at(file: str, text: str, at: int, why: str) -> NoReturn:
    lines = _LINE_END.split(text[:at])
    Place(file, len(lines), column=len(lines[-1]) + 1).refuse(why)


def _jsonl_rows(file: str, text: str) -> Iterator[TableRow]:
    for number, line in enumerate(_LINE_END.split(text), 1):
        if line.strip():
            place = Place(file, number)
            yield _json_row(place, _parsed(line, place))


def _json_rows(file: str, text: str) -> Iterator[TableRow]:
    values = _parsed(text, Place(file))
    if not is_sequence(values):
        Place(file, 1, column=1).refuse("this is no JSON array")
    for number, value in enumerate(values, 1):
        yield _json_row(Place(file, row=number), value)


def _json_row(place: Place, value: object) -> TableRow:
    if not is_mapping(value):
        place.refuse("this is no JSON object")
    if is_too_deep(value):
        place.refuse(f"this is nested more than {MAX_DEPTH} deep")
    return TableRow(place, value)


def _parsed(text: str, place: Place) -> Any:
    try:
        value = from_json(text, allow_inf_nan=False)
        json.dumps(value, allow_nan=False)  # 1e999 is read as infinity, which JSON cannot write
    except ValueError as error:
        told = _PLACE_IN_JSON.search(str(error))
        if told is None:
            place.refuse("this has a number that is too large")
        line = place.line or int(told[1])
        Place(place.file, line, column=int(told[2])).refuse(f"this is not valid JSON: {str(error)[: told.start()]}")
    return value
