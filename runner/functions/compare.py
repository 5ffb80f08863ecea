"""`compare`: runs the original prompt and its candidates on the same test cases and names the best.

One run of each by one target model, marked as `trial` says. No statistics and no judge: a small difference may be
chance, and the verdict says on how little it stands.
"""

from collections.abc import Sequence

from runner.functions.trial import Case, Trial, Trials
from runner.values import Json
from stagecast.functions import FunctionContext

ORIGINAL = "original"
MIN_GAIN = 0.05
"""The least difference of scores, of 1, that counts as better."""


async def compare(
    context: FunctionContext,
    *,
    baseline: str,
    candidates: list[dict[str, Json]],
    cases: list[dict[str, Json]],
    max_parallel: int = 4,
) -> dict[str, Json]:
    """Return the trials of all prompts, which one won, and on what grounds.

    The keys are `baseline`, `candidates`, `winner`, `failures` (what the winner misses), `cases` and `writtenBy`.

    The winner is the original (strategy `original`) unless a candidate scores better by `MIN_GAIN`. A prompt that
    could not be run on every case has the score None and never wins; without a score of the original nobody does.

    Args:
        context: the stage's; its model answers the prompts.
        baseline: the original prompt.
        candidates: as `rewrite` returns them; one that equals an earlier one or the original is not run again.
        cases: as `trial.Case`; none means one run of the prompt as it is.
        max_parallel: model calls in flight.
    """
    known = [Case.model_validate(case) for case in cases] or [Case()]
    trials = Trials(context, baseline, known, max_parallel)
    prompts = {baseline.strip(): (ORIGINAL, baseline)}
    for candidate in candidates:
        text = str(candidate["prompt"])
        prompts.setdefault(text.strip(), (str(candidate["strategy"]), text))
    authors = authors_of(candidates)
    if len(prompts) == 1:
        # Nothing to compare with: the calls would buy no knowledge.
        first = Trial(strategy=ORIGINAL, prompt=baseline)
        return _outcome(first, [], first, known, authors)
    tried = await trials.run_all(list(prompts.values()))
    return _outcome(tried[0], tried[1:], best_of(tried[0], tried[1:]), known, authors)


def best_of(incumbent: Trial, challengers: Sequence[Trial]) -> Trial:
    """Return the challenger with the highest score if it beats the incumbent by `MIN_GAIN`, else the incumbent."""
    if incumbent.score is None:
        return incumbent
    scored = [(trial.score, trial) for trial in challengers if trial.score is not None]
    score, best = max(scored, key=lambda pair: pair[0], default=(0.0, incumbent))
    return best if score >= incumbent.score + MIN_GAIN else incumbent


def authors_of(candidates: Sequence[dict[str, Json]]) -> list[str]:
    """Return the models that wrote the candidates, as far as they say so, each once."""
    return sorted({str(candidate["model"]) for candidate in candidates if candidate.get("model")})


def _outcome(
    baseline: Trial, candidates: Sequence[Trial], winner: Trial, cases: Sequence[Case], authors: Sequence[str]
) -> dict[str, Json]:
    return {
        "baseline": baseline.model_dump(),
        "candidates": [trial.model_dump() for trial in candidates],
        "winner": winner.model_dump(),
        "failures": [failure.model_dump() for failure in winner.failures],
        "cases": [case.model_dump() for case in cases],
        "writtenBy": list(authors),
    }
