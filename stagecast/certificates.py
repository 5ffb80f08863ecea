"""Certificates and keys from files, and a sentence that names the setting where one cannot be used."""

import ssl
from pathlib import Path

from contracts.errors import MissingSetting


def load_pair(context: ssl.SSLContext, cert: Path | None, key: Path | None, *, names: tuple[str, str]) -> None:
    """Let a context prove who we are.

    Args:
        context: gets the pair.
        cert: file with our certificate and those between it and the authority.
        key: file with its private key.
        names: the settings that the two come from.

    Raises:
        MissingSetting: one of the two is not set, or they cannot be used together.
    """
    if cert is None or key is None:
        raise MissingSetting(f"{names[0]} and {names[1]} belong together; only one is set.", code="invalid_setting")
    for name, file in zip(names, (cert, key), strict=True):
        if not file.is_file():
            raise MissingSetting(f"{name} names a file that is not there: {file}.", code="invalid_setting")
    try:
        context.load_cert_chain(cert, key, password=lambda: "")  # else OpenSSL asks the terminal for one
    except OSError as error:  # ssl.SSLError is one
        raise MissingSetting(f"{names[0]} and {names[1]} cannot be used: {error}.", code="invalid_setting") from error


def trusting(authority: Path | None, *, name: str) -> ssl.SSLContext:
    """Make a context for connections to servers whose certificates this authority signed.

    Args:
        authority: its certificate; the ones that this machine trusts when left out.
        name: the setting that it comes from.

    Raises:
        MissingSetting: the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # ssl.SSLError is one
        raise MissingSetting(f"{name} cannot be used: {error}.", code="invalid_setting") from error
