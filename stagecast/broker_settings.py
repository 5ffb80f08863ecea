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
    if settings.nats_tls_ca is not None:
        try:
            options["tls"] = ssl.create_default_context(cafile=settings.nats_tls_ca)
        except (OSError, ssl.SSLError) as error:
            raise MissingSetting(f"STAGECAST_NATS_TLS_CA cannot be used: {error}.") from error
    return options
