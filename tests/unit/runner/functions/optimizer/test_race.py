from hypothesis import given
from hypothesis import strategies as st

from contracts.evidence import CaseOutcome
from runner.functions.optimizer.duel import Duel
from runner.functions.optimizer.race import Standing, is_decided, leader_of, still_running, why_out

OUTCOMES = st.lists(st.sampled_from(["win", "tie", "loss"]), max_size=8)


def standing(name: str, outcomes: list[CaseOutcome], prompt: str = "p") -> Standing:
    duels = [Duel(case=n, outcome=outcome, decided_by="checks", why="") for n, outcome in enumerate(outcomes)]
    return Standing(strategy=name, prompt=prompt, duels=duels)


def test_who_is_not_ahead_of_the_original_does_not_lead() -> None:
    assert leader_of([standing("a", ["win", "loss"]), standing("b", ["tie", "tie"])]) is None


def test_of_equals_the_shorter_prompt_leads() -> None:
    long, short = standing("long", ["win"], "longer"), standing("short", ["win"], "s")
    assert leader_of([long, short]) is short


@given(st.lists(OUTCOMES, min_size=1, max_size=4), st.integers(0, 4))
def test_nobody_drops_out_who_could_still_lead_alone(outcomes: list[list[CaseOutcome]], left: int) -> None:
    field = [standing(str(number), each) for number, each in enumerate(outcomes)]
    running = still_running(field, left)
    for one in field:
        if one in running:
            continue
        # It wins all that is left, everybody else loses nothing and wins nothing: still it is not ahead alone.
        others = [other.lead for other in field if other is not one]
        assert one.lead + left <= max([0, *others])


def test_a_race_is_decided_once_only_a_safe_leader_is_left() -> None:
    leader, other = standing("a", ["win", "win", "win"]), standing("b", ["loss", "loss", "loss"])
    assert is_decided([leader, other], 2)
    assert not is_decided([leader, other], 3)  # it could still lose its lead over the original
    assert is_decided([other], 3)
    assert not is_decided([other], 4)


def test_it_is_told_why_a_candidate_is_out() -> None:
    leader, other = standing("a", ["win", "win"]), standing("b", ["win", "loss"])
    assert why_out(other, leader, 1).startswith("'a' could not be caught any more: 1 won, 0 tied, 1 lost, against")
    assert why_out(standing("c", ["tie"]), None, 0) == "It did not do better than the original: 0 won, 1 tied, 0 lost."
