"""Reads a service's settings so that a wrong one is told in a sentence, not in a stack trace."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from contracts.errors import MissingSetting

AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def read_settings(kind: type[AnySettings]) -> AnySettings:
    """Read settings of this kind from the environment.

    Raises:
        MissingSetting: one or more do not hold; each is named as the environment has it, its value is not repeated.
    """
    try:
        return kind()
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        faults = [
            f"{prefix}{'__'.join(str(part) for part in fault['loc'])}".upper() + f": {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise MissingSetting("; ".join(faults), code="invalid_setting") from None
