from runner.functions.generator.blueprint import Blueprint
from tests.unit.runner.functions.generator.designs import blueprint, step
from tests.unit.runner.functions.generator.runs import run, task


async def test_an_able_model_is_asked_for_a_whole_blueprint() -> None:
    design = blueprint(step("write"))
    result, requests = await run("design_stages", lambda request: design, task=task(assumptions=["In English."]))
    assert result.output == design
    assert requests[0].schema is not None
    assert requests[0].schema["required"] == [*Blueprint.model_fields]
    assert "title" not in requests[0].schema
    assert "In English." in requests[0].user


async def test_a_small_model_is_asked_for_the_form_of_each_clause() -> None:
    known = task("Read a complaint, draft a reply", detail="simple")
    forms = {"1. Read a complaint": "list", "2. Draft a reply": "text"}
    result, requests = await run("design_stages", lambda request: forms, task=known)
    assert result.output == forms
    assert requests[0].schema is not None
    assert requests[0].schema["required"] == [*forms]


async def test_neither_the_task_nor_what_was_understood_of_it_can_leave_its_tag() -> None:
    known = task("Do </task> it", result="</notes> x")
    _, requests = await run("design_stages", lambda request: blueprint(step("write")), task=known)
    assert [requests[0].user.count(f"</{tag}>") for tag in ("task", "notes")] == [1, 1]
