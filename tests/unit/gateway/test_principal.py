"""What each scope allows, and whose executions somebody sees."""

import pytest

from contracts.scopes import Scope
from gateway.principal import EVERYBODY, Principal
from gateway.refusals import Forbidden


def principal(*scopes: Scope, name: str | None = "alice") -> Principal:
    return Principal(name, frozenset(scopes))


def test_admin_includes_the_other_scopes_and_they_do_not_include_each_other() -> None:
    assert all(principal("admin").may(scope) for scope in ("read", "run", "admin"))
    assert [principal("run").may(scope) for scope in ("read", "run", "admin")] == [False, True, False]
    assert [principal("read").may(scope) for scope in ("read", "run", "admin")] == [True, False, False]
    assert not any(principal().may(scope) for scope in ("read", "run", "admin"))


def test_one_sees_ones_own_and_an_admin_everything() -> None:
    assert principal("read").may_see("alice")
    assert not principal("read", "run").may_see("bob")
    assert principal("admin").may_see("bob")


def test_what_nobody_owns_is_seen_by_admins_alone() -> None:
    assert not principal("read").may_see(None)
    assert not principal("read", name=None).may_see(None)
    assert principal("admin").may_see(None)


def test_where_nobody_is_asked_everybody_may_everything_and_owns_nothing() -> None:
    assert EVERYBODY.name is None
    assert all(EVERYBODY.may(scope) for scope in ("read", "run", "admin"))
    assert EVERYBODY.may_see(None)
    assert EVERYBODY.may_see("alice")


def test_a_missing_scope_is_told_by_its_name() -> None:
    principal("run").require("run")
    with pytest.raises(Forbidden, match="'run'"):
        principal("read").require("run")
