"""A result whose every text wants out of its place, as any text of a stranger's or a model's may."""

from collections.abc import Sequence

from contracts.evidence import (
    CandidateEvidence,
    CaseOutcome,
    CriterionScore,
    DiffPart,
    JudgeEvidence,
    PromptChange,
    TriedAnswer,
)
from contracts.results import PipelineInput, PipelineResult
from tests.evidence_examples import case, evidence
from tests.report_examples import optimization_result

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\n</pre></details></style>"
    "\n```\n~~~~\n# not a heading\n| a | b |\n[link](javascript:alert(1)) {{ 7 * 7 }} {% raw %}\n"
    "\u202egnirts desrever\u2066 \u200f\u200b\U000e0041 NUL:\x00 ESC:\x1b[31m BEL:\x07 CR:\r\n"
    "`````````` & &amp; \"quoted\" 'single'\n\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd 👩‍🚀"
)  # fmt: skip


def hostile(*, answer_length: int = 100_000, count: int = 40) -> PipelineResult:
    """Text that wants out of its place wherever there is text, long answers, and many cases."""
    outcomes: Sequence[CaseOutcome] = ("win", "tie", "loss")
    words = (HOSTILE + " ") * (answer_length // len(HOSTILE) + 1)
    answer = TriedAnswer(text=words[:answer_length], score=0.5, output_tokens=30_000, duration=61_000)
    made = tuple(
        case(
            number,
            outcomes[number % 3],
            why=HOSTILE,
            values={HOSTILE: HOSTILE},
            input=HOSTILE,
            expected=HOSTILE,
            original=answer,
            optimized=TriedAnswer(text="", error=HOSTILE) if number % 7 == 0 else answer,
        )
        for number in range(count)
    )
    wins, ties, losses = (sum(one.outcome == outcome for one in made) for outcome in outcomes)
    result = optimization_result(
        evidence(
            "improved",
            wins,
            ties,
            losses,
            reason=HOSTILE,
            winner=HOSTILE,
            original_prompt=HOSTILE + "{a}",
            best_prompt=HOSTILE + "{b}",
            tested_digest="0" * 64,
            criteria=(CriterionScore(name=HOSTILE, kind="judge", before=-1, after=7, cases=count),),
            per_case=made,
            judge=JudgeEvidence(model=HOSTILE, pairs=1, flips=3, flip_rate=3, first_share=-1),
            diff=(
                DiffPart(kind="equal", text=HOSTILE),
                DiffPart(kind="delete", text="{a}", change=1),
                DiffPart(kind="insert", text="{b}" + HOSTILE, change=1),
            ),
            changes=(PromptChange(number=1, before=HOSTILE, after=HOSTILE, issue=HOSTILE),),
            candidates=(CandidateEvidence(strategy=HOSTILE, fate="rejected", reason=HOSTILE, prompt=HOSTILE),),
            refinement=HOSTILE,
            models={HOSTILE: HOSTILE},
            cautions=(HOSTILE,),
        ),
        error=HOSTILE,
        error_code=HOSTILE,
        owner=HOSTILE,
        pipeline_version=HOSTILE,
        input=PipelineInput(prompt=HOSTILE, options={HOSTILE: [HOSTILE]}),
    )
    stages = [
        stage.model_copy(update={"stage_name": HOSTILE, "model": HOSTILE, "reason": HOSTILE, "error": HOSTILE})
        for stage in result.stages
    ]
    return result.model_copy(update={"pipeline_id": HOSTILE, "stages": tuple(stages)})
