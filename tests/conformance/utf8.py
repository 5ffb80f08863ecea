"""Group 6: text is UTF-8. The sequences are those of Markus Kuhn's decoder stress test, in Autobahn's order."""

from collections.abc import Iterable

from tests.conformance.case import (
    CONTINUATION,
    INVALID_TEXT_BY_SERVER,
    STILL_OPEN,
    TEXT,
    Case,
    LookWhetherOpen,
    Send,
    Verdict,
    answered,
    fragmented,
    frame,
    masked,
    refused,
    text,
)

_KOSME = "\u03ba\u1f79\u03c3\u03bc\u03b5".encode()
_SURROGATE = _KOSME + b"\xed\xa0\x80edited"  # invalid at its thirteenth byte
_TOO_LARGE = _KOSME + b"\xf4\x90\x80\x80edited"  # code point 0x110000, invalid at its thirteenth byte
_FAIL_FAST_SECONDS = 0.5  # for the server to notice; it may also wait for the end of the message
_CONTINUATIONS = "80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf"
_CUT_OFF = "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf"
_HIGH, _LOW = "eda080 edadbf edae80 edafbf", "edb080 edbfbf"
_PLANES = "f09f f0af f0bf f18f f19f f1af f1bf f28f f29f f2af f2bf f38f f39f f3af f3bf f48f"

# title, and the sequences in hexadecimal, `!` before those that are no UTF-8
_SEQUENCES: tuple[tuple[str, list[str]], ...] = (
    ("valid", [*(f"hello{point}world".encode().hex() for point in "$\xa2\u20ac\U00024b62"), _KOSME.hex()]),
    ("prefixes", [("" if at in (2, 5, 7, 9, 11) else "!") + _KOSME[:at].hex() for at in range(1, 12)]),
    ("first of a length", ["00", "c280", "e0a080", "f0908080"]),
    ("first of length 5 and 6", ["!f888808080", "!fc8480808080"]),
    ("last of a length", ["7f", "dfbf", "efbfbf", "f48fbfbf"]),
    ("last of length 4, 5 and 6", ["!f7bfbfbf", "!fbbfbfbfbf", "!fdbfbfbfbfbf"]),
    ("boundaries", ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "!f4908080"]),
    ("unexpected continuations", [f"!{s}" for s in [*_CONTINUATIONS.split(), bytes(range(0x80, 0xBF)).hex()]]),
    ("lonely starts", ["!" + bytes(range(a, b)).hex("-").replace("-", "20") + "20" for a, b in
        ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))]),
    ("last continuation missing", [f"!{s}" for s in _CUT_OFF.split()]),
    ("incomplete ones in a row", ["!" + _CUT_OFF.replace(" ", "")]),
    ("impossible bytes", ["!fe", "!ff", "!fefeffff"]),
    ("overlong ASCII", ["!c0af", "!e080af", "!f08080af", "!f8808080af", "!fc80808080af"]),
    ("largest overlong", ["!c1bf", "!e09fbf", "!f08fbfbf", "!f887bfbfbf", "!fc83bfbfbfbf"]),
    ("overlong NUL", ["!c080", "!e08080", "!f0808080", "!f880808080", "!fc8080808080"]),
    ("single surrogates", ["!eda080", "!edadbf", "!edae80", "!edafbf", "!edb080", "!edbe80", "!edbfbf"]),
    ("paired surrogates", [f"!{high}{low}" for high in _HIGH.split() for low in _LOW.split()]),
    ("non-characters, which are valid",
        ["efbfbe", "efbfbf", *(f"{plane}bf{last}" for plane in _PLANES.split() for last in ("be", "bf"))]),
    ("specials", ["efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf"]),
)  # fmt: skip


def utf8_cases() -> Iterable[Case]:
    """Group 6."""
    middle = b"middle frame payload"
    yield answered("6.1.1", "empty text", [Send(frame(TEXT))], text(b""))
    for number, payload in ((2, b""), (3, middle)):
        parts = frame(TEXT, fin=False) + frame(CONTINUATION, payload, fin=False) + frame(CONTINUATION)
        yield answered(f"6.1.{number}", f"three fragments of 0, {len(payload)}, 0 bytes", [Send(parts)], text(payload))
    yield from _valid_cases()
    invalid = INVALID_TEXT_BY_SERVER
    yield refused("6.3.1", "a surrogate", [Send(frame(TEXT, _SURROGATE))], end=invalid)
    yield refused("6.3.2", "a surrogate, byte by byte", [Send(fragmented(TEXT, _SURROGATE, 1))], end=invalid)
    yield from _fail_fast_cases()
    for group, (title, sequences) in enumerate(_SEQUENCES, 5):
        for number, sequence in enumerate(sequences, 1):
            payload = bytes.fromhex(sequence.removeprefix("!"))
            script = [Send(frame(TEXT, payload))]
            if sequence.startswith("!"):
                yield refused(f"6.{group}.{number}", title, script, end=invalid)
            else:
                yield answered(f"6.{group}.{number}", title, script, text(payload))


def _valid_cases() -> Iterable[Case]:
    greeting = "Hello-\xb5@\xdf\xf6\xe4\xfc\xe0\xe1-UTF-8!!".encode()
    yield answered("6.2.1", "valid text", [Send(frame(TEXT, greeting))], text(greeting))
    halves = frame(TEXT, greeting[:12], fin=False) + frame(CONTINUATION, greeting[12:])
    yield answered("6.2.2", "valid text in two fragments", [Send(halves)], text(greeting))
    yield answered("6.2.3", "valid text, byte by byte", [Send(fragmented(TEXT, greeting, 1))], text(greeting))
    yield answered("6.2.4", "valid text, byte by byte", [Send(fragmented(TEXT, _KOSME, 1))], text(_KOSME))


def _fail_fast_cases() -> Iterable[Case]:
    """Text that is wrong before it has ended: best noticed at once, at the latest at its end."""
    for number, cuts in ((1, (11, 15)), (2, (12, 13))):
        pieces = (_TOO_LARGE[: cuts[0]], _TOO_LARGE[cuts[0] : cuts[1]], _TOO_LARGE[cuts[1] :])
        frames = [
            frame(TEXT, pieces[0], fin=False),
            frame(CONTINUATION, pieces[1], fin=False),
            frame(CONTINUATION, pieces[2]),
        ]
        yield _fail_fast(f"6.4.{number}", "in three fragments", frames)
        head = frame(TEXT, _TOO_LARGE)[:6]
        chops = [head + masked(pieces[0]), masked(pieces[1], cuts[0]), masked(pieces[2], cuts[1])]
        yield _fail_fast(f"6.4.{number + 2}", "in three chops of one frame", chops)


def _fail_fast(number: str, what: str, parts: list[bytes]) -> Case:
    look = LookWhetherOpen(_FAIL_FAST_SECONDS)
    script = (Send(parts[0]), look, Send(parts[1]), look, Send(parts[2]))
    expected = ((Verdict.OK, (STILL_OPEN,)), (Verdict.NON_STRICT, (STILL_OPEN, STILL_OPEN)))
    return Case(number, f"a code point too large, {what}", script, expected, INVALID_TEXT_BY_SERVER)
