"""`refine`: one look at what the best prompt missed on tuning cases, one new version, kept only if it does not lose."""

from contracts.errors import BudgetExceeded, StageError
from runner.functions.asking import is_built_in
from runner.functions.optimizer.allowance import Allowance
from runner.functions.optimizer.analysis import Analysis
from runner.functions.optimizer.arena import JUDGE_CALLS, Arena, calls_to_prove
from runner.functions.optimizer.comparison import ORIGINAL, Comparison, Refinement
from runner.functions.optimizer.guards import refuse_rewrite
from runner.functions.optimizer.race import Standing
from runner.functions.optimizer.rewrite import write_prompt
from runner.functions.optimizer.rules import Rules
from runner.functions.optimizer.strategies import Strategy
from runner.functions.wording import shorten
from runner.values import Json
from stagecast.functions import CheckContext, FunctionContext

_REFINE = Strategy(
    id="refine",
    ask=(
        "In <notes> are requests that it got wrong, with the answers and what was wrong with them. Find the cause in "
        "the prompt and mend it, in general: do not name or quote these requests."
    ),
    choose="Choose the one or two sentences that would prevent the problems in <notes>.",
)
_MAX_FAILURES = {True: 2, False: 6}  # shown to the built-in model, and to others
_FAILURE_CHARS = {True: 150, False: 1_500}


async def refine(
    context: FunctionContext,
    *,
    comparison: dict[str, Json],
    analysis: dict[str, Json] | None = None,
    rules: dict[str, Json] | None = None,
) -> dict[str, Json]:
    """Return a `Refinement`. Whatever fails here costs the new version only: the winner stays.

    Args:
        context: the stage's; its model writes, `target` and `judge` compare.
        comparison: what `compare` returned.
        analysis: what `analyze` returned.
        rules: see `Rules`.
    """
    found = Comparison.model_validate(comparison)
    known = Analysis.model_validate(analysis or {})
    is_small = is_built_in(context, context.stage_model)
    try:
        written = await write_prompt(
            context, context.stage_model, found.best_prompt, _REFINE, known, _notes(found, is_small=is_small)
        )
    except BudgetExceeded as refused:
        return Refinement(reason="There was no budget to refine it.", stopped=refused.message.rstrip(".")).model_dump()
    except StageError as error:
        return Refinement(reason=f"No new version was written: {error.message}").model_dump()
    refinement = Refinement(written=written, reason="")
    refusal = refuse_rewrite(CheckContext(context.inputs, {}), written.prompt, _texts(found))
    if refusal is not None:
        refinement.reason = f"The new version was refused: {refusal}."
    elif (known_as := _name_of(written.prompt, found)) is not None:
        refinement.reason = f"The new version is the same as {known_as}, which was tried."
    else:
        await _try(context, Arena(context, found.original, known, Rules.read(rules)), found, refinement)
    if refinement.written is not None:
        verb = "is kept" if refinement.is_kept else "is not kept"
        await context.progress(f"The refinement {verb}. {refinement.reason}", {"kind": "refined"})
    return refinement.model_dump(mode="json")


async def _try(context: FunctionContext, arena: Arena, found: Comparison, refinement: Refinement) -> None:
    cases = found.tried_cases()
    allowance = Allowance(context, keep_calls=calls_to_prove(found.split))
    allowed = await allowance.cases(len(cases), 1 + JUDGE_CALLS)
    if refinement.written is None or allowed == 0:
        refinement.reason = f"The new version was not tried: {allowance.why or 'there are no cases'}."
        return
    cases, prompt = cases[:allowed], refinement.written.prompt
    try:
        answers = (await arena.answer_all([prompt], cases))[0]
        pairs = zip(cases, answers, strict=True)
        duels = await arena.decide_all([(case, found.best_answers[case.number], answer) for case, answer in pairs])
    except BudgetExceeded as refused:
        refinement.reason = "The new version could not be tried to the end."
        refinement.stopped = refused.message.rstrip(".")
        return
    scores = [answer.score for answer in answers if answer.score is not None]
    standing = Standing(strategy="refine", prompt=prompt, duels=duels, scores=scores)
    refinement.standing = standing
    refinement.is_kept = _is_kept(standing, found)
    against = "the original" if found.winner == ORIGINAL else f"'{found.winner}'"
    refinement.reason = f"Against {against} it stood at {standing.told()}."


def _name_of(prompt: str, found: Comparison) -> str | None:
    """Return which prompt that was tried already is the same; None where there is none."""
    tried = {standing.prompt.strip(): f"'{standing.strategy}'" for standing in found.standings}
    return {**tried, found.original.strip(): "the original"}.get(prompt.strip())


def _is_kept(standing: Standing, found: Comparison) -> bool:
    if standing.lead != 0:
        return standing.lead > 0
    # Level: something that costs less to use is worth having, but the original needs a reason to be left.
    return found.winner != ORIGINAL and len(standing.prompt) < len(found.best_prompt)


def _notes(found: Comparison, *, is_small: bool) -> str:
    limit = _FAILURE_CHARS[is_small]
    told = [
        "\n".join(
            [
                f"Request: {shorten(failure.request, limit)}",
                f"Answer: {shorten(failure.answer, limit)}",
                *([] if failure.expected is None else [f"Expected: {shorten(failure.expected, limit)}"]),
                f"Wrong: {failure.why}",
            ]
        )
        for failure in found.failures[: _MAX_FAILURES[is_small]]
    ]
    return "\n\n".join(told)


def _texts(found: Comparison) -> list[str]:
    cases = [numbered.case for numbered in found.split.tuning]
    return [text for case in cases for text in (*case.values().values(), case.input, case.expected or "")]
