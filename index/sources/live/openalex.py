"""A search of OpenAlex in, the works out whose title or abstract it fits, newest first.

The question is one of OpenAlex's own, with AND, OR, NOT, quotes and brackets; `filter=…` gives its filters in place of
words. Only works with an abstract are asked for.
"""

from collections.abc import Iterator
from typing import Any

from index.paper import Paper
from index.sources.live.body import explain_json, read_json
from index.sources.live.client import Client, Unfit
from index.sources.live.question import Question
from index.sources.live.record import papers_of
from index.sources.reading import LeftOut

_FIELDS = (
    "id,doi,ids,title,display_name,publication_date,publication_year,authorships,abstract_inverted_index,"
    "primary_location,locations,primary_topic,topics,keywords"
)


def papers(client: Client, question: Question) -> Iterator[Paper | LeftOut]:
    """Yield the works that OpenAlex finds.

    Raises:
        SourceError: OpenAlex refuses the question or gave no answer.
    """
    filters = ["has_abstract:true"]
    words = {}
    if question.asked.startswith("filter="):
        filters.insert(0, question.asked.removeprefix("filter="))
    else:
        words = {"search.title_and_abstract": question.asked}
    filters += [f"from_publication_date:{question.first_new_day}"] if question.first_new_day else []
    filters += [f"to_publication_date:{question.last_day}"] if question.last_day else []
    params = words | {
        "filter": ",".join(filters),
        "sort": "publication_date:desc",
        "per_page": str(client.service.page),
        "select": _FIELDS,
    }
    cursor = "*"
    while cursor:
        works, cursor = client.get(params | {"cursor": cursor}, _read, explain=explain_json)
        for number, work in enumerate(works, 1):
            yield from papers_of(work, question.source, str(work.get("id") or f"result {number}").rpartition("/")[2])


def _read(body: bytes) -> tuple[list[dict[str, Any]], str]:
    """Return the works of a page, and what to ask for the next page with, "" at the end."""
    values = read_json(body)
    if not isinstance(values, dict) or not isinstance(works := values.get("results"), list):
        raise Unfit("no list of works")
    meta = values.get("meta")
    cursor = meta.get("next_cursor") if isinstance(meta, dict) else None
    return [each if isinstance(each, dict) else {} for each in works], str(cursor or "") if works else ""
