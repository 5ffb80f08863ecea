"""How many connections each client holds open here, of every kind that stays open, and how many it may."""

from collections import Counter

from gateway.principal import Principal
from gateway.refusals import TooManyConnections


class Places:
    """The places that clients have taken.

    Args:
        max_per_client: how many one client may have.
    """

    def __init__(self, max_per_client: int) -> None:
        self._max_per_client = max_per_client
        self._taken: Counter[str] = Counter()

    def take(self, client: str) -> None:
        """Take one more; it is to be given back with `free`.

        Raises:
            TooManyConnections: the client has as many as it may.
        """
        if self._taken[client] >= self._max_per_client:
            raise TooManyConnections(self._max_per_client)
        self._taken[client] += 1

    def free(self, client: str) -> None:
        """Give a place back."""
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]


def client_of(principal: Principal | None, address: str) -> str:
    """Name whose a connection is: who they are, or where they come from; no name looks like an address."""
    return address if principal is None or principal.name is None else f"name:{principal.name}"
