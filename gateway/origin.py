"""Which web pages may use the gateway, and by which names it is called: pure decisions over headers.

A browser sends requests on behalf of any page it shows, also to addresses that only this machine can reach. It says
which page (`Origin`), and which name the page knows us by (`Host`): a name of the attacker's that suddenly means
127.0.0.1 (DNS rebinding) gives itself away there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.access_settings import AccessSettings, is_loopback

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_SECURE = {"http": False, "ws": False, "https": True, "wss": True}


def is_origin_allowed(origin: str | None, *, scheme: str, host: str | None, allowed: Collection[str] = ()) -> bool:
    """Tell whether a page of this origin may change things here, or open a WebSocket.

    Args:
        origin: the `Origin` header; None when there is none, so that no page asks.
        scheme: of the request: http, https, ws, wss.
        host: the `Host` header.
        allowed: origins besides the gateway's own, in lower case.
    """
    if origin is None:
        return True
    page = origin.lower()
    if page in allowed:
        return True
    asked = _parts(page)
    if asked is None or host is None:
        return False
    own = _parts(f"{'https' if _SECURE.get(scheme, False) else 'http'}://{host.lower()}")
    return asked == own


def is_host_allowed(host: str | None, allowed: Collection[str] = ()) -> bool:
    """Tell whether the gateway goes by this name: one of loopback, or one of `allowed`; the port does not matter.

    Args:
        host: the `Host` header; None when there is none, which no browser does.
        allowed: further names, in lower case; `*` for any.
    """
    if host is None or "*" in allowed:
        return True
    parts = _parts(f"http://{host.lower()}")
    return parts is not None and (is_loopback(parts[1]) or parts[1] in allowed or host.lower() in allowed)


def _parts(origin: str) -> tuple[bool, str, int] | None:
    """Return what makes an origin: is it secure, host, port. None for what is none, such as `null`."""
    try:
        url = urlsplit(origin)
        port = url.port
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.hostname or url.path or url.query or url.username is not None:
        return None
    return _SECURE[url.scheme], url.hostname, port if port is not None else _DEFAULT_PORTS[url.scheme]


@dataclass(frozen=True, slots=True)
class BrowserRules:
    """What is asked of requests that may come from a browser.

    Attributes:
        origins: pages of other origins that may use this gateway.
        hosts: names that it goes by; None to go by any.
    """

    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] | None = None

    @classmethod
    def from_settings(cls, settings: AccessSettings) -> "BrowserRules":
        """Make those that the settings want.

        Names are looked at where no tokens are asked for, and the gateway is on loopback or its names are set: a page
        has no token, so elsewhere a name that it made up is of no use to it.
        """
        looks_at_names = not settings.asks_for_tokens and (settings.is_on_loopback or bool(settings.allowed_hosts))
        hosts = frozenset(name.lower() for name in settings.allowed_hosts) | {settings.host.lower()}
        return cls(frozenset(settings.allowed_origins), hosts if looks_at_names else None)

    def allows_origin(self, origin: str | None, *, scheme: str, host: str | None) -> bool:
        """Tell whether a page of this origin may change things here; see `is_origin_allowed`."""
        return is_origin_allowed(origin, scheme=scheme, host=host, allowed=self.origins)

    def allows_host(self, host: str | None) -> bool:
        """Tell whether the gateway goes by this name; see `is_host_allowed`."""
        return self.hosts is None or is_host_allowed(host, self.hosts)
