"""What the chaos suite writes down while it runs, for `verification` to judge. No judgement here."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.events import LogEvent
from contracts.results import PipelineResult, ResultStatus
from tests.chaos.markers import Marker

CallOutcome = Literal["open", "complete", "refused", "broken", "left"]
"""How a request at the model server ended; `left`: the client went away before the answer was complete."""


def digest_of(data: str | bytes) -> str:
    """Return what names a JSON document whatever its spelling."""
    canonical = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class CallRecord:
    """One request at the model server.

    Attributes:
        runner: who asked; each runner has a key of its own.
        is_paid_for_nothing: the answer was complete and no use: it broke the schema.
    """

    marker: Marker
    runner: str
    received_at: datetime
    answered_at: datetime | None = None
    outcome: CallOutcome = "open"
    is_paid_for_nothing: bool = False


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """One effect of a function's step, as the model server's `/effect` heard of it."""

    tag: str
    step: str
    runner: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Freeze:
    """A runner stood still from `begin` to `end`."""

    runner: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A stored event as a subscriber got it."""

    seq: int
    type: str
    digest: str


@dataclass(slots=True)
class SubscriberRecord:
    """What one subscriber got of one execution.

    Attributes:
        has_ended: whether it saw the terminal event.
        may_miss: it listens to the broker itself, which tells nobody what was said while they were away.
    """

    name: str
    execution_id: str
    wants_all: bool = False
    may_miss: bool = False
    has_ended: bool = False
    connections: int = 0
    heard: list[Heard] = field(default_factory=list[Heard])


@dataclass(slots=True)
class SubmissionRecord:
    """One submission that was accepted at least once.

    Attributes:
        ids: the execution in each answer; more than one where it was sent again under its `Idempotency-Key`.
        expected: how it ends when nobody cancels it.
        cancel_answers: what each cancel was answered; None where the answer was lost.
    """

    tag: str
    pipeline: str
    expected: ResultStatus
    ids: list[str]
    rerun_of: str | None = None
    cancel_answers: list[bool | None] = field(default_factory=list[bool | None])


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of a log."""

    event: LogEvent
    digest: str


@dataclass(slots=True)
class ExecutionRecord:
    """One execution as the log and the outputs have it in the end.

    Attributes:
        fault: why the log could not be read.
        saved: the result as `GET /api/outputs/{filename}` gives it; None where that failed, `saved_fault` says how.
    """

    execution_id: str
    log: list[Logged] = field(default_factory=list[Logged])
    fault: str | None = None
    saved: PipelineResult | None = None
    saved_fault: str | None = None


@dataclass(slots=True)
class Evidence:
    """Everything that was written down."""

    submissions: list[SubmissionRecord] = field(default_factory=list[SubmissionRecord])
    executions: dict[str, ExecutionRecord] = field(default_factory=dict[str, ExecutionRecord])
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    effects: list[EffectRecord] = field(default_factory=list[EffectRecord])
    freezes: list[Freeze] = field(default_factory=list[Freeze])
    subscribers: list[SubscriberRecord] = field(default_factory=list[SubscriberRecord])


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept."""

    kind: str
    execution_id: str
    seen: str
