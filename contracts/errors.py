"""The error tree: what can go wrong, each with a stable code and a sentence that says what to do.

How an error becomes an HTTP status is the gateway's affair; how it ends a stage is the runner's.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class StagecastError(Exception):
    """Base of every error of ours.

    Attributes:
        code: stable, snake_case, for programs.
        message: one sentence for people, without secrets and without a stack trace.
    """

    code: str = "internal_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidId(StagecastError):
    """An id or file name from outside breaks its pattern."""

    code = "invalid_id"


class PipelineNotFound(StagecastError):
    """No pipeline file has this id."""

    code = "pipeline_not_found"

    def __init__(self, message: str = "Pipeline not found") -> None:
        super().__init__(message)


class ExecutionNotFound(StagecastError):
    """The log has no execution with this id (any more)."""

    code = "execution_not_found"

    def __init__(self, message: str = "Execution not found") -> None:
        super().__init__(message)


class StageNotFound(StagecastError):
    """The execution has no stage with this id."""

    code = "stage_not_found"

    def __init__(self, message: str = "Stage not found") -> None:
        super().__init__(message)


class OutputNotFound(StagecastError):
    """There is no result file of this name."""

    code = "output_not_found"

    def __init__(self, message: str = "Output not found") -> None:
        super().__init__(message)


class OutputsUnavailable(StagecastError):
    """The storage of result files does not answer or refuses."""

    code = "outputs_unavailable"


class OutputUnreadable(StagecastError):
    """A result file is there, and what is in it is no result."""

    code = "output_unreadable"


class GatewayUnreachable(StagecastError):
    """No gateway answers at the address that a client was given."""

    code = "gateway_unreachable"


class QueueFull(StagecastError):
    """As many executions wait as may; try again later."""

    code = "queue_full"


class ExecutionRunning(StagecastError):
    """It has not ended yet, which what was asked for needs."""

    code = "execution_running"


class IdempotencyConflict(StagecastError):
    """The same `Idempotency-Key` came with another request before."""

    code = "idempotency_conflict"


class RequestRefused(StagecastError):
    """A gateway answered a client with an error; `code` and `message` are the gateway's own.

    Attributes:
        status: the HTTP status.
    """

    code = "request_refused"

    def __init__(self, message: str, *, status: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status


class InvalidInput(StagecastError):
    """What the user sent cannot be run: input, options or request body."""

    code = "invalid_input"


@dataclass(frozen=True)
class Problem:
    """One fault of a pipeline file.

    Attributes:
        message: what is wrong and how to mend it, in one sentence.
        line: line in the file, counted from 1; None when the fault has no single place.
        path: where in the document, like `stages.rewrite.prompt.user`; empty for the whole file.
    """

    message: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        """Write the problem as a compiler does: line, place, message."""
        where = [f"line {self.line}"] if self.line is not None else []
        where += [self.path] if self.path else []
        return ": ".join([*where, self.message])


class InvalidPipeline(StagecastError):
    """A pipeline definition breaks the format.

    Attributes:
        problems: every fault found, in order of line.
        file: the file's name, or an empty string when the definition came from elsewhere.
    """

    code = "invalid_pipeline"

    def __init__(self, problems: Sequence[Problem], *, file: str = "") -> None:
        self.problems = tuple(problems)
        self.file = file
        shown = "; ".join(str(problem) for problem in self.problems[:3])
        rest = f" (and {len(self.problems) - 3} more)" if len(self.problems) > 3 else ""
        super().__init__(f"{file or 'The pipeline'} is not valid: {shown}{rest}")


class Fenced(StagecastError):
    """The slot of the log that was to be written holds somebody else's event: read the log, it tells whose."""

    code = "fenced"


class LimitReached(StagecastError):
    """An execution's log has grown as far as it may; `code` says which limit it was."""

    code = "log_limit"


class LogUnavailable(StagecastError):
    """The broker cannot be reached or does not accept: nothing is known to be stored."""

    code = "log_unavailable"


class CorruptLog(StagecastError):
    """The events of an execution contradict each other; folding them has no meaning."""

    code = "corrupt_log"


class ExpressionError(StagecastError):
    """A template or condition could not be compiled or evaluated.

    Attributes:
        line: line within the template, from 1; None when unknown.
    """

    code = "expression_error"

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class StageError(StagecastError):
    """A stage cannot deliver: the base of what ends in `stage:failed`.

    Attributes:
        is_retryable: another attempt may succeed.
        retry_after_seconds: the least wait that the other side asked for, if it did.
    """

    code = "stage_failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        is_retryable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.is_retryable = is_retryable
        self.retry_after_seconds = retry_after_seconds


class ModelError(StageError):
    """A model call failed: transport, rate limit, refusal, or a reply that breaks its schema."""

    code = "model_error"


class MissingSetting(StagecastError):
    """Something must be set before this can run; the message names the setting."""

    code = "missing_setting"


class CheckFailed(StageError):
    """A guard named under `check` refused a stage's output; another attempt may pass."""

    code = "check_failed"

    def __init__(self, message: str) -> None:
        super().__init__(message, is_retryable=True)


class StageTimeout(StageError):
    """An attempt took longer than the stage's `timeout`; the call was aborted."""

    code = "timeout"

    def __init__(self, message: str) -> None:
        super().__init__(message, is_retryable=True)


class BudgetExceeded(StageError):
    """The next call would go beyond a budget, so it was not made."""

    code = "budget_exceeded"
