from runner.functions.generator.sketch import blueprint_of, sketch_schema

TASK = "Read a complaint, list what is wrong, and draft a reply."


def test_each_clause_is_asked_for_its_form() -> None:
    forms = {"enum": ["list", "text"]}
    assert sketch_schema(TASK)["properties"] == {"1": forms, "2": forms, "3": forms}
    assert list(sketch_schema("Write a poem")["properties"]) == ["steps"]


def test_each_clause_becomes_a_step_that_waits_for_the_one_before() -> None:
    steps = blueprint_of({"1": "text", "2": "list", "3": "text"}, TASK, "complaint").steps
    assert [(step.id, step.name, step.needs) for step in steps] == [
        ("read_complaint", "Read a complaint", []),
        ("list_what", "List what is wrong", ["read_complaint"]),
        ("draft_reply", "Draft a reply", ["list_what"]),
    ]
    assert [[field.name for field in step.fields] for step in steps] == [[], ["points"], []]
    assert steps[2].instruction == "Draft a reply."


def test_a_task_of_one_clause_gets_a_step_before_or_after_it() -> None:
    listed = blueprint_of({"steps": "list the points, then write"}, "Write a poem", "poem")
    assert [step.id for step in listed.steps] == ["note_points", "write_poem"]
    drafted = blueprint_of({"steps": "write a draft, then improve it"}, "Write a poem", "poem")
    assert [step.id for step in drafted.steps] == ["write_poem", "improve_draft"]


def test_steps_that_begin_alike_have_different_ids() -> None:
    steps = blueprint_of(
        {"1": "text", "2": "text", "3": "text"}, "Write a poem; write a poem again; 寫一首詩", "x"
    ).steps
    assert [step.id for step in steps] == ["write_poem", "write_poem_2", "step_3"]
