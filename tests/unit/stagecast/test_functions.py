from importlib.metadata import EntryPoint, EntryPoints

import pytest

from stagecast import functions
from stagecast.functions import CallPlan, CountRange, EstimateContext, FunctionRegistry, PlannedCalls


def plan_three(context: EstimateContext, **arguments: object) -> CallPlan:
    return [PlannedCalls(calls=3, input_tokens=CountRange.between(1, 9))]


def test_what_foresees_a_function_is_found_by_the_functions_name() -> None:
    registry = FunctionRegistry(estimators={"shout": plan_three})
    assert registry.estimator("shout") is plan_three
    assert registry.estimator("whisper") is None


def test_an_installed_package_may_foresee_its_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(*, group: str) -> EntryPoints:
        point = EntryPoint("shout", "email.message:Message", group)
        return EntryPoints([point] if group == "stagecast.estimates" else [])

    monkeypatch.setattr(functions, "entry_points", installed)
    registry = FunctionRegistry()
    assert getattr(registry.estimator("shout"), "__name__", None) == "Message"
    assert registry.function_names() == frozenset()
