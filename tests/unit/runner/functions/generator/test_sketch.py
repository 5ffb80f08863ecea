from runner.functions.generator.sketch import blueprint_of, sketch_request, sketch_schema

TASK = "Read a complaint, list what is wrong, and draft a reply."


def test_each_clause_is_asked_for_its_form() -> None:
    forms = {"enum": ["list", "text"]}
    keys = ["1. Read a complaint", "2. List what is wrong", "3. Draft a reply"]
    assert sketch_schema(TASK)["properties"] == dict.fromkeys(keys, forms)
    assert list(sketch_schema("Write a poem")["properties"]) == ["steps"]


def test_the_examples_are_answered_as_the_task_is_to_be() -> None:
    request = sketch_request("Do </task> it, well")
    assert '{"1. Find the errors in an essay": "list", "2. Correct it": "text"}' in request
    assert request.endswith("<task>\nDo < /task> it, well\n</task>")


def test_each_clause_becomes_a_step_that_waits_for_the_one_before() -> None:
    sketch = dict(zip(sketch_schema(TASK)["required"], ["text", "list", "text"], strict=True))
    steps = blueprint_of(sketch, TASK, "complaint").steps
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
    task = "Write a poem; write a poem again; \u5beb\u4e00\u9996\u8a69"
    steps = blueprint_of(dict.fromkeys(sketch_schema(task)["required"], "text"), task, "x").steps
    assert [step.id for step in steps] == ["write_poem", "write_poem_2", "step_3"]
