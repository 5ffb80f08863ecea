"""How seldom a service looks for garbage that only the collector can find."""

import gc

_ALLOCATIONS = 20_000  # by default 700: a service under load then spends 4 % of its time on looking
_YOUNG_ROUNDS = 20  # of the youngest generation for one of the middle, and of that one for one of all


def collect_seldom() -> None:
    """Leave what is loaded by now out of every later collection, and collect the rest less often.

    To be called once, when the program is loaded and before it serves. Nearly everything that serving leaves behind is
    freed without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, _YOUNG_ROUNDS, _YOUNG_ROUNDS)
