"""Whose an execution is: told by its event 0 and by its result. What is somebody else's is as if it were not there.

One that nobody owns was submitted while nobody was asked who they are; only admins see it where they are asked.
"""

from contracts.errors import ExecutionNotFound, OutputNotFound
from contracts.results import PipelineResult
from contracts.wire import WireModel
from gateway.principal import Principal
from stagecast.log import Entry


class _Owned(WireModel):
    owner: str | None = None


def may_see_entry(principal: Principal, first: Entry) -> bool:
    """Tell whether an execution is theirs to see.

    Args:
        principal: who asks.
        first: its event 0, which names the owner.
    """
    if first.seq != 0:
        raise ValueError("only event 0 names the owner")
    return principal.may_see(None) or principal.may_see(_Owned.model_validate_json(first.data).owner)


def may_see_result(principal: Principal, result: PipelineResult | bytes) -> bool:
    """Tell whether a result is theirs to see, as an object or as it was saved."""
    if principal.may_see(None):  # they see everything, so the bytes need not be read
        return True
    owner = result.owner if isinstance(result, PipelineResult) else _Owned.model_validate_json(result).owner
    return principal.may_see(owner)


def check_execution(principal: Principal, owner: str | None) -> None:
    """Do nothing if an execution of this owner is theirs to see.

    Raises:
        ExecutionNotFound: it is not; that it exists is nobody else's business.
    """
    if not principal.may_see(owner):
        raise ExecutionNotFound


def check_output(principal: Principal, saved: bytes) -> None:
    """Do nothing if a saved result is theirs to see.

    Raises:
        OutputNotFound: it is not.
    """
    if not may_see_result(principal, saved):
        raise OutputNotFound


def owner_to_list(principal: Principal) -> str | None:
    """Return whose executions a list shows them; None for everybody's."""
    return None if principal.may_see(None) else principal.name
