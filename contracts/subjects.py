"""NATS subjects: the only place that writes one.

`log.<execution>.<event>.<n>` is where services append; the broker republishes a stored event on
`exec.<execution>.<event>`, which is what everybody reads. `<event>` is the wire name with `_` for `:`.
"""

from contracts.events import EVENT_TYPES, LIFECYCLE_TYPES
from contracts.ids import check_execution_id

LOG_PREFIX = "log"
LIVE_PREFIX = "exec"
PAYLOAD_PREFIX = "payload"
_REMEMBERED_PREFIX = "remembered"

LOG_SUBJECTS = f"{LOG_PREFIX}.*.*.*"
PRESENCE_SUBJECTS = "presence.*"
PAYLOAD_SUBJECTS = f"{PAYLOAD_PREFIX}.*.*.*"
REMEMBERED_SUBJECTS = f"{_REMEMBERED_PREFIX}.*"
REPUBLISH_TO = f"{LIVE_PREFIX}.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}"
STORED_SUBJECT_HEADER = "Nats-Subject"

_TOKENS = {name: name.replace(":", "_") for name in EVENT_TYPES}
_TYPES = {token: name for name, token in _TOKENS.items()}

QUEUE_SUBJECTS = f"{LOG_PREFIX}.*.{_TOKENS['execution:queued']}.*"
"""What the work queue's consumer reads."""

END_SUBJECTS = f"{LOG_PREFIX}.*.{_TOKENS['execution:completed']}.*"
"""The terminal events of all executions."""

STREAM_SEQUENCE_HEADER = "Nats-Sequence"
"""Header of a republished event: its number in the stream, which goes up in the order of storing."""


def log_subject(execution_id: str, event_type: str, seq: int) -> str:
    """Where event number `seq` of an execution is appended."""
    return f"{LOG_PREFIX}.{check_execution_id(execution_id)}.{_TOKENS[event_type]}.{seq}"


def slot_subject(execution_id: str, seq: int) -> str:
    """Match whatever event holds slot `seq`: what an append's fence is set on."""
    return f"{LOG_PREFIX}.{check_execution_id(execution_id)}.*.{seq}"


def log_of(execution_id: str) -> str:
    """Match the whole log of one execution."""
    return f"{LOG_PREFIX}.{check_execution_id(execution_id)}.>"


def log_subjects(execution_id: str, event_type: str) -> str:
    """Match the events of one type in one execution's log."""
    return f"{LOG_PREFIX}.{check_execution_id(execution_id)}.{_TOKENS[event_type]}.*"


def live_subject(execution_id: str, event_type: str) -> str:
    """Where an event of this type is heard."""
    return f"{LIVE_PREFIX}.{check_execution_id(execution_id)}.{_TOKENS[event_type]}"


def live_of_all(event_type: str) -> str:
    """Match the events of one type of all executions, as they happen."""
    return f"{LIVE_PREFIX}.*.{_TOKENS[event_type]}"


LIFECYCLE_SUBJECTS = tuple(map(live_of_all, LIFECYCLE_TYPES))
"""What happens to executions as a whole, all of them."""


def live_of(execution_id: str) -> str:
    """Match everything that happens to one execution, as it happens."""
    return f"{LIVE_PREFIX}.{check_execution_id(execution_id)}.*"


def payload_subject(execution_id: str, digest: str, part: int) -> str:
    """Where one part of a payload that is too large for an event is stored."""
    return f"{PAYLOAD_PREFIX}.{check_execution_id(execution_id)}.{digest}.{part}"


def payload_of(execution_id: str, digest: str) -> str:
    """Match every part of one payload."""
    return f"{PAYLOAD_PREFIX}.{check_execution_id(execution_id)}.{digest}.*"


def payloads_of(execution_id: str) -> str:
    """Match every part of every payload of one execution."""
    return f"{PAYLOAD_PREFIX}.{check_execution_id(execution_id)}.>"


def payload_owner(subject: str) -> str:
    """Return the execution that a part of a payload is kept for."""
    return subject.split(".")[1]


def remembered_subject(digest: str) -> str:
    """Where the first value of a key is kept; the key's SHA-256, hexadecimal, is one token."""
    return REMEMBERED_SUBJECTS.replace("*", digest)


def presence_subject(runner: str) -> str:
    """Where a runner tells that it lives; its name has passed the settings' pattern."""
    return PRESENCE_SUBJECTS.replace("*", runner)


def parse_log_subject(subject: str) -> tuple[str, str, int]:
    """Split a log subject into execution id, event type and number.

    Raises:
        ValueError: it is no log subject.
    """
    match subject.split("."):
        case [prefix, execution_id, token, seq] if prefix == LOG_PREFIX and token in _TYPES and seq.isdecimal():
            return execution_id, _TYPES[token], int(seq)
        case _:
            raise ValueError(f"not a log subject: {subject}")


def parse_live_subject(subject: str) -> tuple[str, str]:
    """Split a live subject into execution id and event type.

    Raises:
        ValueError: it is no live subject.
    """
    match subject.split("."):
        case [prefix, execution_id, token] if prefix == LIVE_PREFIX and token in _TYPES:
            return execution_id, _TYPES[token]
        case _:
            raise ValueError(f"not a live subject: {subject}")
