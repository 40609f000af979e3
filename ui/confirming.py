"""Asks before an update takes something away from an index: papers, or the abstracts that they have."""

import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from index.contents import Contents
    from index.gathering import Gathering


def changes_to_ask_of(contents: "Contents", gathered: "Gathering") -> str:
    """Return what an update would take away that nobody named, "" for nothing.

    Papers that `--remove` names are not asked about, nor is what fills in a field that is empty.
    """
    from index.change import change

    if not gathered.papers or not len(contents.papers):
        return ""
    made = change(contents.papers, contents.catalog, gathered.papers, remove=gathered.removal.ids)
    return losses(0, len(made.replaced))


def losses(removed: int, replaced: int) -> str:
    """Say how many papers go and how many abstracts are replaced, "" for none.

    >>> losses(1, 2)
    '1 paper removed, 2 abstracts replaced'
    """
    parts = [f"{removed:,} {'paper' if removed == 1 else 'papers'} removed"] if removed else []
    parts += [f"{replaced:,} {'abstract' if replaced == 1 else 'abstracts'} replaced"] if replaced else []
    return ", ".join(parts)


def confirm(lost: str) -> None:
    """Ask whether an update may take something away.

    Args:
        lost: What it would take away; nothing is asked for "".

    Raises:
        UserError: Nobody can be asked.
        typer.Exit: The answer is no.
    """
    from index.errors import UserError

    if not lost:
        return
    if not sys.stdin.isatty():
        raise UserError(f"This would change what the index holds: {lost}. Nothing was written. To do it: --yes")
    if not typer.confirm(f"This would change what the index holds: {lost}. Go on?", err=True):
        typer.echo("Nothing was written.", err=True)
        raise typer.Exit(1)
