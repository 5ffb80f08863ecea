"""Random messages for `/ws`: valid ones of the protocol, and what becomes of them by accident or intent. Pure."""

import json
import random
from collections.abc import Sequence
from typing import Any

from tests.conformance.case import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

# Any: JSON of every kind is the point.
Json = Any

UNKNOWN_ID = "exec_1703187600000_abcdefghijklmnop"
_DEEP = 3000
_DAMAGED = 0.3  # of all series of frames
_ODD = 0.05  # of all frames, in each way in which a frame can be odd
_WORDS = (
    "",
    "x",
    "*",
    ">",
    "exec_1",
    UNKNOWN_ID,
    "\x00",
    "\ud800",
    "é" * 500,
    "a" * 50_000,
    "../../etc/passwd",
    "null",
)
_NUMBERS = ("0", "-1", "-2", "1e999", "-1e999", "9" * 400, "1.5", "9223372036854775808", "NaN", "-0", "1e-400")


def valid_message(rng: random.Random, executions: Sequence[str]) -> dict[str, Json]:
    """Make a message of the protocol."""
    execution_id = rng.choice([*executions, UNKNOWN_ID])
    return rng.choice(
        [
            {"type": "subscribe", "executionId": execution_id},
            {"type": "subscribe", "executionId": execution_id, "after": rng.randrange(-1, 40)},
            {"type": "subscribe", "executionId": execution_id, "events": "all"},
            {"type": "subscribe", "executionId": "*"},
            {"type": "subscribe", "pipelineId": rng.choice(["echo-v1", "chatter-v1", "nothing-v9"])},
            {"type": "unsubscribe", "executionId": execution_id},
            {"type": "unsubscribe", "executionId": "*"},
            {"type": "auth", "token": rng.choice(_WORDS[:-1])},
        ]
    )


def random_text(rng: random.Random, executions: Sequence[str]) -> bytes:
    """Make a text to send: mostly a message with something wrong."""
    message = valid_message(rng, executions)
    for _ in range(rng.randrange(3)):
        key = rng.choice([*message, "after", "events", "extra"])
        if rng.random() < 0.3:
            message.pop(key, None)
        else:
            message[key] = _value(rng, 3)
    text = json.dumps(message)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        text = _damaged(rng, text)
    return text.encode("utf-8", "surrogatepass")


def random_frames(rng: random.Random, executions: Sequence[str]) -> bytes:
    """Make frames of every kind, often without a fault in the framing, else damaged somewhere."""
    data = b"".join(_random_frame(rng, executions) for _ in range(rng.randrange(1, 4)))
    return damaged_bytes(rng, data) if rng.random() < _DAMAGED else data


def damaged_bytes(rng: random.Random, data: bytes) -> bytes:
    """Flip, drop, repeat and cut bytes here and there."""
    damaged = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(damaged)) if damaged else 0
        match rng.randrange(5):
            case 0 if damaged:
                damaged[at] ^= 1 << rng.randrange(8)
            case 1:
                del damaged[at : at + rng.randrange(1, 4)]
            case 2:
                damaged[at:at] = damaged[at : at + 8]
            case 3:
                damaged[at:at] = rng.randbytes(rng.randrange(1, 9))
            case _:
                del damaged[at + rng.randrange(1, 200) :]
    return bytes(damaged)


def _random_frame(rng: random.Random, executions: Sequence[str]) -> bytes:
    likely = [TEXT, TEXT, TEXT, TEXT, BINARY, BINARY, PING, PONG]
    opcode = rng.choice(likely) if rng.random() > _ODD else rng.choice([CONTINUATION, CLOSE, rng.randrange(16)])
    payload = random_text(rng, executions)[:2000] if rng.random() < 0.5 else rng.randbytes(rng.randrange(120))
    return frame(opcode, payload, fin=rng.random() > _ODD, rsv=rng.randrange(8) if rng.random() < _ODD else 0)


def _damaged(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    match rng.randrange(6):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + rng.choice(['"', "{", "]", ",", "\\u", "\x00", "\ufeff", "//"]) + text[at:]
        case 2:  # the same keys twice
            return text[:-1] + ", " + text[1:] if len(text) > 2 else text
        case 3:
            return rng.choice(["[", '{"a":', '{"type":']) * rng.randrange(1, _DEEP) + text
        case 4:
            return text.replace("-1", rng.choice(_NUMBERS)).replace("7", rng.choice(_NUMBERS), 1)
        case _:
            return f"[{text}, {text}]"


def _value(rng: random.Random, depth: int) -> Json:
    match rng.randrange(8 if depth else 5):
        case 0:
            return rng.choice(_WORDS)
        case 1:
            return rng.choice([True, False, None])
        case 2:
            return rng.choice([-1, 0, 2**31, 2**63, -(2**70), 10**300])
        case 3:
            return rng.random() * 10 ** rng.randrange(-300, 300)
        case 4:
            return rng.choice(["subscribe", "all", "default", "unsubscribe"])
        case 5:
            return [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
        case _:
            return {rng.choice(_WORDS[:6]): _value(rng, depth - 1) for _ in range(rng.randrange(4))}
