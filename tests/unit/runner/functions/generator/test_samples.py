from jsonschema import Draft202012Validator

from runner.functions.generator.samples import SAMPLE, sample_of

SCHEMA = {
    "type": "object",
    "required": ["level", "points", "size", "is_new", "short"],
    "additionalProperties": False,
    "properties": {
        "level": {"enum": ["low", "high"]},
        "points": {"type": "array", "minItems": 1, "maxItems": 4, "items": {"type": "string", "maxLength": 120}},
        "size": {"type": "number"},
        "is_new": {"type": "boolean"},
        "short": {"type": "string", "minLength": 1, "maxLength": 3},
    },
}


def test_a_sample_fits_its_schema() -> None:
    for variant in range(5):
        assert Draft202012Validator(SCHEMA).is_valid(sample_of(SCHEMA, variant))  # pyright: ignore[reportUnknownMemberType]  # untyped there


def test_variants_differ_where_the_schema_leaves_a_choice() -> None:
    samples = [sample_of(SCHEMA, variant) for variant in range(3)]
    assert [sample["level"] for sample in samples] == ["low", "high", "low"]
    assert [len(sample["points"]) for sample in samples] == [1, 2, 3]
    assert len({sample["size"] for sample in samples}) == 3


def test_a_sample_text_holds_what_must_not_be_taken_for_anything_else() -> None:
    assert sample_of(None, 0) == SAMPLE
    assert "{{" in SAMPLE
    assert "</" in SAMPLE
