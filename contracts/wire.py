"""How our models look as JSON: camelCase names, UTC timestamps with milliseconds. Not which models there are."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


def format_timestamp(moment: datetime) -> str:
    """Write a moment as the wire has it: `2026-11-24T15:04:05.123Z`, always UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[datetime, PlainSerializer(format_timestamp, return_type=str)]
"""A moment with a time zone; on the wire RFC 3339 in UTC with milliseconds."""


class WireModel(BaseModel):
    """Base of everything that we write as JSON: frozen, camelCase outside, snake_case inside.

    Unknown fields are ignored, so that an older reader understands a newer writer.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="ignore",
    )
