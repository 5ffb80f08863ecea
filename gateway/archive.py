"""Executions whose events have left the log: what their saved results still tell."""

from datetime import timedelta

from pydantic import ValidationError

from contracts.errors import OutputNotFound
from contracts.events import ExecutionCompleted
from contracts.results import PipelineResult
from stagecast.log import Entry
from stagecast.outputs import OutputStore


class Archive:
    """Finds the end of an execution among the saved results."""

    def __init__(self, outputs: OutputStore) -> None:
        self._outputs = outputs

    async def find_end(self, execution_id: str) -> ExecutionCompleted | None:
        """Return how an execution ended, without a number; None where no result was saved or it cannot be read.

        Raises:
            OutputsUnavailable: the storage does not answer.
        """
        filename = await self._outputs.find(execution_id)
        if filename is None:
            return None
        try:
            result = PipelineResult.model_validate_json(await self._outputs.read(filename))
        except (OutputNotFound, ValidationError):
            return None
        # As far as the result tells: it does not say how long the execution waited before it began.
        ended_at = result.timestamp + timedelta(milliseconds=result.summary.total_duration)
        return ExecutionCompleted(execution_id=execution_id, at=ended_at, result=result, filename=filename)


def entry_of(end: ExecutionCompleted) -> Entry:
    """Write such an end as it is told to subscribers: like the stored event, but without its number."""
    data = end.model_dump_json(by_alias=True, exclude={"seq"}).encode()
    return Entry(end.execution_id, end.type, None, data)
