"""All cases, in order, and which of them are quick."""

from collections.abc import Callable, Iterable

from tests.conformance.basics import (
    fragmentation_cases,
    framing_cases,
    opcode_cases,
    ping_cases,
    reserved_bit_cases,
)
from tests.conformance.case import Case
from tests.conformance.closing import closing_cases, large_cases, many_cases
from tests.conformance.utf8 import utf8_cases

_GROUPS: dict[str, Callable[[], Iterable[Case]]] = {
    "1.": framing_cases,
    "2.": ping_cases,
    "3.": reserved_bit_cases,
    "4.": opcode_cases,
    "5.": fragmentation_cases,
    "6.": utf8_cases,
    "7.": closing_cases,
    "9.1 to 9.6": large_cases,
    "9.7 on": many_cases,
}


def cases(prefix: str = "") -> Iterable[Case]:
    """Make the cases whose number begins so, one after the other: together they are large."""
    for make in _GROUPS.values():
        yield from (case for case in make() if case.number.startswith(prefix))
