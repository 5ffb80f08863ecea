"""Exceptions out of task groups, taken apart again: the engine has one cause for each end."""

from typing import cast


def first_leaf(error: BaseException) -> BaseException:
    """Return the first exception inside nested groups, or the exception itself when it is no group."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
