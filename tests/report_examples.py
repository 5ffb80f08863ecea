"""Results of prompt optimizations as they could come out, one for each thing that a report must be able to say."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from contracts.evidence import (
    CaseCounts,
    CriterionScore,
    Evidence,
    JudgeEvidence,
    Optimization,
    OptimizationCost,
)
from contracts.results import PipelineInput, PipelineResult, ResultStatus, StageResult, Summary
from tests.evidence_examples import CANDIDATES, MODELS, OPTIMIZED_USE, ORIGINAL, ORIGINAL_USE, evidence

EXECUTION_ID = "exec_1795485032054_ndzgqqwxebh2jxdc"
FILENAME = "prompt-optimizer-v1_2026-11-24T01-50-32-054Z_ndzgqqwxebh2jxdc.json"


def _stages(cost: float | None) -> tuple[StageResult, ...]:
    rows: list[tuple[str, str, int, str | None, float | None, int, int]] = [
        ("analyze", "Analyze Prompt", 4_120, MODELS["fast"], 0.0009, 412, 180),
        ("rewrite", "Rewrite Candidates", 11_870, MODELS["strong"], 0.0312, 1_944, 1_402),
        ("evaluate", "Evaluate vs Original", 41_300, MODELS["target"], cost, 14_210, 4_377),
        ("refine", "Refine Winner", 9_450, MODELS["strong"], 0.0121, 1_130, 702),
        ("report", "Final Report", 29_610, MODELS["target"], 0.0301, 13_508, 3_210),
    ]
    made = [
        StageResult(
            stage_id=stage_id,
            stage_name=name,
            status="success",
            duration=duration,
            model=model,
            cost=spent,
            input_tokens=read,
            output_tokens=written,
        )
        for stage_id, name, duration, model, spent, read, written in rows
    ]
    skipped = StageResult(
        stage_id="cases", stage_name="Draft Test Cases", status="skipped", reason="16 test cases were supplied"
    )
    return (made[0], skipped, *made[1:])


def result_of(
    output: Any, *, status: ResultStatus = "success", cost: float | None = 0.0441, **fields: Any
) -> PipelineResult:
    """Make the result of an execution that delivered this; `cost` is that of its longest stage."""
    stages = _stages(cost)
    values: dict[str, Any] = {
        "execution_id": EXECUTION_ID,
        "pipeline_id": "prompt-optimizer-v1",
        "pipeline_version": "2.0.0",
        "status": status,
        "timestamp": datetime(2026, 11, 24, 1, 50, 32, 54_000, tzinfo=UTC),
        "input": PipelineInput(prompt=ORIGINAL, options={"seed": 20_261_124, "cases": "cases.csv"}),
        "output": output,
        "stages": stages,
        "summary": Summary(
            stages_run=5,
            stages_skipped=1,
            total_duration=96_400,
            total_cost=None if cost is None else sum(stage.cost or 0 for stage in stages),
            total_input_tokens=31_204,
            total_output_tokens=9_871,
        ),
    }
    return PipelineResult.model_validate({**values, **fields})


def optimization_result(evidence: Evidence, **fields: Any) -> PipelineResult:
    """Make the result of the optimization that this evidence is of, as it is read from its file."""
    delivered = evidence.original_prompt if evidence.is_original_delivered else evidence.best_prompt
    output = Optimization(
        optimized_prompt=delivered, verdict=evidence.verdict, reason=evidence.reason, evidence=evidence
    )
    return result_of(output.model_dump(mode="json", by_alias=True), **fields)


def improved() -> PipelineResult:
    """9 won, 1 lost: shown to be better."""
    return optimization_result(evidence("improved", 9, 0, 1, reason="It won 9 of 10 held-out cases and lost 1."))


def no_clear_change() -> PipelineResult:
    """Mostly ties, since the judge contradicts itself."""
    return optimization_result(
        evidence(
            "no_clear_change",
            4,
            5,
            3,
            reason="It won 4 held-out cases and lost 3, which chance alone explains.",
            judge=JudgeEvidence(
                model=MODELS["judge"], pairs=18, flips=7, flip_rate=7 / 18, first_share=0.81, longer_share=0.86
            ),
            cautions=(
                "The judge contradicted itself in 7 of 18 pairs.",
                "The judge preferred the longer answer in 86 % of the pairs that it decided.",
            ),
        )
    )


def regressed() -> PipelineResult:
    """1 won, 8 lost: shown to be worse."""
    return optimization_result(
        evidence(
            "regressed",
            1,
            1,
            8,
            reason="It lost 8 of 10 held-out cases although it had won on the tuning cases.",
            criteria=(
                CriterionScore(name="keeps the order number", kind="check", before=1.0, after=0.2, cases=10),
                CriterionScore(name="preferred by the judge", kind="judge", before=0.85, after=0.15, cases=10),
            ),
        )
    )


def too_few_cases() -> PipelineResult:
    """Four won of four, which proves nothing; stopped by its budget."""
    return optimization_result(
        evidence(
            "too_few_cases",
            4,
            0,
            0,
            reason="Only 4 held-out cases were compared; even all won cannot show a difference.",
            cases=CaseCounts(supplied=6, drafted=4, tuning=4, held_out=6, held_out_tried=4),
            optimization=OptimizationCost(
                calls=60,
                input_tokens=9_100,
                output_tokens=2_700,
                cost=0.05,
                duration=41_000,
                stopped_by="The budget of 60 calls was spent.",
            ),
            cautions=("4 of the cases were drafted by a model and not supplied.",),
        )
    )


def no_candidate() -> PipelineResult:
    """Every rewrite was refused, so nothing was compared."""
    refused = tuple(
        candidate.model_copy(update={"fate": "rejected", "reason": reason, "wins": 0, "ties": 0, "score": None})
        for candidate, reason in zip(
            CANDIDATES,
            ("It invented the placeholder {order}.", "It is the original.", "It lost the placeholder {message}."),
            strict=True,
        )
    )
    return optimization_result(
        evidence(
            "no_clear_change",
            0,
            0,
            0,
            reason="No rewrite passed the checks, so there was nothing to compare.",
            winner="original",
            best_prompt=ORIGINAL,
            cases=CaseCounts(supplied=16, tuning=6, held_out=10),
            criteria=(),
            per_case=(),
            judge=None,
            optimized_use=ORIGINAL_USE,
            diff=(),
            changes=(),
            candidates=refused,
            refinement="",
        )
    )


def unknown_cost() -> PipelineResult:
    """Better, on a model of which nobody knows the price."""
    return optimization_result(
        evidence(
            "improved",
            10,
            0,
            0,
            reason="It won all 10 held-out cases.",
            original_use=ORIGINAL_USE.model_copy(update={"cost_per_1000_calls": None}),
            optimized_use=OPTIMIZED_USE.model_copy(update={"cost_per_1000_calls": None, "latency": None}),
            optimization=OptimizationCost(
                calls=148, input_tokens=31_204, output_tokens=9_871, cost=None, duration=96_400
            ),
            models={**MODELS, "target": "openai-compatible:house-model"},
        ),
        cost=None,
    )


EXAMPLES: dict[str, Callable[[], PipelineResult]] = {
    "improved": improved,
    "no_clear_change": no_clear_change,
    "regressed": regressed,
    "too_few_cases": too_few_cases,
    "no_candidate": no_candidate,
    "unknown_cost": unknown_cost,
}
"""By name; each makes its result anew."""
