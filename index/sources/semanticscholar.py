"""A paper of Semantic Scholar, of its API or its data sets, in, its `Record` out."""

from typing import Any

from index.sources.fields import dict_of, list_of, text_of
from index.sources.markup import unmarked
from index.sources.record import Record


def semantic_scholar(values: dict[str, Any]) -> Record:
    """Return what Semantic Scholar says of a paper; the data sets write the API's names in small letters."""
    values = {name.lower(): value for name, value in values.items()}
    ids = {name.lower(): text_of(value) for name, value in dict_of(values.get("externalids")).items()}
    fields = [text_of(each) for each in list_of(values.get("fieldsofstudy"))]
    fields += [text_of(dict_of(each).get("category")) for each in list_of(values.get("s2fieldsofstudy"))]
    return Record(
        unmarked(text_of(values.get("title"))),
        unmarked(text_of(values.get("abstract"))),
        authors=tuple(text_of(dict_of(each).get("name")) for each in list_of(values.get("authors"))),
        published=values.get("publicationdate") or values.get("year"),
        ids=(ids.get("arxiv", ""), ids.get("doi", "")),
        url="" if ids.get("arxiv") or ids.get("doi") else text_of(values.get("url")),
        topics=tuple(fields),
    )
