"""Lets a request in: who is asking, and whether they ask too often. The same for every transport.

Whoever is refused for a token that is not good is counted by the address that they come from, and gets 429 when there
were too many. A good token is let in from there all the same: nobody can lock out their neighbours behind one address,
and 256 random bits are not guessed however often one tries.
"""

import ipaddress
from dataclasses import dataclass

import structlog

from contracts.envelope import utc_now
from gateway.access_settings import AccessSettings
from gateway.gatekeeper import Gatekeeper
from gateway.principal import EVERYBODY, Principal
from gateway.rate_window import RateWindow
from gateway.refusals import RateLimited, Unauthenticated

_IPV6_NETWORK = 64  # bits: what one customer of a network provider has at least

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RateWindows:
    """What is counted: requests and submissions by name, refused tokens by address."""

    requests: RateWindow
    submissions: RateWindow
    failures: RateWindow

    @classmethod
    def from_settings(cls, settings: AccessSettings) -> "RateWindows":
        """Make those that the settings want. They count in this process alone."""
        return cls(
            requests=RateWindow(settings.requests_per_minute),
            submissions=RateWindow(settings.submissions_per_minute),
            failures=RateWindow(settings.failures_per_minute),
        )


class Admission:
    """Lets in who may come in.

    Args:
        gatekeeper: knows who is asking.
        windows: what is counted; only where tokens are asked for.
    """

    def __init__(self, gatekeeper: Gatekeeper, windows: RateWindows) -> None:
        self._gatekeeper = gatekeeper
        self._windows = windows

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are, and nothing is counted."""
        return self._gatekeeper.is_open

    async def look(self) -> None:
        """Learn which tokens were revoked; to be called now and then while somebody stays."""
        await self._gatekeeper.look()

    def holds(self, principal: Principal) -> bool:
        """Tell whether somebody who stays may stay: their token has neither expired nor been revoked."""
        is_over = principal.until is not None and principal.until < utc_now()
        return not is_over and self._gatekeeper.holds(principal)

    async def admit(self, token: str | None, address: str) -> Principal:
        """Return who is asking, and count the request.

        Args:
            token: what they showed.
            address: where they come from.

        Raises:
            Unauthenticated: they showed no token, or none that is good.
            RateLimited: they ask too often, or too many tokens from this address were not good.
            IdentityUnavailable: it cannot be told just now.
        """
        if self.is_open:
            return EVERYBODY
        try:
            principal = await self._gatekeeper.identify(token)
        except Unauthenticated as refusal:
            if token is not None:  # who shows none guesses nothing
                self.count_failure(address, refusal)
            raise
        _check(self._windows.requests.take(_key(principal)), "requests")
        return principal

    def admit_submission(self, principal: Principal) -> None:
        """Count one more execution that they start.

        Raises:
            RateLimited: they start too many.
        """
        if not self.is_open:
            _check(self._windows.submissions.take(_key(principal)), "submissions")

    def count_failure(self, address: str, refusal: Unauthenticated) -> None:
        """Count a refused token.

        Raises:
            RateLimited: there were too many from this address; nothing more is logged about it.
        """
        wait = self._windows.failures.take(_network_of(address))
        if wait > 0:
            message = "Too many tokens from this address were not good; try again later."
            raise RateLimited(message, retry_after_seconds=wait) from refusal
        _log.info("not let in", client=address, reason=refusal.message)


def _key(principal: Principal) -> str:
    return principal.name or ""


def _check(wait_seconds: float, what: str) -> None:
    if wait_seconds > 0:
        message = f"Too many {what} with this token in the last minute; try again after `Retry-After` seconds."
        raise RateLimited(message, retry_after_seconds=wait_seconds)


def _network_of(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/{_IPV6_NETWORK}", strict=False))
    except ValueError:
        return address
