"""How to reach the broker and who we are there, from the environment. Not the connection itself."""

import re
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import MissingSetting
from stagecast.certificates import load_pair, trusting

_ONE_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class BrokerSettings(BaseSettings):
    """How to reach the broker, from `STAGECAST_NATS_*`."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, extra="ignore")

    nats_url: str = Field(default="nats://127.0.0.1:4222", description="Broker URL; several separated by commas.")
    nats_user: str | None = Field(default=None, description="User name at the broker.")
    nats_password: SecretStr | None = Field(default=None, description="Its password.")
    nats_token: SecretStr | None = Field(default=None, description="Token at the broker, instead of user and password.")
    nats_creds: Path | None = Field(default=None, description="Credentials file (JWT and seed).")
    nats_inbox_prefix: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        description="Where answers come in: `_INBOX_<user>` when unset, so that each user can be given its own.",
    )
    nats_tls_ca: Path | None = Field(default=None, description="Certificate authority for tls:// URLs.")
    nats_tls_cert: Path | None = Field(default=None, description="Our certificate, where the broker asks for one.")
    nats_tls_key: Path | None = Field(default=None, description="Its key, not encrypted.")
    nats_timeout_seconds: float = Field(default=5.0, gt=0, description="Longest wait for one answer of the broker.")

    def servers(self) -> list[str]:
        """Return the URLs one by one."""
        return [url.strip() for url in self.nats_url.split(",") if url.strip()]

    def inbox_prefix(self) -> str | None:
        """Return the prefix of the subjects that answers come in on; None for the one that every client uses."""
        if self.nats_inbox_prefix is not None:
            return self.nats_inbox_prefix
        in_urls = [(parts.username, parts.password) for parts in map(urlsplit, self.servers())]
        # A name without a password is a token, which belongs into no subject.
        users = [user for user, password in ((self.nats_user, self.nats_password), *in_urls) if user and password]
        return f"_INBOX_{users[0]}" if users and _ONE_TOKEN.fullmatch(users[0]) else None

    def address(self) -> str:
        """Return where the broker is, without user and password, for logs."""
        return ",".join(f"{parts.hostname}:{parts.port or 4222}" for parts in map(urlsplit, self.servers()))


class Security(TypedDict, total=False):
    """The part of nats-py's connect options that says who we are."""

    user: str
    password: str
    token: str
    user_credentials: str
    inbox_prefix: str
    tls: ssl.SSLContext


def security_options(settings: BrokerSettings) -> Security:
    """Turn the settings into connect options.

    Raises:
        MissingSetting: a file cannot be used, or a package is missing.
    """
    options: Security = {}
    if settings.nats_user is not None and settings.nats_password is not None:
        options["user"] = settings.nats_user
        options["password"] = settings.nats_password.get_secret_value()
    if settings.nats_token is not None:
        options["token"] = settings.nats_token.get_secret_value()
    if settings.nats_creds is not None:
        if not settings.nats_creds.is_file():
            raise MissingSetting(f"STAGECAST_NATS_CREDS names a file that is not there: {settings.nats_creds}.")
        if find_spec("nkeys") is None:
            raise MissingSetting("STAGECAST_NATS_CREDS needs the package nkeys; install it beside stagecast.")
        options["user_credentials"] = str(settings.nats_creds)
    if (prefix := settings.inbox_prefix()) is not None:
        options["inbox_prefix"] = prefix
    if (context := _tls_context(settings)) is not None:
        options["tls"] = context
    return options


def _tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """Make the context for an encrypted connection; None where nothing asks for one."""
    ours = settings.nats_tls_cert, settings.nats_tls_key
    wants_tls = any(urlsplit(url).scheme == "tls" for url in settings.servers())
    if settings.nats_tls_ca is None and ours == (None, None) and not wants_tls:
        return None
    context = trusting(settings.nats_tls_ca, name="STAGECAST_NATS_TLS_CA")
    if ours != (None, None):
        load_pair(context, *ours, names=("STAGECAST_NATS_TLS_CERT", "STAGECAST_NATS_TLS_KEY"))
    return context


def describe_failure(error: Exception) -> str:
    """Say why a connection came to nothing, with the settings to look at where it is about certificates."""
    if isinstance(error, ssl.SSLCertVerificationError):
        told = error.verify_message
        return f"The broker's certificate is not accepted: {told}. STAGECAST_NATS_TLS_CA names its authority."
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        told = str(error.reason).partition("ALERT_")[2].replace("_", " ").lower()
        return f"The broker does not accept us: {told}. See STAGECAST_NATS_TLS_CERT and STAGECAST_NATS_TLS_KEY."
    return str(error) or type(error).__name__
