"""What a prompt optimization proves, as Markdown: the verdict first, then everything that stands behind it."""

from collections.abc import Sequence

from contracts.evidence import CaseEvidence, Evidence, Optimization, TriedAnswer
from stagecast.report.comparison import (
    DECIDED_WORDS,
    FATE_WORDS,
    OUTCOME_SYMBOLS,
    OUTCOME_WORDS,
    PairRow,
    candidates_of,
    cases_of,
    criterion_rows,
    references_of,
    trusts,
    use_rows,
    word_payback,
    word_tuning,
)
from stagecast.report.figures import word_count, word_share
from stagecast.report.foreign import clip, has_unseen
from stagecast.report.markdown_text import bar, bullets, clipped_fence, fence, inline, table
from stagecast.report.verdict import counted, is_compared, is_digest_matched, word_interval, word_verdict
from stagecast.wording import word_cost, word_duration, word_tokens

_ANSWERS_CHARS = 400_000  # of all answers together
_LEAST_ANSWER_CHARS, _MOST_ANSWER_CHARS = 400, 4_000
_PROMPT_CHARS = 20_000  # of a candidate; what is delivered is whole
_MOST_TILES = 60


def write_evidence(optimization: Optimization) -> list[str]:
    """Write everything an optimization has to say, as blocks."""
    evidence = optimization.evidence
    return [
        *_write_verdict(optimization),
        *_write_changes(evidence),
        *_write_criteria(evidence),
        *_write_use(evidence),
        *_write_cases(evidence),
        *_write_judge(evidence),
        *_write_candidates(evidence),
        "## What the optimization took",
        _spent(evidence),
        *_write_origin(optimization),
    ]


def _write_verdict(optimization: Optimization) -> list[str]:
    evidence = optimization.evidence
    verdict = word_verdict(optimization)
    parts = [f"## {verdict.symbol} {verdict.headline}".replace("## =", "## \\="), inline(verdict.reason)]
    if is_compared(evidence):
        parts += [_tiles(evidence)]
    parts += [" ".join(part for part in (verdict.counts, verdict.chance) if part)]
    if evidence.sign_test.wins + evidence.sign_test.losses and is_compared(evidence):
        parts += [word_interval(evidence.sign_test)]
    if verdict.cautions:
        parts += ["### Read this with care", bullets([inline(caution) for caution in verdict.cautions])]
    parts += ["### The prompt that is delivered", verdict.delivered, fence(optimization.optimized_prompt)]
    if has_unseen(optimization.optimized_prompt):
        parts += ["It has characters that cannot be seen, named here in ⟨⟩: take it from the JSON result."]
    return parts


def _tiles(evidence: Evidence) -> str:
    test = evidence.sign_test
    counts = [
        (OUTCOME_SYMBOLS["win"], test.wins),
        (OUTCOME_SYMBOLS["tie"], test.ties),
        (OUTCOME_SYMBOLS["loss"], test.losses),
    ]
    scale = max(1.0, counted(test) / _MOST_TILES)
    drawn = " ".join(symbol * max(1, round(count / scale)) for symbol, count in counts if count)
    return f"`{drawn}` ▲ won, = tied, ▼ lost"


def _write_changes(evidence: Evidence) -> list[str]:
    if not evidence.diff:
        return []
    words = "".join(_marked(part.kind, part.text, part.change) for part in evidence.diff)
    whose = "that were tried and are not delivered" if evidence.is_original_delivered else "that are delivered"
    parts = ["## What changed", f"The changes {whose}: `[-left out-]`, `{{+put in+}}`, with the number of the change."]
    parts += [fence(words)]
    if evidence.changes:
        rows = [(str(change.number), inline(change.issue or "no reason was given")) for change in evidence.changes]
        parts += [table(("Change", "The issue it answers"), rows, align="><")]
    return parts


def _marked(kind: str, text: str, change: int | None) -> str:
    number = f"({change})" if change is not None else ""
    if kind == "insert":
        return f"{{+{text}+}}{number}"
    return f"[-{text}-]{number}" if kind == "delete" else text


def _write_criteria(evidence: Evidence) -> list[str]:
    rows = criterion_rows(evidence)
    return ["## Score by criterion, on held-out cases", _pairs("Criterion", rows)] if rows else []


def _write_use(evidence: Evidence) -> list[str]:
    if not is_compared(evidence):
        return []
    return ["## Using it", "As measured on the held-out cases.", _pairs("Measure", use_rows(evidence))]


def _pairs(heading: str, rows: Sequence[PairRow]) -> str:
    cells = [
        (
            *(inline(row.label), row.before, bar(row.before_part)),
            *(row.after, bar(row.after_part), row.change),
        )
        for row in rows
    ]
    return table((heading, "Original", "", "Optimized", "", "Change"), cells, align="<><><>")


def _write_cases(evidence: Evidence) -> list[str]:
    limit = min(_MOST_ANSWER_CHARS, max(_LEAST_ANSWER_CHARS, _ANSWERS_CHARS // max(1, 2 * len(evidence.per_case))))
    parts: list[str] = []
    if held_out := cases_of(evidence, "held_out"):
        parts += ["## The held-out cases", "Losses first.", _case_table(held_out)]
        for case in held_out:
            parts += _write_case(case, limit)
    if tuning := cases_of(evidence, "tuning"):
        parts += [
            "## The cases that were tuned on",
            "They chose the best rewrite, so they prove nothing.",
            _case_table(tuning),
        ]
    return parts


def _case_table(cases: Sequence[CaseEvidence]) -> str:
    rows = [
        (str(case.number), _outcome(case), DECIDED_WORDS[case.decided_by], inline(case.why), case.source)
        for case in cases
    ]
    return table(("Case", "Optimized", "How", "Why", "Source"), rows, align="><<<<")


def _outcome(case: CaseEvidence) -> str:
    return f"{OUTCOME_SYMBOLS[case.outcome]} {OUTCOME_WORDS[case.outcome]}"


def _write_case(case: CaseEvidence, limit: int) -> list[str]:
    parts = [
        f"### Case {case.number}: {_outcome(case)}",
        f"{DECIDED_WORDS[case.decided_by].capitalize()}. {inline(case.why)}",
    ]
    given = [(inline(name), value) for name, value in case.values.items()]
    given += [("Input", case.input)] if case.input else []
    given += [("Expected", case.expected)] if case.expected is not None else []
    for name, text in given:
        parts += [f"{name}:", clipped_fence(clip(text, limit))]
    for whose, answer in (("original", case.original), ("optimized", case.optimized)):
        parts += [f"**Answer to the {whose} prompt** ({_measures(answer)}):", _answer(answer, limit)]
    return parts


def _measures(answer: TriedAnswer) -> str:
    parts = [word_duration(answer.duration), f"{answer.output_tokens:,} tokens"]
    return ", ".join([*parts, f"checks passed {word_share(answer.score)}"] if answer.score is not None else parts)


def _answer(answer: TriedAnswer, limit: int) -> str:
    if answer.error is not None:
        return f"No answer: {inline(answer.error)}"
    return clipped_fence(clip(answer.text, limit)) if answer.text else "An empty answer."


def _write_judge(evidence: Evidence) -> list[str]:
    if evidence.judge is None:
        return []
    rows = [(trust.label, trust.share, bar(trust.part or 0.0), trust.means) for trust in trusts(evidence.judge)]
    asked = (
        f"{inline(evidence.judge.model)} was asked about {word_count(evidence.judge.pairs, 'pair')} of answers, about"
        " each twice, in both orders, without being told which prompt was which."
    )
    return [
        "## How far the judge can be trusted",
        asked,
        table(("Sign", "Share", "", "How to read it"), rows, align="<><<"),
    ]


def _write_candidates(evidence: Evidence) -> list[str]:
    candidates = candidates_of(evidence)
    parts = ["## What was tried"]
    if candidates:
        rows = [
            (inline(one.strategy), FATE_WORDS[one.fate], inline(one.reason), word_tuning(one), inline(one.model or ""))
            for one in candidates
        ]
        parts += [table(("Strategy", "Fate", "Why", "On tuning cases", "Written by"), rows)]
    else:
        parts += ["No rewrite was made."]
    if evidence.refinement:
        parts += [f"Refinement: {inline(evidence.refinement)}"]
    for one in candidates:
        if one.prompt is not None:
            parts += [f"### The rewrite by {inline(one.strategy)}", clipped_fence(clip(one.prompt, _PROMPT_CHARS))]
    for reference in references_of(evidence):
        parts += [f"### The {reference.name}", reference.about, clipped_fence(clip(reference.prompt, _PROMPT_CHARS))]
    return parts


def _spent(evidence: Evidence) -> str:
    spent = evidence.optimization
    tokens = word_tokens(spent.input_tokens, spent.output_tokens)
    parts = [word_count(spent.calls, "model call"), f"{tokens} tokens" if tokens else "no tokens"]
    parts += [f"cost {word_cost(spent.cost)}", word_duration(spent.duration)]
    lines = [f"{' · '.join(parts)}.", word_payback(evidence)]
    if spent.stopped_by is not None:
        lines.append(f"It was stopped early: {inline(spent.stopped_by)}")
    return " ".join(line for line in lines if line)


def _write_origin(optimization: Optimization) -> list[str]:
    evidence = optimization.evidence
    counts = evidence.cases
    lines = [
        f"Cases: {counts.supplied:,} supplied, {counts.drafted:,} drafted by a model; {counts.tuning:,} tuned on,"
        f" {counts.held_out:,} held out, {counts.held_out_tried:,} of those compared",
        f"Seed: {evidence.seed}",
        *(f"Model {inline(alias)}: {inline(model)}" for alias, model in evidence.models.items()),
    ]
    if evidence.tested_digest is not None:
        matched = ", that of the delivered prompt" if is_digest_matched(optimization) else ""
        lines.append(f"SHA-256 of the prompt that was tested: {inline(evidence.tested_digest)}{matched}")
    return ["## To do it again", bullets(lines)]
