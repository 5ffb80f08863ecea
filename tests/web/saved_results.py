"""Results as runners save them, put where a stack's gateways look for them: for views of what has ended."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from contracts.envelope import utc_now
from contracts.ids import new_execution_id
from contracts.results import PipelineResult
from stagecast.outputs import OutputStore
from tests.report_examples import result_of


async def save_result(outputs: Path, result: PipelineResult, **changes: Any) -> PipelineResult:
    """Save a result under an id of its own, and return it as it was saved."""
    saved = result.model_copy(update={"execution_id": new_execution_id(), "timestamp": utc_now(), **changes})
    await OutputStore.open(str(outputs)).save(saved)
    return saved


async def save_many(outputs: Path, count: int, needle: int) -> Sequence[str]:
    """Save so many small results, minutes apart, and return their ids, oldest first; one has another prompt."""
    store = OutputStore.open(str(outputs))
    now = utc_now()
    ids: list[str] = []
    template = result_of("An answer.")
    for number in range(count):
        at = now - timedelta(minutes=count - number)
        prompt = "the needle in the hay" if number == needle else f"straw number {number}"
        execution_id = new_execution_id(int(at.timestamp() * 1000))
        ids.append(execution_id)
        await store.save(
            template.model_copy(
                update={
                    "execution_id": execution_id,
                    "timestamp": at,
                    "pipeline_id": "echo-v1" if number % 2 else "summarize-v1",
                    "status": "failed" if number % 10 == 0 else "success",
                    "input": template.input.model_copy(update={"prompt": prompt}),
                }
            )
        )
    return ids
