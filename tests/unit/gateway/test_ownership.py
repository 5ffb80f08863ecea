"""Whose an execution is, by its event 0 and by its result."""

import pytest

from contracts.errors import ExecutionNotFound, OutputNotFound
from contracts.events import encode
from contracts.scopes import Scope
from gateway.ownership import check_execution, check_output, may_see_entry, may_see_result, owner_to_list
from gateway.principal import EVERYBODY, Principal
from stagecast.log import Entry
from tests.example_events import Example


def principal(name: str, *scopes: Scope) -> Principal:
    return Principal(name, frozenset(scopes))


ALICE, BOB, ADMIN = principal("alice", "read", "run"), principal("bob", "read", "run"), principal("ops", "admin")


def first_entry(owner: str | None) -> Entry:
    queued = Example().queued().model_copy(update={"owner": owner})
    return Entry(queued.execution_id, queued.type, 0, encode(queued))


def saved(owner: str | None) -> bytes:
    return Example().completed(1).result.model_copy(update={"owner": owner}).model_dump_json(by_alias=True).encode()


@pytest.mark.parametrize(
    ("who", "owner", "sees"),
    [
        (ALICE, "alice", True),
        (BOB, "alice", False),
        (ADMIN, "alice", True),
        (EVERYBODY, "alice", True),
        (ALICE, None, False),
        (ADMIN, None, True),
        (EVERYBODY, None, True),
    ],
)
def test_one_sees_ones_own_and_admins_see_all(who: Principal, owner: str | None, sees: bool) -> None:
    assert may_see_entry(who, first_entry(owner)) is sees
    assert may_see_result(who, saved(owner)) is sees
    assert may_see_result(who, Example().completed(1).result.model_copy(update={"owner": owner})) is sees


def test_only_event_0_tells_the_owner() -> None:
    entry = first_entry("alice")
    with pytest.raises(ValueError, match="event 0"):
        may_see_entry(ALICE, Entry(entry.execution_id, entry.type, 1, entry.data))


def test_what_is_somebody_elses_is_not_there() -> None:
    check_execution(ALICE, "alice")
    check_output(ALICE, saved("alice"))
    with pytest.raises(ExecutionNotFound):
        check_execution(BOB, "alice")
    with pytest.raises(OutputNotFound):
        check_output(BOB, saved("alice"))


def test_lists_show_ones_own_and_admins_everybodys() -> None:
    assert owner_to_list(ALICE) == "alice"
    assert owner_to_list(ADMIN) is None
    assert owner_to_list(EVERYBODY) is None
