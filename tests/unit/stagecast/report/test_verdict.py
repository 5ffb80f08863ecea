"""The verdict in sentences."""

import hashlib

import pytest

from contracts.evidence import Evidence, Optimization
from stagecast.report.verdict import (
    is_compared,
    is_digest_matched,
    least_decided,
    word_counts,
    word_interval,
    word_sign_test,
    word_verdict,
)
from tests.evidence_examples import OPTIMIZED, ORIGINAL, evidence


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def optimization(evidence: Evidence, prompt: str | None = None) -> Optimization:
    delivered = ORIGINAL if evidence.is_original_delivered else OPTIMIZED
    return Optimization(
        optimized_prompt=delivered if prompt is None else prompt,
        verdict=evidence.verdict,
        reason=evidence.reason,
        evidence=evidence,
    )


def test_a_gain_that_is_shown_is_said_with_what_chance_would_do():
    shown = evidence("improved", 9, 0, 1)
    words = word_verdict(optimization(shown))
    assert words.headline == "The optimized prompt is better."
    assert word_counts(shown) == (
        "On 10 held-out test cases, which no earlier step had seen, the optimized prompt won 9, tied 0 and lost 1."
    )
    assert plain(word_sign_test(shown)) == (
        "If both prompts were equally good, chance alone would split them at least so unevenly 2 % of the time."
        " Below 5 %, a difference counts as shown."
    )
    assert plain(word_interval(shown.sign_test)) == (
        "Of the 10 decided cases the rewrite won 90 %. For all cases like these the share lies between 55 % and 99.7 %"
        " (95 % interval)."
    )
    assert words.delivered == "This is the optimized prompt, letter for letter as it was tested."


@pytest.mark.parametrize(
    ("found", "headline"),
    [
        (evidence("no_clear_change", 4, 2, 3), "No clear change: you get your original prompt back."),
        (evidence("regressed", 1, 0, 9), "The best rewrite does worse: you get your original prompt back."),
        (evidence("too_few_cases", 4, 0, 0), "Too few test cases to tell: you get your original prompt back."),
    ],
)
def test_whoever_gets_the_original_back_is_told_so_and_why(found: Evidence, headline: str):
    words = word_verdict(optimization(found))
    assert words.headline == headline
    assert words.delivered == (
        "This is your original prompt, letter for letter. What was tried, 3 rewrites, is listed below."
    )
    assert words.reason == found.reason
    assert "the best rewrite won" in words.counts


def test_what_chance_explains_is_not_said_to_be_shown():
    assert "so this shows none" in word_sign_test(evidence("no_clear_change", 6, 0, 3))
    even = plain(word_sign_test(evidence("no_clear_change", 4, 5, 3)))
    assert (
        even == "If both prompts were equally good, chance alone would always split them so: this shows no difference."
    )
    assert word_sign_test(evidence("no_clear_change", 0, 8, 0)) == (
        "Every case was a tie, so nothing speaks for either prompt."
    )


def test_too_few_cases_are_said_to_be_too_few_with_how_many_it_takes():
    words = plain(word_sign_test(evidence("too_few_cases", 5, 0, 0)))
    assert "6 % of the time" in words
    assert "at least 6 decided cases are needed" in words
    assert [least_decided(0.05), least_decided(0.01), least_decided(0.0)] == [6, 8, 64]


def test_where_no_rewrite_was_compared_no_test_is_told():
    nothing = evidence("no_clear_change", 0, 0, 0, winner="original", candidates=())
    words = word_verdict(optimization(nothing))
    assert not is_compared(nothing)
    assert words.counts == "No rewrite was compared with the original on held-out cases."
    assert words.chance == ""
    assert words.delivered == "This is your original prompt, letter for letter."


def test_held_out_cases_that_were_not_reached_are_a_caution():
    cut = evidence(
        "improved",
        8,
        0,
        0,
        cases={"heldOut": 12, "heldOutTried": 8, "untriedBecause": "the rest could not have changed the verdict"},
        cautions=("First this.",),
    )
    assert word_verdict(optimization(cut)).cautions == (
        "First this.",
        "4 of 12 held-out cases were not compared: the rest could not have changed the verdict.",
    )


def test_a_delivered_prompt_that_is_not_the_tested_one_is_a_caution():
    digest = hashlib.sha256(OPTIMIZED.encode()).hexdigest()
    found = evidence("improved", 9, 0, 1, tested_digest=digest)
    assert is_digest_matched(optimization(found)) is True
    assert word_verdict(optimization(found)).cautions == ()
    other = optimization(found, OPTIMIZED + " ")
    assert is_digest_matched(other) is False
    assert word_verdict(other).cautions == (
        "The digest of the delivered prompt is not that of the prompt that was tested.",
    )
    assert is_digest_matched(optimization(evidence("improved", 9, 0, 1))) is None
    assert is_digest_matched(optimization(evidence("regressed", 1, 0, 9, tested_digest=digest))) is None
