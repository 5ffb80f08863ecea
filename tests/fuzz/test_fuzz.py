"""Bad clients do the gateway and its good clients no harm; `make fuzz` goes on for longer."""

from pathlib import Path

from tests.fuzz.trial import Plan, run_trial


async def test_bad_clients_are_shed_and_good_ones_notice_nothing(tmp_path: Path) -> None:
    findings = await run_trial(tmp_path, Plan(seed=7, rounds=1, share=0.25))
    assert findings.faults == [], findings
    assert findings.executions > 0
