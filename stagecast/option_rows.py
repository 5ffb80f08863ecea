"""What an option makes of the rows of a table: objects that its item schema takes. Pure; gateway and command share it.

- A column that the item schema names is that property. In CSV its text is read as JSON where the property is a number,
  a boolean, a list or an object, and an empty cell of a property that is not required is left out.
- Any other column goes under `vars`, if the item schema has an object of that name: so a table of placeholders needs
  no nesting. In CSV it stays text, also an empty one.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from contracts.errors import InvalidInput
from contracts.pipeline import JsonSchema
from stagecast.json_schema import check_value
from stagecast.plain import MAX_DEPTH, is_mapping, is_too_deep
from stagecast.plain_schema import flatten, kinds_of, with_own
from stagecast.spelling import suggest
from stagecast.table import Place, TableRow, read_table

VARS = "vars"
_BOOLEANS = ("true", "false")
_MAX_QUOTED = 60  # characters of a cell that a message repeats


def read_rows(
    option: str, schema: JsonSchema, defs: Mapping[str, JsonSchema], name: str, content: bytes
) -> list[dict[str, Any]]:
    """Return the value of an option that is given as a file.

    Args:
        option: its name.
        schema: its schema, which must be of a list of objects.
        defs: the pipeline's `$defs`.
        name: the file's name.
        content: the file's bytes.

    Raises:
        InvalidInput: the option takes no rows, the file is no table, or a row does not fit; with file, line and column.
    """
    known = with_own(defs, schema)
    flat = flatten(schema, known)
    item = flatten(flat.get("items", {"type": "object"}), known)
    if "array" not in kinds_of(flat) or "object" not in kinds_of(item):
        raise InvalidInput(f"The option '{option}' takes no file: its schema is not that of a list of objects.")
    table = read_table(name, content)
    most: int | None = flat.get("maxItems")
    if most is not None and len(table.rows) > most:
        why = f"the option '{option}' takes at most {most} rows, and there are {len(table.rows)}"
        table.rows[most].place.refuse(why)
    folding = _Folding(flat.get("items", {}), item, known, is_text=table.is_text)
    return [folding.fold(row) for row in table.rows]


class _Folding:
    """Makes objects of rows.

    Args:
        item: the schema of one row.
        flat: the same, flattened.
        defs: what both may refer to.
        is_text: whether cells are text whatever they mean.
    """

    def __init__(
        self, item: JsonSchema, flat: Mapping[str, Any], defs: Mapping[str, JsonSchema], *, is_text: bool
    ) -> None:
        properties, required = flat.get("properties"), flat.get("required", ())
        self._item = item
        self._defs = defs
        self._is_text = is_text
        self._properties = {
            name: flatten(schema, defs) for name, schema in (properties.items() if is_mapping(properties) else ())
        }
        self._required = frozenset(required)
        self._is_closed = flat.get("additionalProperties") is False
        self._has_vars = VARS in self._properties and "object" in kinds_of(self._properties[VARS])

    def fold(self, row: TableRow) -> dict[str, Any]:
        """Return the object that a row is."""
        folded: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for name, cell in row.cells.items():
            if name in self._properties:
                if not self._is_text:
                    folded[name] = cell
                elif cell or name in self._required:
                    folded[name] = _converted(cell, self._properties[name], row.place.at(name))
            elif self._has_vars:
                values[name] = cell
            elif self._is_closed:
                row.place.at(name).refuse(f"there is no place for this; {suggest(name, self._properties)}")
            else:
                folded[name] = cell
        if values:
            folded[VARS] = _joined(folded.get(VARS, {}), values, row.place)
        fault = check_value(folded, self._item, self._defs)
        if fault is not None:
            column = next((str(part) for part in fault.path if part != VARS), None)
            (row.place if column is None else row.place.at(column)).refuse(fault.message)
        return folded


def _joined(given: object, values: Mapping[str, Any], place: Place) -> dict[str, Any]:
    if not is_mapping(given):
        place.at(VARS).refuse("this must be of type object")
    for name in values:
        if name in given:
            place.at(name).refuse(f"this value is in {VARS}, too")
    return {**given, **values}


def _converted(cell: str, schema: Mapping[str, Any], place: Place) -> Any:
    kinds = kinds_of(schema)
    if "string" in kinds:
        return cell
    try:
        value = from_json(cell.lower() if cell.strip().lower() in _BOOLEANS else cell, allow_inf_nan=False)
        json.dumps(value, allow_nan=False)  # 1e999 is read as infinity, which JSON cannot write
    except ValueError:
        shown = cell if len(cell) <= _MAX_QUOTED else f"{cell[:_MAX_QUOTED]}…"
        place.refuse(f"this must be of type {' or '.join(kinds)}, and is {shown!r}")
    if is_too_deep(value):
        place.refuse(f"this is nested more than {MAX_DEPTH} deep")
    return value
