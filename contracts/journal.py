"""The journal: what a runner stores so that the next one does not do it again. Events of the log like all others.

Subscribers get them only where they ask for all events. What is done with them is `runner.journal`'s affair.
"""

from typing import Any, Literal

from pydantic import Field

from contracts.envelope import StageEvent, StoredEvent
from contracts.results import PipelineResult
from contracts.wire import WireModel


class CallFault(WireModel):
    """Why a model call that was answered, and paid for, delivered nothing."""

    message: str
    code: str
    is_retryable: bool
    retry_after_seconds: float | None = None


class FinishedCall(WireModel):
    """A model call that came to its end and was paid for."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of everything that determines the call.")
    item: int | None = Field(default=None, description="The item's place, in a foreach.")
    model: str | None = Field(default=None, description="Who answered, as provider:model; null where nobody did.")
    text: str = Field(default="", description="The answer as written.")
    value: Any = Field(default=None, description="The answer parsed, where a schema was asked for.")
    has_value: bool = Field(default=False, description="Whether `value` holds the parsed answer; else it is `text`.")
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = Field(default=0.0, description="US dollars; null when unknown.")
    duration: int = Field(default=0, ge=0, description="Milliseconds, of the call alone.")
    fault: CallFault | None = Field(default=None, description="Why there is no answer, although it was paid for.")


class FinishedStep(WireModel):
    """A step that a function asked to be kept, done."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of stage, item, name, and which use of the name.")
    name: str
    item: int | None = Field(default=None, description="The item's place, in a foreach.")
    output: Any = None


class CallCompleted(FinishedCall, StoredEvent, StageEvent):
    """A model call came to its end; a runner that resumes the stage does not make it again."""

    type: Literal["call:completed"] = "call:completed"


class StepCompleted(FinishedStep, StoredEvent, StageEvent):
    """A step is done; a runner that resumes the stage does not do it again."""

    type: Literal["step:completed"] = "step:completed"


class ExecutionEnding(StoredEvent):
    """How the execution ends is decided. What follows is only to save the result, and to tell."""

    type: Literal["execution:ending"] = "execution:ending"
    result: PipelineResult
