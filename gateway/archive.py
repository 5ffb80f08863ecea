"""Executions whose events have left the log: what their saved results still tell."""

from datetime import timedelta

import structlog
from pydantic import ValidationError

from contracts.errors import OutputNotFound, OutputUnreadable
from contracts.events import ExecutionCompleted
from contracts.results import PipelineResult
from stagecast.log import Entry
from stagecast.outputs import OutputStore

_log = structlog.get_logger(__name__)


class Archive:
    """Finds the end of an execution among the saved results."""

    def __init__(self, outputs: OutputStore) -> None:
        self._outputs = outputs

    async def find_end(self, execution_id: str) -> ExecutionCompleted | None:
        """Return how an execution ended, without a number; None where no result was saved.

        Raises:
            OutputUnreadable: what was saved is no whole result. Lists show it all the same where they can read their
                part of it: nobody is told that it is not there.
            OutputsUnavailable: the storage does not answer.
        """
        filename = await self._outputs.find(execution_id)
        if filename is None:
            return None
        try:
            result = PipelineResult.model_validate_json(await self._outputs.read(filename))
            # As far as the result tells: it does not say how long the execution waited before it began.
            ended_at = result.timestamp + timedelta(milliseconds=result.summary.total_duration)
        except OutputNotFound:
            return None
        except ValidationError as error:
            raise _unreadable(filename, _fault_in(error)) from error
        except OverflowError as error:
            raise _unreadable(filename, "its times are out of range") from error
        return ExecutionCompleted(execution_id=execution_id, at=ended_at, result=result, filename=filename)


def _unreadable(filename: str, fault: str) -> OutputUnreadable:
    _log.warning("saved result cannot be read", filename=filename, reason=fault)
    return OutputUnreadable(f"The saved result cannot be read: {fault}.")


def _fault_in(error: ValidationError) -> str:
    """Name the first place that is wrong, in a clause."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def entry_of(end: ExecutionCompleted) -> Entry:
    """Write such an end as it is told to subscribers: like the stored event, but without its number."""
    data = end.model_dump_json(by_alias=True, exclude={"seq"}).encode()
    return Entry(end.execution_id, end.type, None, data)
