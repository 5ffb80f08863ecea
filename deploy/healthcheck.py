"""Asks one service whether it is well: exit 0 is yes, 1 is no with the reason on stderr.

`healthcheck.py http://127.0.0.1:8000/readyz` wants an answer below 400; `healthcheck.py /tmp/heartbeat` wants a file
that was touched in the last 30 seconds. It runs in the containers, with the standard library alone, and with the
service's own environment: where that has a certificate the gateway speaks TLS, and so does this.
"""

import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 4  # the container's health check gives up after five
MAX_AGE_SECONDS = 30  # a runner touches its file every five seconds while the broker answers it


def ask_url(url: str) -> str | None:
    """Return why the service behind `url` is not well, or None."""
    tls = None
    if os.environ.get("STAGECAST_TLS_CERT"):
        url = url.replace("http://", "https://", 1)
        tls = ssl.create_default_context()
        # The certificate is for the name that clients know, not for 127.0.0.1, and the question is only who lives.
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    try:
        # The image itself names the address.
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=tls):  # noqa: S310
            return None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        return f"{url}: {error}"


def look_at_file(path: Path) -> str | None:
    """Return why the file at `path` is no sign of life, or None."""
    try:
        age_seconds = time.time() - path.stat().st_mtime
    except OSError as error:
        return f"no heartbeat yet: {error}"
    if age_seconds > MAX_AGE_SECONDS:
        return f"{path}: last heartbeat {age_seconds:.0f} seconds ago"
    return None


def main(target: str) -> int:
    """Look once, say what is wrong."""
    reason = ask_url(target) if target.startswith("http://") else look_at_file(Path(target))
    if reason:
        print(reason, file=sys.stderr)
    return 1 if reason else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
