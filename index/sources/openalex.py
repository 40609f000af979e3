"""A work of OpenAlex in, its `Record` out."""

from collections.abc import Iterator
from typing import Any

from index.sources.fields import dict_of, list_of, text_of
from index.sources.markup import unmarked
from index.sources.record import Record


def openalex(values: dict[str, Any]) -> Record:
    """Return what OpenAlex says of a work; its abstract is put together from the places of its words."""
    ids = dict_of(values.get("ids"))
    locations = [dict_of(values.get("primary_location")), *map(dict_of, list_of(values.get("locations")))]
    pages = [text_of(each.get(name)) for each in locations for name in ("landing_page_url", "pdf_url")]
    return Record(
        unmarked(text_of(values.get("title")) or text_of(values.get("display_name"))),
        unmarked(_abstract(values.get("abstract_inverted_index")) or text_of(values.get("abstract"))),
        authors=tuple(_authors(list_of(values.get("authorships")))),
        published=values.get("publication_date") or values.get("publication_year"),
        ids=(*pages, text_of(values.get("doi")) or text_of(ids.get("doi"))),
        url=next((page for page in (pages[0], text_of(values.get("doi")), text_of(values.get("id"))) if page), ""),
        topics=tuple(_topics(values)),
    )


def _abstract(places: object) -> str:
    """Return the text whose words stand at the given places: {"We": [0], "ask": [1, 5], ...}."""
    words = [
        (place, word) for word, each in dict_of(places).items() for place in list_of(each) if isinstance(place, int)
    ]
    return " ".join(word for _, word in sorted(words))


def _authors(authorships: list[Any]) -> Iterator[str]:
    """Yield the names of the authors."""
    for each in map(dict_of, authorships):
        yield text_of(dict_of(each.get("author")).get("display_name")) or text_of(each.get("raw_author_name"))


def _topics(values: dict[str, Any]) -> Iterator[str]:
    """Yield the names of topics and keywords, the main one first."""
    topics = [values.get("primary_topic"), *list_of(values.get("topics")), *list_of(values.get("keywords"))]
    for each in map(dict_of, topics):
        yield text_of(each.get("display_name")) or text_of(each.get("keyword"))
