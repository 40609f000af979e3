"""An object of arXiv's metadata snapshot (Kaggle, OAI) in, its `Record` out."""

import re
from typing import Any

from index.links import code_links
from index.sources.fields import dict_of, list_of, names, text_of
from index.sources.record import Record

_VERSION = re.compile(r"v\d{1,4}")
_MONTH_OF_ID = re.compile(r"(?:[a-z.-]+/)?(\d\d)(0[1-9]|1[0-2])(?:\d*+\.)?\d+", re.I)


def arxiv(values: dict[str, Any]) -> Record:
    """Return what the snapshot says of a paper: the newest version's words and links, the first version's date."""
    arxiv_id = text_of(values.get("id"))
    parsed = [[text_of(part) for part in list_of(author)] for author in list_of(values.get("authors_parsed"))]
    authors = [" ".join((*author[1:2], *author[:1], *author[2:3])) for author in parsed]
    versions = {text_of(each.get("version")): each for each in map(dict_of, list_of(values.get("versions")))}
    newest = max((name for name in versions if _VERSION.fullmatch(name)), key=lambda name: int(name[1:]), default="")
    return Record(
        text_of(values.get("title")),
        text_of(values.get("abstract")),
        authors=tuple(authors) or names(text_of(values.get("authors"))),
        published=_created(versions, "v1") or _month(arxiv_id),
        ids=(arxiv_id, text_of(values.get("doi"))),
        topics=tuple(text_of(values.get("categories")).split()),
        code=code_links(text_of(values.get("comments"))),
        version=int(newest[1:]) if newest else None,
        updated=_created(versions, newest),
        tex=True,
    )


def _created(versions: dict[str, dict[str, Any]], version: str) -> str:
    """Return when a version came, "" where that is not known."""
    return text_of(versions.get(version, {}).get("created"))


def _month(arxiv_id: str) -> str | None:
    """Return the month that an arXiv id names."""
    month = _MONTH_OF_ID.fullmatch(arxiv_id)
    return f"{'19' if month[1] > '90' else '20'}{month[1]}-{month[2]}" if month else None
