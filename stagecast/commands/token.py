"""`stagecast token`: makes, lists and revokes the access tokens that a gateway with STAGECAST_TOKENS_FILE lets in."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from contracts.scopes import SCOPES, Scope

DEFAULT_FILE = Path(".stagecast/tokens.json")
_DEFAULT_SCOPES = ("read", "run")


class _ScopeName(StrEnum):
    """`contracts.scopes.Scope`, as the command line needs it."""

    READ = "read"
    RUN = "run"
    ADMIN = "admin"


app = typer.Typer(help="Make, list and revoke access tokens for a gateway.", no_args_is_help=True)

File = Annotated[Path, typer.Option(envvar="STAGECAST_TOKENS_FILE", help="The gateway's file of tokens.")]

_DURATION = re.compile(r"(?P<number>[1-9][0-9]{0,4})(?P<unit>[mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Who uses it; what they submit belongs to this name.")],
    scope: Annotated[
        list[_ScopeName] | None,
        typer.Option(help="What it may do; can be given several times. read and run if left out."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Like 12h, 90d, 4w; never if left out.")
    ] = None,
    file: File = DEFAULT_FILE,
) -> None:
    """Make a token and print it, once: only its digest is kept."""
    from contracts.envelope import utc_now
    from stagecast.tokens import TokenFile

    wanted = set[str](scope or _DEFAULT_SCOPES)
    scopes: list[Scope] = [known for known in SCOPES if known in wanted]
    until = None if expires is None else utc_now() + _duration(expires)
    token = TokenFile(file).add(name, scopes, until)
    typer.echo(
        f"Token '{name}' with {' and '.join(scopes)}"
        + (f", good until {until:%Y-%m-%d %H:%M} UTC" if until is not None else "")
        + ". It is shown this once; the file keeps only its digest.\n"
        f"Gateways that run with STAGECAST_TOKENS_FILE={file.resolve()} know it within a second.",
        err=True,
    )
    typer.echo(token)


@app.command("list")
def show(file: File = DEFAULT_FILE) -> None:
    """List the tokens: names, scopes, dates."""
    from contracts.envelope import utc_now
    from stagecast.commands.show import print_rows
    from stagecast.tokens import TokenFile

    now = utc_now()
    rows = [
        [
            record.name,
            " ".join(record.scopes),
            f"{record.created:%Y-%m-%d %H:%M}",
            "never" if record.expires is None else f"{record.expires:%Y-%m-%d %H:%M}",
            "expired" if record.expires is not None and record.expires <= now else "good",
        ]
        for record in TokenFile(file).read()
    ]
    print_rows(("Name", "Scopes", "Created (UTC)", "Expires (UTC)", "State"), rows)


@app.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="The token's name.")], file: File = DEFAULT_FILE) -> None:
    """Revoke a token: gateways refuse it within a second."""
    from stagecast.tokens import TokenFile

    TokenFile(file).revoke(name)
    typer.echo(f"Token '{name}' is revoked.", err=True)


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter("write a number with m, h, d or w, for example 90d", param_hint="--expires")
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})
