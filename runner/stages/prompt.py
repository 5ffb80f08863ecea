"""The `prompt` kind: one model call, its answer checked against the stage's schema and guards."""

from contracts.errors import StageError
from runner.calls import Ask
from runner.stages.work import Item, StageWork
from runner.values import Json
from stagecast.stage_input import render_messages


async def run_prompt(work: StageWork, item: Item | None) -> Json:
    """Return the accepted answer: the parsed value where the stage has a schema, else the text.

    Raises:
        StagecastError: no acceptable answer; ends the stage, or drops the item.
    """
    prompt = work.stage.prompt
    if prompt is None:
        raise StageError(f"Stage '{work.stage.id}' has no prompt.", code="bad_stage")
    messages = render_messages(prompt, work.scope_of(item))
    index = None if item is None else item.index
    ask = Ask(
        user=messages.user,
        system=messages.system,
        alias=work.pipeline.model_of(work.stage),
        shape=work.shape(),
        timeout_seconds=work.timeout_seconds,
        item=index,
    )

    async def attempt(last: StageError | None) -> Json:
        answer = await work.calls.ask(ask, last)
        work.check(answer.value, item)
        return answer.value

    return await work.attempts(index).run(attempt)
