"""Two or three runners, gateways, cancellers and subscribers on one log, all real, in thousands of interleavings.

About 2,600 here (1,000 that hypothesis draws, each single fault at each step of each pipeline, and each loss of a
runner that is finishing), 300 in `test_mutations`.

`--hypothesis-profile=thorough` tries ten times as many. A failure names its plan; `explore(Plan(…))` shows it again.
"""

import os
import secrets
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, note, seed, settings

from tests.interleaving.explorer import explore
from tests.interleaving.pipelines import PIPELINES
from tests.interleaving.schedule import Fault, FaultKind, Plan, plans

_EXAMPLES = max(1_000, settings().max_examples) // len(PIPELINES)
_STEPS_OF_A_RUN = 66  # more than any pipeline takes when nothing goes wrong
_SEED = int(os.environ.get("INTERLEAVINGS_SEED") or secrets.randbelow(2**32))


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_promise_holds_however_crashes_freezes_and_cancels_interleave(pipeline: str) -> None:
    @seed(_SEED)
    @settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
    @given(plans(pipeline))
    def hold(plan: Plan) -> None:
        note(f"INTERLEAVINGS_SEED={_SEED}")
        explore(plan)

    hold()


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_no_single_fault_at_any_step_of_a_runner_breaks_a_promise(pipeline: str, kind: FaultKind) -> None:
    for step in range(_STEPS_OF_A_RUN):
        explore(Plan(pipeline, faults=(Fault("runner", step, kind, 45),)))


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_no_loss_of_a_runner_that_is_to_finish_breaks_a_promise(pipeline: str) -> None:
    for step in range(_STEPS_OF_A_RUN // 2):
        for begun in (8, 20):
            faults = (Fault("runner", begun, "finish", 0), Fault("runner", step, "kill", 45))
            explore(Plan(pipeline, faults=faults))
