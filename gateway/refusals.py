"""Why somebody is not let in: the part of the error tree that only the gateway raises. Statuses are in `errors`."""

from contracts.errors import StagecastError


class Unauthenticated(StagecastError):
    """It is not known who is asking: no token, or none that is good."""

    code = "unauthenticated"


class Forbidden(StagecastError):
    """It is known who is asking, and they may not."""

    code = "forbidden"


class OriginNotAllowed(Forbidden):
    """A browser asks on behalf of a page that may not use this gateway."""

    code = "origin_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "Pages of this origin may not do this; STAGECAST_ALLOWED_ORIGINS on the gateway names those that may."
        )


class HostNotAllowed(Forbidden):
    """The request is addressed to a name that is not one of this gateway's."""

    code = "host_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "This gateway does not go by the name in the Host header; STAGECAST_ALLOWED_HOSTS lists further names."
        )


class RateLimited(StagecastError):
    """Too many in the last minute.

    Attributes:
        retry_after_seconds: when the next one would be taken.
    """

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class IdentityUnavailable(StagecastError):
    """The keys that tokens are checked with cannot be had just now."""

    code = "identity_unavailable"


class TooManyConnections(StagecastError):
    """A client holds as many connections open as it may."""

    code = "too_many_connections"

    def __init__(self, most: int) -> None:
        super().__init__(f"One client may hold {most} connections open.")
