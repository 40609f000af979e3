"""The options of commands that say which papers are meant: their values in, a `Filter` out."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rag.filters import Filter

SinceOption = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only papers of this date or later: 2024, 2024-05, May 2024.")
]
UntilOption = Annotated[str | None, typer.Option(metavar="DATE", help="Only papers of this date or earlier.")]
AuthorOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only papers by this author; several times for any of them.")
]
CategoryOption = Annotated[
    list[str] | None, typer.Option(metavar="C", help="Only papers of this category (cs.LG; cs for all of it).")
]
SourceOption = Annotated[list[str] | None, typer.Option(metavar="SOURCE", help="Only papers from this source.")]
NewestOption = Annotated[bool, typer.Option("--newest-first", help="Those that belong to it in order of their dates.")]
AsAskedOption = Annotated[
    bool, typer.Option("--as-asked", "--no-filter", help='Take nothing in it, such as "since 2024", for a filter.')
]


def chosen(
    since: str | None,
    until: str | None,
    author: list[str] | None,
    category: list[str] | None,
    source: list[str] | None,
    newest_first: bool,
) -> "Filter":
    """Return the filter that options ask for.

    Raises:
        UserError: A date is none.
    """
    from rag.filters import Filter

    return Filter.of(since, until, author, category, source, newest_first)
