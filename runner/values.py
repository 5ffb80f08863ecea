"""What may leave a stage: values that JSON, the log and its readers can carry. Not what a schema asks of them."""

import json
from typing import Any, TypeAlias, cast

from stagecast.plain import MAX_DEPTH, is_too_deep
from stagecast.redaction import redact

Json: TypeAlias = Any  # a JSON value has no narrower type that pyright could follow through templates and plugins
"""Any JSON value."""

_PLAIN = (type(None), bool, int)
_SHOWN_CHARACTERS = 500
_READ_CHARACTERS = 20_000  # of a foreign text at most


class NotJson(ValueError):
    """The value cannot be kept as JSON; the message says why, as the end of a sentence."""


def as_json(value: object) -> Json:
    """Return the value as a reader of the log would get it: a copy, tuples as lists, keys as text.

    Raises:
        NotJson: it cannot be written as JSON, has NaN, half characters, or is nested too deeply.
    """
    if type(value) in _PLAIN and (value is None or abs(cast("int", value)) < 2**63):
        return value
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
        if text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(json.loads(text)):
            raise NotJson(f"it is nested more than {MAX_DEPTH} deep")
        return json.loads(text)
    except UnicodeEncodeError:
        raise NotJson("it has half a character (a lone surrogate)") from None
    except RecursionError:
        raise NotJson(f"it is nested more than {MAX_DEPTH} deep") from None
    except NotJson:
        raise
    except (TypeError, ValueError) as error:
        raise NotJson(sentence(str(error))) from None


def sentence(text: str) -> str:
    """Return a foreign text as one line that fits into an event: without secrets, shortened, no half characters."""
    # Secrets first: one that is cut in two, or whose line breaks are gone, is not recognised any more.
    line = " ".join(redact(text[:_READ_CHARACTERS]).split()).encode("utf-8", "replace").decode()
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"


def as_text(value: object) -> str:
    """Return text as it is and anything else as JSON: what a prompt shows of a value."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
