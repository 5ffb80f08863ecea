"""Groups 7, 9 and 10: the closing handshake, large and many messages, fragments of a fixed size."""

from collections.abc import Iterable

from tests.conformance.case import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NORMAL,
    PING,
    PROTOCOL_ERROR,
    TEXT,
    Await,
    Case,
    End,
    Event,
    Send,
    Step,
    Verdict,
    answered,
    binary,
    close,
    fragmented,
    frame,
    text,
)

_HELLO = b"Hello World!"
_VALID_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
_INVALID_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
_NO_TEXT = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64"
_CLEAN = End(is_ours=True, codes=(NORMAL,), must_be_clean=True)
_FAULTY = End(is_ours=True, codes=(PROTOCOL_ERROR,), must_be_clean=False)

KIB = 1024
MIB = 1024 * KIB


def closing_cases() -> Iterable[Case]:
    """Group 7."""
    normal = close(NORMAL)
    yield answered("7.1.1", "text, then close", [Send(frame(TEXT, _HELLO))], text(_HELLO))
    yield _closing("7.1.2", "close twice", [normal, Send(frame(CLOSE))])
    yield _closing("7.1.3", "ping after close", [normal, Send(frame(PING))])
    yield _closing("7.1.4", "text after close", [normal, Send(frame(TEXT, _HELLO))])
    begun, rest = frame(TEXT, b"fragment1", fin=False), frame(CONTINUATION, b"fragment2")
    yield _closing("7.1.5", "close between two fragments", [Send(begun), normal, Send(rest)])
    large = _repeated(b"BAsd7&jh23", 256 * KIB)
    script = (Send(frame(TEXT, large)), Send(frame(TEXT, _HELLO)), normal, Send(frame(PING)))
    yield Case("7.1.6", "256 KiB, text, close, ping", script, ((Verdict.OK, ()),), _CLEAN, is_informational=True)
    yield _closing("7.3.1", "close without a code", [close()])
    yield _closing("7.3.2", "close with one byte", [Send(frame(CLOSE, b"a"), is_close=True)], end=_FAULTY)
    yield _closing("7.3.3", "close with a code", [normal])
    yield _closing("7.3.4", "close with a reason", [close(NORMAL, _HELLO)])
    yield _closing("7.3.5", "close with the longest reason", [close(NORMAL, b"*" * 123)])
    yield _closing("7.3.6", "close with a reason too long", [close(NORMAL, b"*" * 124)], end=_FAULTY)
    either = End(is_ours=True, codes=(PROTOCOL_ERROR, 1007), must_be_clean=False)
    yield _closing("7.5.1", "a reason that is no UTF-8", [close(NORMAL, _NO_TEXT)], end=either)
    for number, code in enumerate(_VALID_CODES, 1):
        end = End(is_ours=True, codes=(NORMAL, code), must_be_clean=True)
        yield _closing(f"7.7.{number}", f"valid code {code}", [close(code)], end=end)
    for number, code in enumerate(_INVALID_CODES, 1):
        yield _closing(f"7.9.{number}", f"invalid code {code}", [close(code)], end=_FAULTY)
    for number, code in ((1, 5000), (2, 65535)):
        script = (close(code),)
        end = End(is_ours=True, codes=(NORMAL, code, PROTOCOL_ERROR), must_be_clean=False)
        yield Case(f"7.13.{number}", f"code {code}", script, ((Verdict.OK, ()),), end, is_informational=True)


def large_cases() -> Iterable[Case]:
    """Group 9.1 to 9.6: up to 16 MiB, whole, in fragments, in chops."""
    kinds = (
        ("text", TEXT, text, b"BAsd7&jh23", b"*"),
        ("binary", BINARY, binary, b"\x00\xfe\x23\xfa\xf0", b"\xfe"),
    )
    for group, (kind, opcode, event, pattern, octet) in enumerate(kinds, 1):
        for number, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            payload = _repeated(pattern, size)
            yield answered(
                f"9.{group}.{number}", f"{kind} of {size} bytes", [Send(frame(opcode, payload))], event(payload)
            )
        payload = octet * 4 * MIB
        for number, size in enumerate((64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB), 1):
            script = [Send(fragmented(opcode, payload, size))]
            yield answered(f"9.{group + 2}.{number}", f"{kind} of 4 MiB, fragments of {size}", script, event(payload))
        payload = _repeated(pattern, MIB)
        for number, chop in enumerate((64, 128, 256, 512, 1024, 2048), 1):
            script = [Send(frame(opcode, payload), chop)]
            yield answered(f"9.{group + 4}.{number}", f"{kind} of 1 MiB, chops of {chop}", script, event(payload))


def many_cases() -> Iterable[Case]:
    """Group 9.7 and 9.8: a thousand messages, each after the one before was answered; 10.1.1."""
    for group, opcode, event, octet in ((7, TEXT, text, b"*"), (8, BINARY, binary, b"\xfe")):
        for number, size in enumerate((0, 16, 64, 256, 1024, 4096), 1):
            payload = octet * size
            script: list[Step] = []
            for count in range(1, 1001):
                script += [Send(frame(opcode, payload)), Await(count)]
            events: list[Event] = [event(payload)] * 1000
            yield answered(f"9.{group}.{number}", f"1000 messages of {size} bytes", script, *events)
    payload = b"*" * 65536
    yield answered("10.1.1", "64 KiB in fragments of 1300", [Send(fragmented(TEXT, payload, 1300))], text(payload))


def _closing(number: str, what: str, script: list[Step], *, end: End = _CLEAN) -> Case:
    return Case(number, what, tuple(script), ((Verdict.OK, ()),), end)


def _repeated(pattern: bytes, size: int) -> bytes:
    return (pattern * (size // len(pattern) + 1))[:size]
