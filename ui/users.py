"""The terminal's commands for who may log in to a server: a name and a password in, a line of a file out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Say who may log in to a server.", rich_markup_mode=None, no_args_is_help=True)

AuthOption = Annotated[
    Path | None, typer.Option("--auth", metavar="FILE", help="File of users; by default `users` in the home folder.")
]


@app.command()
def add(name: str, auth: AuthOption = None) -> None:
    """Let NAME log in, or give NAME a new password: it is asked for, or read from a pipe as one line."""
    from ui.access import Users

    file = _file(auth)
    if sys.stdin.isatty():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    new = Users(file).add(name, password)
    typer.echo(f"{name} may log in." if new else f"{name} has a new password.")
    typer.echo(f"Serve with: paperchat serve --auth {file}", err=True)


@app.command("list")
def list_users(auth: AuthOption = None) -> None:
    """List who may log in."""
    from ui.access import Users

    for name in Users(_file(auth)).names():
        typer.echo(name)


@app.command()
def remove(name: str, auth: AuthOption = None) -> None:
    """Let NAME no longer log in; a server that runs notices at once."""
    from ui.access import Users

    Users(_file(auth)).remove(name)
    typer.echo(f"{name} may no longer log in.")


def _file(auth: Path | None) -> Path:
    """Return the file of users that was named, or the usual one."""
    from rag.settings import Settings

    settings = Settings.load(auth=auth)
    return settings.auth.expanduser() if settings.auth else settings.home_folder / "users"
