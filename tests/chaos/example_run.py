"""What a good chaos run leaves behind: one execution, and all who saw it. Tests of the judge spoil it."""

from datetime import UTC, datetime, timedelta

from contracts.events import JOURNAL_TYPES, LogEvent, encode
from contracts.results import PipelineResult
from tests.chaos.markers import Marker
from tests.chaos.model_server import answer_to
from tests.chaos.records import (
    CallRecord,
    EffectRecord,
    Evidence,
    ExecutionRecord,
    Heard,
    Logged,
    SubmissionRecord,
    SubscriberRecord,
    digest_of,
)
from tests.chaos.verification import verify
from tests.example_events import Example

TAG = "c1-1"
CALL = Marker(TAG, "first", "all")
STEP = "second/mail/0"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """Event number n of an example is at 10 n seconds."""
    return BEGIN + timedelta(seconds=seconds)


def logged(*events: LogEvent) -> list[Logged]:
    """Return events as a log has them, each at its moment."""
    dated = [event.model_copy(update={"at": moment(10.0 * event.seq)}) for event in events]
    return [Logged(event, digest_of(encode(event))) for event in dated]


class Run:
    """One good execution of two stages, the first with a model call, the second with a step, and all who saw it."""

    def __init__(self, *, claims: int = 1) -> None:
        self.example = Example()
        example, shift = self.example, claims - 1
        call = example.call_completed(3).model_copy(update={"text": answer_to(CALL)})
        step = example.step_completed(6 + shift, 1).model_copy(update={"output": {"step": STEP}})
        resumed = [example.resumed(4)] if claims > 1 else []
        self.log = logged(
            example.queued(TAG),
            example.started(1),
            example.stage_started(2),
            call,
            *resumed,
            example.stage_completed(4 + shift),
            example.stage_started(5 + shift, 1),
            step,
            example.stage_completed(7 + shift, 1),
            example.ending(8 + shift),
            example.completed(9 + shift),
        )
        self.result: PipelineResult = example.completed(9).result
        self.execution = ExecutionRecord(example.id, self.log, saved=self.result)
        self.submission = SubmissionRecord(TAG, "example-v1", "success", [example.id])
        owner = "runner-b" if claims > 1 else "runner-a"
        self.call = CallRecord(CALL, "runner-a", moment(25), moment(29), "complete")
        self.effect = EffectRecord(TAG, STEP, owner, moment(55 + 10 * shift))
        self.plain = self.subscriber("plain", wants_all=False)
        self.all = self.subscriber("all", wants_all=True)
        self.nats = self.subscriber("nats", wants_all=True)
        self.nats.may_miss = True
        self.evidence = Evidence(
            submissions=[self.submission],
            executions={example.id: self.execution},
            calls=[self.call],
            effects=[self.effect],
            subscribers=[self.plain, self.all, self.nats],
        )

    def subscriber(self, name: str, *, wants_all: bool) -> SubscriberRecord:
        """Return what a good subscriber saw."""
        heard = [
            Heard(one.event.seq, one.event.type, one.digest)
            for one in self.log
            if wants_all or one.event.type not in JOURNAL_TYPES
        ]
        return SubscriberRecord(name, self.example.id, wants_all=wants_all, has_ended=True, connections=1, heard=heard)

    def kinds(self) -> set[str]:
        """Return the kinds of violations that the judge finds; each says where it was and what was seen."""
        violations = verify(self.evidence)
        assert all(violation.execution_id and violation.seen for violation in violations)
        return {violation.kind for violation in violations}
