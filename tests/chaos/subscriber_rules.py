"""What must hold of every subscriber: the log's events, in order, each once, and none that the log does not have."""

from collections.abc import Iterator

from contracts.events import JOURNAL_TYPES
from tests.chaos.records import Evidence, ExecutionRecord, SubscriberRecord, Violation

TWICE = "subscriber saw an event twice"
OUT_OF_ORDER = "subscriber saw events out of order"
FOREIGN = "subscriber saw an event that is not in the log"
UNASKED = "subscriber saw the journal without asking"
MISSED = "subscriber missed an event"
NO_END = "subscriber never saw the end"


def check_subscribers(evidence: Evidence) -> Iterator[Violation]:
    """Tell which subscribers did not see what the log has."""
    for subscriber in evidence.subscribers:
        execution = evidence.executions.get(subscriber.execution_id)
        yield from _check_order(subscriber)
        if execution is not None and execution.fault is None:
            yield from _check_against(execution, subscriber)


def _check_order(subscriber: SubscriberRecord) -> Iterator[Violation]:
    numbers = [heard.seq for heard in subscriber.heard]
    doubled = sorted({number for number in numbers if numbers.count(number) > 1})
    if doubled:
        yield _violation(TWICE, subscriber, f"numbers {doubled} of {numbers}")
    if sorted(numbers) != numbers:
        yield _violation(OUT_OF_ORDER, subscriber, f"numbers {numbers}")


def _check_against(execution: ExecutionRecord, subscriber: SubscriberRecord) -> Iterator[Violation]:
    stored = {logged.event.seq: logged for logged in execution.log}
    for heard in subscriber.heard:
        logged = stored.get(heard.seq)
        if logged is None or logged.digest != heard.digest:
            there = "nothing" if logged is None else f"another {logged.event.type}"
            yield _violation(FOREIGN, subscriber, f"number {heard.seq}, {heard.type}; the log has {there} there")
    unasked = [heard.seq for heard in subscriber.heard if heard.type in JOURNAL_TYPES]
    if unasked and not subscriber.wants_all:
        yield _violation(UNASKED, subscriber, f"numbers {unasked}")
    if subscriber.may_miss:
        return
    if not subscriber.has_ended:
        yield _violation(
            NO_END, subscriber, f"the last number was {subscriber.heard[-1].seq if subscriber.heard else None}"
        )
    wanted = {seq for seq, logged in stored.items() if subscriber.wants_all or logged.event.type not in JOURNAL_TYPES}
    missed = sorted(wanted - {heard.seq for heard in subscriber.heard})
    if missed and subscriber.has_ended:
        yield _violation(MISSED, subscriber, f"numbers {missed} of {len(stored)}")


def _violation(kind: str, subscriber: SubscriberRecord, seen: str) -> Violation:
    who = f"the subscriber '{subscriber.name}' ({subscriber.connections} connections)"
    return Violation(kind, subscriber.execution_id, f"{who}: {seen}")
