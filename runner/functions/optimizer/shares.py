"""How many test cases are for tuning and how many are held out. Which ones is decided by chance, in `cases`.

A module of its own because gateways, which estimate, import it.
"""

LEAST_HELD_OUT = 6
"""With fewer held-out cases not even winning them all would be more than chance (two-sided sign test, 5 %)."""
_HELD_OUT_SHARE = 0.6  # a tuning case helps to choose, a held-out one to prove: proof needs more of them


def share_out(cases: int, max_tuning: int, max_held_out: int) -> tuple[int, int]:
    """Return how many of so many cases are for tuning, and how many are held out.

    Most are held out, at least `LEAST_HELD_OUT` where there are enough; one is always left for tuning.
    """
    held_out = max(0, min(cases - 1, max_held_out, max(LEAST_HELD_OUT, round(cases * _HELD_OUT_SHARE))))
    return min(cases - held_out, max_tuning), held_out
