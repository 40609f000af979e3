"""What commands have in common: options, and how they print."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

IndexOption = Annotated[Path | None, typer.Option("--index", metavar="DIR", help="Folder of the index.")]
EncoderOption = Annotated[str | None, typer.Option(help="Embedding model: a name or a folder.")]
OfflineOption = Annotated[bool | None, typer.Option("--offline", help="Open no connection.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """Tell a person something that is no data."""
    typer.echo(text, err=True)


def print_json(value: object, indent: int | None = 2) -> None:
    """Print data as JSON, on one line without an indent."""
    print_data(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def print_data(text: str) -> None:
    """Print data: to a pipe as it is, to a terminal without what would move its cursor."""
    from ui.terminal.screen import Screen

    if sys.stdout.isatty():
        Screen.of(sys.stdout).verbatim(text)
    else:
        typer.echo(text, nl=False)
