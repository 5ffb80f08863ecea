"""Who is asking, and what they may. How that is proved is `gateway.gatekeeper`'s affair."""

from dataclasses import dataclass
from datetime import datetime

from contracts.scopes import Scope
from gateway.refusals import Forbidden


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was let in.

    Attributes:
        name: owns what they submit; None where nobody is asked who they are.
        scopes: what they may; `admin` includes the others.
        until: when what proved it expires; None for never. Who stays longer, on a socket, is to be sent away then.
        proof: the digest of the token that proved it, where it may be revoked.
    """

    name: str | None
    scopes: frozenset[Scope]
    until: datetime | None = None
    proof: str | None = None

    def may(self, scope: Scope) -> bool:
        """Tell whether they have a scope, or one that includes it."""
        return scope in self.scopes or "admin" in self.scopes

    def may_take_over(self, other: "Principal") -> bool:
        """Tell whether this is the same person as `other`, who may no less: so after a token was renewed."""
        return self.name == other.name and self.scopes >= other.scopes

    def may_see(self, owner: str | None) -> bool:
        """Tell whether an execution of this owner is theirs to see; one that nobody owns is for admins alone."""
        return "admin" in self.scopes or (owner is not None and owner == self.name)

    def require(self, scope: Scope) -> None:
        """Do nothing if they have the scope.

        Raises:
            Forbidden: they have not.
        """
        if not self.may(scope):
            raise Forbidden(f"This needs the scope '{scope}', which the token does not have.")


EVERYBODY = Principal(None, frozenset({"admin"}))
"""Whoever asks, where nobody is asked who they are."""
