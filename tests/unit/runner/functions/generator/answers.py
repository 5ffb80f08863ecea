"""Whatever a model may answer within a JSON Schema, with an eye for what could do harm in a file or a template."""

from typing import Any, cast

from hypothesis import strategies as st

HOSTILE = [
    "{{ 7 * 7 }}",
    "{{ inputs.text + 1 }}",
    "{{- x -}}",
    "{% for x in range(9) %}",
    "{% raw %}",
    "{#",
    "{{",
    "}}",
    "{",
    "}",
    "%}",
    "</text>",
    "</a>",
    "</task>",
    ": ",
    " #",
    "- ",
    "|",
    '"',
    "'",
    "\\",
    "\n",
    "\r\n",
    "\n\n  ",
    "\t",
    "---\n",
    "...\n",
    "!!python/object",
    "&a *a",
    "<<: x",
    "null",
    "1.10",
    "yes",
    "\x00\x1b\x85\u2028\ufeff\u202e",
    "請寫",
    "🎉",
]
REFERENCES = [
    "{{ inputs.text }}",
    "{{ stages.a.output }}",
    "{{ stages.a.output.b }}",
    "{{ stages.b.output.a | nofilter }}",
    "{{ stages.missing.output }}",
    "{{ item }}",
    "{{ item.a }}",
    "{{ a }}",
    "{{ range }}",
]
NAMES = ["a", "b", "text", "items", "primary", "models", "if", "not", "true", "item", "loop", "stages", "get", "output"]
PATHS = ["", "item", "inputs.text", "inputs.a", "stages.a.output", "stages.a.output.b", "stages.b.output.a"]

hostile_text = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=6).map("".join)
"""Text that must stay text: no reference in it has the form of one that a design may use."""

nasty_text = st.lists(st.sampled_from([*HOSTILE, *REFERENCES]) | st.text(max_size=8), max_size=6).map("".join)
"""Text in which references stand that lead nowhere, besides."""


def answers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a schema of the kind that the generator sends."""
    return _values(schema, cast("dict[str, Any]", schema.get("$defs", {})))


def _values(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return st.deferred(lambda: _values(defs[schema["$ref"].rsplit("/", 1)[1]], defs))
    if "enum" in schema:
        return st.sampled_from(cast("list[Any]", schema["enum"]))
    match schema["type"]:
        case "object":
            return st.fixed_dictionaries({name: _values(inner, defs) for name, inner in schema["properties"].items()})
        case "array":
            inner = _values(schema["items"], defs)
            return st.lists(inner, min_size=schema.get("minItems", 0), max_size=min(schema.get("maxItems", 4), 4))
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "boolean":
            return st.booleans()
        case "string":
            return _texts(schema)
        case kind:
            raise ValueError(kind)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength", 4_000), schema.get("pattern")
    if pattern is not None:
        # Not the whole of it: a pattern's `$` lets a line break follow.
        known = st.sampled_from(PATHS if "." in pattern else NAMES)
        wild = st.from_regex(str(pattern))
        return st.one_of(known, known, known, wild).filter(lambda text: len(text) <= most)
    return nasty_text.map(lambda text: text[:most]).filter(lambda text: len(text) >= least)


FIELDS: list[dict[str, Any]] = [
    {"name": "size", "kind": "number", "choices": []},
    {"name": "is_urgent", "kind": "flag", "choices": []},
    {"name": "level", "kind": "choice", "choices": ["low", "high", "low", "{{ x }}"]},
    {"name": "items", "kind": "texts", "choices": []},
    {"name": "null", "kind": "text", "choices": []},
]


CONDITIONS = {
    "number": [("more_than", "3"), ("less_than", "x"), ("is", "1"), ("is_not", "")],
    "flag": [("is", "true"), ("is_not", "yes"), ("is", "{{ x }}")],
    "choice": [("is", "high"), ("is_not", 'a "quoted\\ {{ one }}')],
    "texts": [("is_not_empty", ""), ("contains", "}}"), ("more_than", "1")],
    "text": [("is_not_empty", ""), ("contains", "it's \\"), ("less_than", "100")],
}


@st.composite
def coherent_designs(draw: st.DrawFn) -> dict[str, Any]:
    """Sound designs, whatever texts are in them: each reference leads somewhere, each comparison makes sense."""
    kinds = {"inputs.text": "text", "inputs.limit": "number", "inputs.tone": "choice"}
    steps: list[dict[str, Any]] = []
    for step_id in draw(st.permutations(["plan", "items", "true", "write", "check"]))[: draw(st.integers(1, 5))]:
        step = _coherent_step(draw, step_id, [step["id"] for step in steps], kinds)
        steps.append(step)
        if not step["for_each"]:
            kinds |= {f"stages.{step_id}.output.{field['name']}": field["kind"] for field in step["fields"]}
        if step["for_each"] or not step["fields"]:
            kinds[f"stages.{step_id}.output"] = "texts" if step["for_each"] else "text"
    options: list[dict[str, Any]] = [
        {"name": "limit", "kind": "number", "about": draw(hostile_text), "default": draw(hostile_text), "choices": []},
        {
            "name": "tone",
            "kind": "choice",
            "about": "",
            "default": "",
            "choices": draw(st.lists(hostile_text, max_size=3)),
        },
    ]
    return {
        "name": draw(hostile_text.map(lambda text: f"x{text}"[:60])),
        "description": draw(hostile_text),
        "input": "text",
        "input_about": draw(hostile_text),
        "options": options,
        "steps": steps,
        "delivers": [
            {"name": "result", "value": path} for path in draw(st.lists(st.sampled_from([*kinds]), max_size=1))
        ],
    }


def _coherent_step(draw: st.DrawFn, step_id: str, before: list[str], kinds: dict[str, str]) -> dict[str, Any]:
    lists = [path for path, kind in kinds.items() if kind == "texts"]
    for_each = draw(st.sampled_from(["", *lists]))
    known: list[str] = [*kinds, "item"] if for_each else [*kinds]
    read = draw(st.lists(st.sampled_from(known), max_size=3))
    texts = draw(st.lists(hostile_text, min_size=len(read), max_size=len(read)))
    compared = draw(st.sampled_from(["", *kinds]))
    test, than = draw(st.sampled_from(CONDITIONS[kinds[compared]])) if compared else ("always", "")
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique_by=lambda each: str(each["name"])))
    return {
        "id": step_id,
        "name": draw(hostile_text.map(lambda text: f"x{text}"[:60])),
        "instruction": "Do it. " + "".join(f"{text}{{{{ {path} }}}}" for text, path in zip(texts, read, strict=True)),
        "needs": draw(st.lists(st.sampled_from(before), max_size=2)) if before else [],
        "for_each": for_each,
        "fields": [{**field, "about": draw(hostile_text)} for field in fields],
        "only_if": {"test": test, "value": compared, "than": than, "otherwise": draw(hostile_text)},
        "retries": draw(st.integers(0, 5)),
        "check": draw(st.sampled_from(["none", "no_repetition", "no_longer_than_input"])),
    }
