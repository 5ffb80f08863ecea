from typing import Any

from runner.functions.generator.blueprint import Blueprint
from runner.functions.generator.composition import Frame, compose
from tests.unit.runner.functions.generator.designs import always, blueprint, field, step
from tests.unit.runner.functions.generator.runs import run, task

DESIGN = blueprint(
    step("list", fields=[field("points", "texts")]),
    step("each", for_each="stages.list.output.points", only_if=always(test="is_not_empty", value="inputs.text")),
    options=[{"name": "limit", "kind": "number", "about": "", "default": "1", "choices": []}],
)


def written(**keys: Any) -> dict[str, Any]:
    file = compose(Blueprint.model_validate(DESIGN), Frame("made", "Do it", "openai:gpt-5-mini"))
    return {"file": file, "problems": [], "repaired": False, "mended": [], **keys}


async def explain(saved_as: str | None = None, **keys: Any) -> str:
    known = task(assumptions=["English."])
    result, _ = await run("explain_pipeline", task=known, written=written(**keys), saved_as=saved_as)
    return str(result.output)


async def test_an_explanation_tells_stages_options_and_what_a_run_may_take() -> None:
    assert await explain() == "\n".join(
        [
            "Made: the input is text; 2 stages:",
            "1. List: at once, delivers points.",
            "2. Each: after List, once for each item, only if inputs.text | length > 0, delivers text.",
            "Options: limit.",
            "Each stage asks openai:gpt-5-mini; a run makes at most 33 calls.",
            "Assumed: English.",
            "It loads, and came through three rehearsals with made-up answers; "
            "how good its answers are nobody has tried.",
            "It was not saved. Put it into pipelines/made.yaml to run it.",
            'Then: stagecast run made --input "…"',
        ]
    )


async def test_an_explanation_tells_of_a_repair_and_where_the_file_is() -> None:
    told = await explain("made.yaml", repaired=True, mended=["line 9: there is no stage 'x'"])
    assert "The first draft did not load and was repaired: line 9: there is no stage 'x'" in told
    assert "It was saved as made.yaml." in told
