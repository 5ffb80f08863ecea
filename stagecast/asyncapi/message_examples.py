"""Examples of every message of `/ws` besides events: what the document shows, and tests hold against the models."""

from contracts.ids import submitted_at
from contracts.messages import (
    EVERY_EXECUTION,
    Auth,
    Authenticated,
    CaughtUp,
    Dropped,
    ErrorMessage,
    Gap,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from contracts.requests import ExecutionView, StageView
from contracts.wire import WireModel
from stagecast.asyncapi.document import Described, Json
from stagecast.asyncapi.event_examples import EXECUTION_ID, PIPELINE_ID


def client_messages() -> dict[str, Described]:
    """Describe what a client sends, by `type`."""
    return _by_type(
        _described(Auth, ("who one is", Auth(token="sc_3f9a…"))),  # noqa: S106 - an example
        _described(
            Subscribe,
            ("one execution, from its first event on", Subscribe(execution_id=EXECUTION_ID)),
            ("the same after event 7", Subscribe(execution_id=EXECUTION_ID, after=7)),
            ("the same with the journal", Subscribe(execution_id=EXECUTION_ID, events="all")),
            ("the life cycle of all executions", Subscribe(execution_id=EVERY_EXECUTION)),
            ("the life cycle of one pipeline's executions", Subscribe(pipeline_id=PIPELINE_ID)),
        ),
        _described(
            Unsubscribe,
            ("one execution no more", Unsubscribe(execution_id=EXECUTION_ID)),
            ("no more life cycles", Unsubscribe(execution_id=EVERY_EXECUTION)),
        ),
    )


def server_messages() -> dict[str, Described]:
    """Describe what a server sends besides events, by `type`."""
    broken = ErrorMessage(
        message="The broker cannot be reached; subscribe again.", code="log_unavailable", execution_id=EXECUTION_ID
    )
    return _by_type(
        _described(Authenticated, ("who one is now", Authenticated(name="ci", scopes=("read", "run")))),
        _described(
            Subscribed,
            ("events 8 to 11 follow", _subscribed(status="running", recovered=True, **{"from": 8, "to": 11})),
            ("unknown, or somebody else's", Subscribed(execution_id=EXECUTION_ID, success=False)),
            ("its log is not kept any more", _subscribed(status="success", recovered=False, snapshot=_snapshot())),
            ("life cycles", Subscribed(execution_id=EVERY_EXECUTION, success=True)),
        ),
        _described(CaughtUp, ("from here on it is live", CaughtUp(execution_id=EXECUTION_ID, seq=11))),
        _described(Dropped, ("seven pieces of live text were left out", Dropped(execution_id=EXECUTION_ID, dropped=7))),
        _described(Gap, ("life-cycle events may be missing here", Gap(execution_id=EVERY_EXECUTION))),
        _described(Unsubscribed, ("no more of it", Unsubscribed(execution_id=EXECUTION_ID))),
        _described(ErrorMessage, ("not understood", ErrorMessage()), ("it cannot be served now", broken)),
    )


def _by_type(*described: Described) -> dict[str, Described]:
    return {one.wire_name: one for one in described}


def _described(model: type[WireModel], *examples: tuple[str, WireModel]) -> Described:
    return Described(model, [(word, _shown(one)) for word, one in examples])


def _shown(one: WireModel) -> Json:
    """Write a message as the wire has it: what is not said is left out, what is unknown is null."""
    return {name: value for name, value in one.model_dump(mode="json", by_alias=True).items() if value is not None}


def _subscribed(**fields: object) -> Subscribed:
    return Subscribed.model_validate({"executionId": EXECUTION_ID, "success": True, **fields})


def _snapshot() -> ExecutionView:
    return ExecutionView(
        id=EXECUTION_ID,
        pipeline_id=PIPELINE_ID,
        status="success",
        attempt=1,
        queued_at=submitted_at(EXECUTION_ID),
        last_seq=7,
        stages=(StageView(id="draft", name="Draft", index=0, status="completed", cost=0.0, duration=5480),),
    )
