"""The edge to other people's functions: what they raise becomes a sentence in our error tree, the trace a log line."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import structlog

from contracts.errors import StagecastError, StageError
from runner.teller import Teller
from runner.values import sentence
from stagecast.redaction import redact

_log = structlog.get_logger()


@contextmanager
def plugin_edge(who: str, teller: Teller) -> Generator[None]:
    """Surround a call of foreign code.

    Args:
        who: the beginning of the sentence, like `The function 'compare'`.
        teller: tells whether the run has ended, which a cancellation from inside then stands for.

    Raises:
        StageError: with code `function_error`, for anything raised that is not of our tree; it is not repeated.
    """
    try:
        yield
    except StagecastError as error:
        error.message = redact(error.message)  # plugins raise errors of our tree, too, with words of their own
        error.args = (error.message,)
        raise
    except asyncio.CancelledError:
        if not is_cancelled_from_inside(teller):
            raise
        raise StageError(f"{who} was cancelled from inside.", code="function_error") from None
    except Exception as error:
        _log.exception("plugin failed", plugin=who)
        said = sentence(str(error)) or "without a message"
        raise StageError(f"{who} raised {type(error).__name__}: {said}", code="function_error") from None


def is_cancelled_from_inside(teller: Teller) -> bool:
    """Tell, while a `CancelledError` is handled, whether nobody cancelled us: foreign code awaited something that was.

    Passed on, such an exception would silently end the run.
    """
    task = asyncio.current_task()
    return not teller.is_closed and (task is None or not task.cancelling())
