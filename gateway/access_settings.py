"""Who may use a gateway, as settings: tokens, origins, host names, rate limits. Part of `gateway.settings`."""

import ipaddress
import json
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    """Take a list as people write it, `a, b`, and as other settings have it, `["a", "b"]`."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _origin(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or value != value.rstrip("/"):
        raise ValueError("an origin is like https://app.example.com or http://localhost:3000; name each one")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("an origin has no path and no user, only scheme, host and port")
    return value.lower()


def _web_address(value: Any) -> Any:
    if isinstance(value, str) and not value.startswith(("https://", "http://")):
        raise ValueError("it must begin with https:// (or http:// within a network that is trusted)")
    return value


Origin = Annotated[str, BeforeValidator(_origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split)]
HostNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
WebAddress = Annotated[str, BeforeValidator(_web_address)]


class AccessSettings(BaseSettings):
    """Who may; nothing here is a secret."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, frozen=True, extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    auth: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether tokens are asked for; auto: not where it listens on loopback, elsewhere yes.",
    )
    tokens_file: Path | None = Field(
        default=None, description="File of access tokens that `stagecast token` writes; taken anew when it changes."
    )
    jwks_url: WebAddress | None = Field(
        default=None, description="Where the keys of an identity provider are; its JWTs are let in."
    )
    jwt_issuer: str | None = Field(default=None, description="Issuer (`iss`) that a JWT must have.")
    jwt_audience: str | None = Field(default=None, description="Audience (`aud`) that a JWT must have; set it.")
    allowed_origins: Origins = Field(
        default=(), description="Origins of web pages that may use it, separated by commas; its own always may."
    )
    allowed_hosts: HostNames = Field(
        default=(),
        description="Names besides those of loopback that it goes by while no tokens are asked for; * for any.",
    )
    requests_per_minute: int = Field(
        default=1200, ge=0, description="Requests that one token may make in any minute; 0 for any number."
    )
    submissions_per_minute: int = Field(
        default=300, ge=0, description="Executions that one token may start in any minute; 0 for any number."
    )
    failures_per_minute: int = Field(
        default=30, ge=0, description="Refused tokens of one client address in any minute, then it gets 429; 0: any."
    )

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def asks_for_tokens(self) -> bool:
        """Whether everybody must say who they are."""
        return self.auth == "on" or (self.auth == "auto" and not self.is_on_loopback)


def is_loopback(host: str) -> bool:
    """Tell whether a name or address, without a port, means this machine to itself alone."""
    name = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
