"""What must exist in the broker, as data, and `ensure`: create it, update what may be updated, or say what differs.

Any service may call `ensure`, several at once. Where the broker has a user for each role, only runners may make and
change what is here: the other services find it, or wait for it. Not here: what is done with the streams.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import LogUnavailable, StagecastError
from contracts.subjects import LOG_SUBJECTS, PAYLOAD_SUBJECTS, QUEUE_SUBJECTS, REMEMBERED_SUBJECTS, REPUBLISH_TO
from stagecast.broker import Broker
from stagecast.inbox import NotPermitted

EXECUTIONS = "EXECUTIONS"
PAYLOADS = "PAYLOADS"
REMEMBERED = "REMEMBERED"
RUNNERS = "runners"

# The broker's JSON is open-ended; it is looked at key by key.
Config = dict[str, Any]

_SECOND = 1_000_000_000  # nanoseconds
_DUPLICATE_WINDOW = _SECOND  # message ids are not used; the slots' fence does their work
_NOT_FOUND = 404
_IN_USE = {10058, 10148}  # the stream, the consumer exists with another configuration

_log = structlog.get_logger()


class TopologyDiffers(StagecastError):
    """A stream or consumer of our name exists and is set up in a way that cannot be changed."""

    code = "topology_differs"


class LogSettings(BaseSettings):
    """How the log is kept, from `STAGECAST_*`.

    What is not set is only used when the streams are created: an operator's changes stay.
    """

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, extra="ignore")

    log_replicas: int = Field(default=1, ge=1, le=5, description="Copies of the log in a broker cluster.")
    log_max_bytes: int | None = Field(
        default=None,
        gt=0,
        description="Bytes that events may take up, and large ones, kept apart, again. Unset: no limit.",
    )
    retention_hours: float = Field(
        default=168.0, gt=0, description="Hours for which an ended execution stays in the log."
    )
    idempotency_hours: float = Field(default=24.0, gt=0, description="Hours for which an Idempotency-Key is known.")
    ack_wait_seconds: float = Field(default=20.0, gt=0, description="How long a claim lives without being renewed.")
    max_claims: int = Field(default=100_000, ge=1, description="Executions that all runners together may hold.")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stream or a consumer.

    Attributes:
        wanted: configuration that must hold.
        at_creation: configuration that is used when it is made and left alone afterwards.
        fixed: names of settings that the broker cannot change afterwards.
        tuned: names of settings that are an operator's choice: nothing breaks where services disagree on them.
    """

    name: str
    stream: str
    wanted: Config
    at_creation: Config
    fixed: frozenset[str]
    tuned: frozenset[str]

    @property
    def is_consumer(self) -> bool:
        """Whether it is a consumer of `stream`, else the stream itself."""
        return self.name != self.stream


def describe(settings: LogSettings) -> tuple[Piece, ...]:
    """Return everything that must exist, in the order in which it can be created."""
    limits = {"log_max_bytes": {"max_bytes": -1 if settings.log_max_bytes is None else settings.log_max_bytes}}
    # No age: an execution that has not ended must not lose its beginning. `stagecast.retention` removes the ended ones.
    ageless = {"max_age": 0}
    republish = {"republish": {"src": LOG_SUBJECTS, "dest": REPUBLISH_TO}}
    return (
        _stream(EXECUTIONS, {"subjects": [LOG_SUBJECTS], **ageless, **republish}, limits, settings),
        _stream(PAYLOADS, {"subjects": [PAYLOAD_SUBJECTS], **ageless}, limits, settings),
        _stream(REMEMBERED, {"subjects": [REMEMBERED_SUBJECTS], "max_age": _hours(settings)}, {}, settings),
        _runners(settings),
    )


def _stream(name: str, config: Config, limits: Mapping[str, Config], settings: LogSettings) -> Piece:
    # A full stream refuses what is new: dropping what is oldest would cut the beginning off somebody's log.
    kept = {"storage": "file", "retention": "limits", "discard": "new", "allow_direct": True}
    tunable = {**limits, "log_replicas": {"num_replicas": settings.log_replicas}}
    wanted, at_creation = _split(tunable, settings)
    at_creation["duplicate_window"] = _DUPLICATE_WINDOW
    return Piece(
        name,
        name,
        {"name": name, **kept, **wanted, **config},
        at_creation,
        fixed=frozenset({"storage", "retention"}),
        # What is only remembered has an age that can be set; what is in the log has none.
        tuned=frozenset({*wanted, "max_age"} if config["max_age"] else wanted),
    )


def _hours(settings: LogSettings) -> int:
    return int(settings.idempotency_hours * 3600 * _SECOND)


def _runners(settings: LogSettings) -> Piece:
    kept = {
        "durable_name": RUNNERS,
        "filter_subject": QUEUE_SUBJECTS,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "max_deliver": -1,  # attempts are counted in the log
    }
    tunable = {
        "ack_wait_seconds": {"ack_wait": int(settings.ack_wait_seconds * _SECOND)},
        "max_claims": {"max_ack_pending": settings.max_claims},
    }
    wanted, at_creation = _split(tunable, settings)
    at_creation["max_waiting"] = 8192  # pull requests of all runners together; the broker's default is 512
    return Piece(
        RUNNERS,
        EXECUTIONS,
        {**kept, **wanted},
        at_creation,
        fixed=frozenset({"deliver_policy", "ack_policy"}),
        tuned=frozenset(wanted),
    )


def _split(tunable: Mapping[str, Config], settings: LogSettings) -> tuple[Config, Config]:
    wanted: Config = {}
    at_creation: Config = {}
    for name, config in tunable.items():
        (wanted if name in settings.model_fields_set else at_creation).update(config)
    return wanted, at_creation


async def ensure(broker: Broker, pieces: tuple[Piece, ...]) -> dict[str, Config]:
    """Make every piece be as wanted, and return how each now is, by name. Safe when several services do it at once.

    Raises:
        LogUnavailable: the broker does not answer, does not accept, or does not let our user make what is missing.
        TopologyDiffers: something exists that cannot be changed; the message says what.
    """
    return {piece.name: await _ensure(broker, piece) for piece in pieces}


async def _ensure(broker: Broker, piece: Piece) -> Config:
    existing = await _info(broker, piece)
    if existing is None:
        if await _create(broker, piece):
            return {**piece.at_creation, **piece.wanted}
        existing = await _info(broker, piece)  # another service was faster
        if existing is None:
            raise LogUnavailable(f"The broker neither has nor makes {_title(piece)}.")
    changes = {key: value for key, value in piece.wanted.items() if not _holds(existing.get(key), value)}
    stuck = sorted(changes.keys() & piece.fixed)
    if stuck:
        told = ", ".join(f"{key} is {existing.get(key)!r}, not {piece.wanted[key]!r}" for key in stuck)
        raise TopologyDiffers(f"{_title(piece)} cannot be used: {told}. Remove it, or use another broker account.")
    return await _change(broker, piece, existing, changes) if changes else existing


async def _change(broker: Broker, piece: Piece, existing: Config, changes: Config) -> Config:
    before = {key: existing.get(key) for key in changes}
    try:
        reply = await _call(broker, _subject("UPDATE", piece), _body(piece, {**existing, **changes}))
    except NotPermitted as error:
        if changes.keys() <= piece.tuned:
            _log.warning(
                "used as it is: our user may not change it", piece=_title(piece), is_now=before, wanted=changes
            )
            return existing
        raise LogUnavailable(
            f"Waiting for a runner: {_title(piece)} is of another version, and our user may not change it."
        ) from error
    if "error" in reply:
        raise TopologyDiffers(f"{_title(piece)} cannot be changed to {changes}: {_told(reply)}.")
    _log.info("broker topology updated", piece=_title(piece), before=before, now=changes)
    return {**existing, **changes}


async def _info(broker: Broker, piece: Piece) -> Config | None:
    reply = await _call(broker, _subject("INFO", piece), {})
    if "error" not in reply:
        return cast("Config", reply["config"])
    if reply["error"].get("code") == _NOT_FOUND:
        return None
    raise LogUnavailable(f"The broker does not show {_title(piece)}: {_told(reply)}.")


async def _create(broker: Broker, piece: Piece) -> bool:
    body = _body(piece, {**piece.at_creation, **piece.wanted})
    body = {**body, "action": "create"} if piece.is_consumer else body
    try:
        reply = await _call(broker, _subject("CREATE", piece), body)
    except NotPermitted as error:
        raise LogUnavailable(
            f"Waiting for a runner: {_title(piece)} is not there, and our user may not make it."
        ) from error
    if "error" not in reply:
        _log.info("broker topology created", piece=_title(piece))
        return True
    if reply["error"].get("err_code") in _IN_USE:
        return False
    raise LogUnavailable(f"The broker does not make {_title(piece)}: {_told(reply)}.")


def _subject(verb: str, piece: Piece) -> str:
    if piece.is_consumer:
        # Consumers are updated by creating them again.
        return f"$JS.API.CONSUMER.{'INFO' if verb == 'INFO' else 'CREATE'}.{piece.stream}.{piece.name}"
    return f"$JS.API.STREAM.{verb}.{piece.stream}"


def _body(piece: Piece, config: Config) -> Config:
    return {"stream_name": piece.stream, "config": config} if piece.is_consumer else config


async def _call(broker: Broker, subject: str, body: Config) -> Config:
    answer = await broker.request(subject, json.dumps(body).encode() if body else b"")
    return cast("Config", json.loads(answer.data))


def _holds(existing: object, wanted: object) -> bool:
    if isinstance(wanted, dict) and isinstance(existing, dict):  # the broker adds defaults of its own
        ours, theirs = cast("Config", wanted), cast("Config", existing)
        return all(_holds(theirs.get(key), value) for key, value in ours.items())
    return existing == wanted


def _title(piece: Piece) -> str:
    return f"the consumer {piece.name} of {piece.stream}" if piece.is_consumer else f"the stream {piece.stream}"


def _told(reply: Config) -> str:
    return str(reply["error"].get("description", "unknown error"))
