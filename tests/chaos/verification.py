"""Judges what was written down: every promise that was broken, with the execution and what was seen. Pure."""

from collections.abc import Iterator

from tests.chaos.call_rules import check_calls
from tests.chaos.log_rules import check_log
from tests.chaos.records import Evidence, Violation
from tests.chaos.submission_rules import check_submissions
from tests.chaos.subscriber_rules import check_subscribers


def verify(evidence: Evidence) -> list[Violation]:
    """Return every violation."""
    return list(_violations(evidence))


def _violations(evidence: Evidence) -> Iterator[Violation]:
    for execution in evidence.executions.values():
        yield from check_log(execution)
    yield from check_submissions(evidence)
    yield from check_subscribers(evidence)
    yield from check_calls(evidence)
