"""Reads a service's settings so that a wrong one is told in a sentence, not in a stack trace."""

import re
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings
from pydantic_settings.exceptions import SettingsError

from contracts.errors import MissingSetting

_FIELD = re.compile(r'field "(?P<name>\w+)"')

AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def read_settings(kind: type[AnySettings]) -> AnySettings:
    """Read settings of this kind from the environment.

    Raises:
        MissingSetting: one or more do not hold; each is named as the environment has it, its value is not repeated.
    """
    prefix = kind.model_config.get("env_prefix", "")
    try:
        return kind()
    except SettingsError as error:  # only structured settings come here, before they are looked at
        field = _FIELD.search(str(error))
        name = f"{prefix}{field['name']}".upper() if field is not None else "A setting"
        raise MissingSetting(f"{name}: it must be valid JSON", code="invalid_setting") from None
    except ValidationError as error:
        faults = [
            f"{prefix}{'__'.join(str(part) for part in fault['loc'])}".upper() + f": {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise MissingSetting("; ".join(faults), code="invalid_setting") from None
