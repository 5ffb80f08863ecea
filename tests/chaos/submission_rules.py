"""What must hold of every submission that was accepted, and of every cancel that was answered."""

from collections import Counter
from collections.abc import Iterator

from contracts.events import ExecutionCompleted, ExecutionQueued
from contracts.results import ResultStatus
from tests.chaos.log_rules import tag_of
from tests.chaos.records import Evidence, ExecutionRecord, SubmissionRecord, Violation

GONE = "accepted and not in the log"
NOT_ENDED = "accepted and not ended"
SEVERAL = "one submission, several executions"
CANCELLED = "cancelled and ended otherwise"
STATUS = "ended otherwise than the pipeline says"


def check_submissions(evidence: Evidence) -> Iterator[Violation]:
    """Tell which submissions did not get what they were promised."""
    for submission in evidence.submissions:
        yield from _check(submission, evidence)
    readable = [execution for execution in evidence.executions.values() if execution.log]
    originals = Counter(tag_of(execution) for execution in readable if not _is_rerun(execution))
    for tag, count in originals.items():
        if count > 1:
            ids = [execution.execution_id for execution in readable if tag_of(execution) == tag]
            yield Violation(SEVERAL, ids[0], f"{tag} runs {count} times: {', '.join(sorted(ids))}")


def _check(submission: SubmissionRecord, evidence: Evidence) -> Iterator[Violation]:
    first = submission.ids[0]
    if len(set(submission.ids)) > 1:
        yield Violation(SEVERAL, first, f"{submission.tag} was answered {sorted(set(submission.ids))}")
    for execution_id in sorted(set(submission.ids)):
        execution = evidence.executions.get(execution_id)
        if execution is not None and execution.fault is not None:
            continue  # told by `log_rules`
        if execution is None or not execution.log:
            yield Violation(GONE, execution_id, f"{submission.tag} of {submission.pipeline}")
            continue
        status = status_of(execution)
        if status is None:
            yield Violation(NOT_ENDED, execution_id, f"{submission.pipeline}; {_last(execution)}")
        else:
            yield from _check_status(submission, execution_id, status)


def _check_status(submission: SubmissionRecord, execution_id: str, status: ResultStatus) -> Iterator[Violation]:
    answers = submission.cancel_answers
    if True in answers:
        if status != "cancelled":
            yield Violation(CANCELLED, execution_id, f"cancel was answered with true; it ended as {status}")
    elif status != submission.expected and not (status == "cancelled" and None in answers):
        yield Violation(STATUS, execution_id, f"{submission.pipeline} ended as {status}, not {submission.expected}")


def status_of(execution: ExecutionRecord) -> ResultStatus | None:
    """Return how an execution ended; None when it did not."""
    ends = [logged.event for logged in execution.log if isinstance(logged.event, ExecutionCompleted)]
    return ends[-1].result.status if ends else None


def _is_rerun(execution: ExecutionRecord) -> bool:
    first = execution.log[0].event if execution.log else None
    return isinstance(first, ExecutionQueued) and first.rerun is not None


def _last(execution: ExecutionRecord) -> str:
    return f"its log ends with {[logged.event.type for logged in execution.log[-3:]]}"
