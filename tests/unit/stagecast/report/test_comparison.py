"""Original against optimized, as rows."""

from contracts.evidence import CandidateEvidence, JudgeEvidence
from stagecast.report.comparison import (
    candidates_of,
    cases_of,
    criterion_rows,
    glance,
    references_of,
    trusts,
    use_rows,
    word_payback,
    word_tuning,
)
from tests.evidence_examples import CANDIDATES, OPTIMIZED, ORIGINAL, ORIGINAL_USE, evidence

IMPROVED = evidence("improved", 9, 0, 1)


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_use_is_told_old_against_new_with_bars_to_the_longer_one():
    cost, time, read, written, length = use_rows(IMPROVED)
    assert (cost.both, plain(cost.change)) == ("$0.0279 → $0.0177", "\N{MINUS SIGN}37 %")
    assert (time.both, plain(time.change)) == ("1.3 s → 980 ms", "\N{MINUS SIGN}25 %")
    assert (read.before_part < 1.0, read.after_part) == (True, 1.0)
    assert (written.before_part, written.after_part < 1.0) == (1.0, True)
    assert length.both == f"{len(ORIGINAL)} → {len(OPTIMIZED)}"


def test_an_unknown_cost_has_no_bar_and_no_change_and_is_said_once():
    unknown = ORIGINAL_USE.model_copy(update={"cost_per_1000_calls": None, "latency": None})
    cost, time, *_ = use_rows(evidence("improved", 9, 0, 1, original_use=unknown, optimized_use=unknown))
    assert (cost.both, cost.change, cost.before_part, cost.after_part) == ("unknown", "", 0.0, 0.0)
    assert time.both == "unknown"
    half = use_rows(evidence("improved", 9, 0, 1, original_use=unknown))[0]
    assert (half.both, half.change) == ("unknown → $0.0177", "")


def test_a_reader_in_a_hurry_sees_the_old_and_new_cost_only_of_what_is_delivered():
    assert [fact.label for fact in glance(IMPROVED)] == [
        *("Cost of 1,000 calls", "Time of a call, median", "This optimization cost", "It took"),
    ]
    kept = glance(evidence("regressed", 1, 0, 9, optimization={"cost": None, "stoppedBy": "The budget was spent."}))
    assert [(fact.label, fact.value, fact.note) for fact in kept] == [
        ("This optimization cost", "unknown", "0 model calls"),
        ("It took", "0 ms", "stopped early"),
    ]


def test_scores_are_told_in_points():
    rows = criterion_rows(IMPROVED)
    assert [(row.label, plain(row.both), row.change) for row in rows[1:3]] == [
        ("at most 60 words", "80 % → 100 %", "+20 points"),
        ("keeps the order number", "100 % → 90 %", "\N{MINUS SIGN}10 points"),
    ]


def test_losses_come_first_and_the_cases_that_were_tuned_on_by_themselves():
    found = evidence("no_clear_change", 2, 1, 2)
    assert [(case.number, case.outcome) for case in cases_of(found, "held_out")] == [
        *((10, "loss"), (11, "loss"), (9, "tie"), (7, "win"), (8, "win")),
    ]
    assert [case.number for case in cases_of(found, "tuning")] == [1, 2, 3, 4, 5, 6]


def test_the_best_candidate_comes_first_and_rejected_ones_behind_those_that_were_beaten():
    mixed = evidence("improved", 9, 0, 1, candidates=CANDIDATES[::-1])
    assert [candidate.fate for candidate in candidates_of(mixed)] == ["winner", "beaten", "rejected"]


def test_what_was_never_run_on_tuning_cases_has_no_score():
    assert word_tuning(CandidateEvidence(strategy="x", fate="untested", reason="")) == ""
    assert plain(word_tuning(CANDIDATES[0])) == "won 5, tied 1, lost 0; checks passed 92 %"


def test_the_prompt_that_is_not_delivered_can_be_read_too():
    assert [one.prompt for one in references_of(IMPROVED)] == [ORIGINAL]
    assert references_of(evidence("regressed", 1, 0, 9)) == []  # it is among the candidates
    refined = references_of(evidence("regressed", 1, 0, 9, best_prompt="refined"))
    assert [(one.name, one.prompt) for one in refined] == [("best rewrite", "refined")]


def test_a_judge_is_told_by_its_flips_its_position_and_its_taste_for_length():
    judge = JudgeEvidence(model="m", pairs=18, flips=7, flip_rate=7 / 18, first_share=0.81)
    flips, first, longer = trusts(judge)
    assert (plain(flips.share), flips.fair) == ("39 %", 0.0)
    assert flips.means.startswith("In 7 of 18 pairs; these count as ties.")
    assert (plain(first.share), first.fair) == ("81 %", 0.5)
    assert (longer.share, longer.part) == ("unknown", None)


def test_when_it_has_paid_off_is_told_only_where_it_saves_and_all_costs_are_known():
    spent = {"cost": 0.5}
    assert word_payback(evidence("improved", 9, 0, 1, optimization=spent)).endswith("paid back after 49,020 calls.")
    dearer = ORIGINAL_USE.model_copy(update={"cost_per_1000_calls": 0.001})
    assert word_payback(evidence("improved", 9, 0, 1, original_use=dearer)) == ""
    assert word_payback(evidence("improved", 9, 0, 1, optimization={"cost": None})) == ""
    assert word_payback(evidence("regressed", 1, 0, 9, optimization=spent)) == ""
