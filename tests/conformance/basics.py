"""Groups 1 to 5: framing, pings and pongs, reserved bits, opcodes, fragmentation."""

from collections.abc import Iterable

from tests.conformance.case import (
    BINARY,
    CLOSE,
    CLOSED_BY_US,
    CONTINUATION,
    HELLO,
    PING,
    PONG,
    TEXT,
    Await,
    Case,
    End,
    Event,
    Send,
    Verdict,
    answered,
    binary,
    close,
    frame,
    pong,
    refused,
    text,
)

_LENGTHS = (0, 125, 126, 127, 128, 65535, 65536)
_NOT_TEXT = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
_FRAGMENTS = (b"fragment1", b"fragment2", b"fragment3", b"fragment4", b"fragment5")


def framing_cases() -> Iterable[Case]:
    """Group 1: messages of every way to write a length."""
    for group, opcode, octet, event, kind in ((1, TEXT, b"*", text, "text"), (2, BINARY, b"\xfe", binary, "binary")):
        for number, length in enumerate(_LENGTHS, 1):
            payload = octet * length
            what = f"{kind} message of {length} bytes"
            yield answered(f"1.{group}.{number}", what, [Send(frame(opcode, payload))], event(payload))
        payload = octet * 65536
        what = f"{kind} message of 65536 bytes in chops of 997"
        yield answered(f"1.{group}.8", what, [Send(frame(opcode, payload), 997)], event(payload))


def ping_cases() -> Iterable[Case]:
    """Group 2: each ping is answered with its payload; a pong that nobody asked for is not."""
    for number, payload in ((1, b""), (2, HELLO), (3, _NOT_TEXT), (4, b"\xfe" * 125)):
        yield answered(f"2.{number}", f"ping of {len(payload)} bytes", [Send(frame(PING, payload))], pong(payload))
    yield refused("2.5", "ping of 126 bytes", [Send(frame(PING, b"\xfe" * 126))])
    yield answered("2.6", "ping in chops of 1", [Send(frame(PING, b"\xfe" * 125), 1)], pong(b"\xfe" * 125))
    unasked = frame(PONG, b"unsolicited pong payload")
    closed = End(is_ours=True, codes=(1000,), must_be_clean=True)
    for number, sent in ((7, frame(PONG)), (8, unasked)):
        script = (Send(sent), close(1000))
        yield Case(f"2.{number}", "pong that nobody asked for", script, ((Verdict.OK, ()),), closed)
    yield answered("2.9", "pong, then ping", [Send(unasked), Send(frame(PING, b"ping payload"))], pong(b"ping payload"))
    payloads = [b"payload-%d" % number for number in range(10)]
    for number, chop in ((10, 0), (11, 1)):
        script = [Send(frame(PING, payload), chop) for payload in payloads]
        yield answered(f"2.{number}", f"ten pings, chops of {chop}", script, *map(pong, payloads))


def reserved_bit_cases() -> Iterable[Case]:
    """Group 3: a reserved bit without an extension fails the connection."""
    yield refused("3.1", "text with RSV 1", [Send(frame(TEXT, HELLO, rsv=1))])
    for number, rsv, chop in ((2, 2, 0), (3, 3, 0), (4, 4, 1)):
        script = [Send(frame(TEXT, HELLO), chop), Send(frame(TEXT, HELLO, rsv=rsv), chop), Send(frame(PING), chop)]
        yield refused(f"3.{number}", f"text, then with RSV {rsv}, then ping, chops of {chop}", script, text(HELLO))
    yield refused("3.5", "binary with RSV 5", [Send(frame(BINARY, _NOT_TEXT, rsv=5))])
    yield refused("3.6", "binary with RSV 6", [Send(frame(BINARY, HELLO, rsv=6))])
    yield refused("3.7", "close with RSV 7", [Send(frame(CLOSE, rsv=7))])


def opcode_cases() -> Iterable[Case]:
    """Group 4: a reserved opcode fails the connection."""
    for group, first in ((1, 3), (2, 11)):
        yield refused(f"4.{group}.1", f"opcode {first}", [Send(frame(first))])
        script = [Send(frame(first + 1, b"reserved opcode payload"))]
        yield refused(f"4.{group}.2", f"opcode {first + 1} with payload", script)
        for number, payload, chop in ((3, b"", 0), (4, HELLO, 0), (5, HELLO, 1)):
            opcode = first + number - 1
            sent = (frame(TEXT, HELLO), frame(opcode, payload), frame(PING))
            script = [Send(each, chop) for each in sent]
            yield refused(f"4.{group}.{number}", f"text, opcode {opcode}, ping, chops of {chop}", script, text(HELLO))


def fragmentation_cases() -> Iterable[Case]:
    """Group 5: fragments are joined, control frames may stand between them, and nothing else may."""
    first = frame(TEXT, _FRAGMENTS[0], fin=False)
    second = frame(CONTINUATION, _FRAGMENTS[1])
    for number, opcode in ((1, PING), (2, PONG)):
        script = [Send(frame(opcode, _FRAGMENTS[0], fin=False)), Send(second)]
        yield refused(f"5.{number}", "fragmented control frame", script)
    both = text(b"".join(_FRAGMENTS[:2]))
    for number, script in _in_three_ways(3, first, second):
        yield answered(f"5.{number}", "text in two fragments", script, both)
    for number, script in _in_three_ways(6, first, frame(PING, b"ping payload"), second):
        yield answered(f"5.{number}", "a ping between two fragments", script, pong(b"ping payload"), both)
    for begin, fin in ((9, True), (12, False)):
        stray = frame(CONTINUATION, b"non-continuation payload", fin=fin)
        for number, script in _in_three_ways(begin, stray, frame(TEXT, HELLO)):
            yield refused(f"5.{number}", f"nothing to continue, FIN {fin}, then text", script)
    stray = frame(CONTINUATION, _FRAGMENTS[2], fin=False)
    script = [Send(first + second + stray + frame(TEXT, _FRAGMENTS[3]))]
    yield refused("5.15", "text in two fragments, then nothing to continue", script, both)
    for number, fin in ((16, False), (17, True)):
        stray = frame(CONTINUATION, _FRAGMENTS[0], fin=fin)
        message = frame(TEXT, _FRAGMENTS[1], fin=False) + frame(CONTINUATION, _FRAGMENTS[2])
        yield refused(f"5.{number}", f"twice: nothing to continue, FIN {fin}, then text", [Send(2 * (stray + message))])
    yield refused("5.18", "two fragments, both of opcode text", [Send(first + frame(TEXT, _FRAGMENTS[1]))])
    yield from _pings_within_a_message()


def _in_three_ways(begin: int, *frames: bytes) -> Iterable[tuple[int, list[Send]]]:
    """At once, frame by frame, byte by byte."""
    yield begin, [Send(b"".join(frames))]
    yield begin + 1, [Send(each) for each in frames]
    yield begin + 2, [Send(each, 1) for each in frames]


def _pings_within_a_message() -> Iterable[Case]:
    begin = [frame(TEXT, _FRAGMENTS[0], fin=False), frame(CONTINUATION, _FRAGMENTS[1], fin=False)]
    rest = [frame(CONTINUATION, piece, fin=False) for piece in _FRAGMENTS[2:4]]
    end = frame(CONTINUATION, _FRAGMENTS[4])
    pings = [b"pongme 1!", b"pongme 2!"]
    events: list[Event] = [*map(pong, pings), text(b"".join(_FRAGMENTS))]
    one, other = [*begin, frame(PING, pings[0])], [*rest, frame(PING, pings[1]), end]
    scripts = {
        19: (Send(b"".join(one)), Await(1), Send(b"".join(other))),
        20: (*map(Send, one), Await(1), *map(Send, other)),
    }
    for number, script in scripts.items():
        what = "five fragments with two pings, the first answered before the last is sent"
        yield Case(f"5.{number}", what, script, ((Verdict.OK, tuple(events)),), CLOSED_BY_US)
