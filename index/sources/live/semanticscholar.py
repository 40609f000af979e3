"""A search of Semantic Scholar in, the papers out that it fits, newest first, by the search that is made for many.

The question is one of Semantic Scholar's own: words, + for and, | for or, - for not, quotes and brackets.
"""

from collections.abc import Iterator
from typing import Any

from index.paper import Paper
from index.sources.live.body import explain_json, read_json
from index.sources.live.client import Client, Unfit
from index.sources.live.question import Question
from index.sources.live.record import papers_of
from index.sources.reading import LeftOut

_FIELDS = "title,abstract,authors,externalIds,publicationDate,year,url,fieldsOfStudy,s2FieldsOfStudy"


def papers(client: Client, question: Question) -> Iterator[Paper | LeftOut]:
    """Yield the papers that Semantic Scholar finds; many have no abstract there and are left out.

    Raises:
        SourceError: Semantic Scholar refuses the question or gave no answer.
    """
    params = {"query": question.asked, "fields": _FIELDS, "sort": "publicationDate:desc"}
    if question.is_narrow:
        params["publicationDateOrYear"] = f"{question.first_new_day}:{question.last_day}"
    token = ""
    while True:
        found, token = client.get(params | ({"token": token} if token else {}), _read, explain=explain_json)
        for number, record in enumerate(found, 1):
            yield from papers_of(record, question.source, str(record.get("paperId") or f"result {number}"))
        if not token:
            return


def _read(body: bytes) -> tuple[list[dict[str, Any]], str]:
    """Return the records of a page, and what to ask for the next page with, "" at the end."""
    values = read_json(body)
    if not isinstance(values, dict) or not ("data" in values or values.get("total") == 0):
        raise Unfit("no list of papers")
    records = values.get("data")
    records = records if isinstance(records, list) else []
    return [each if isinstance(each, dict) else {} for each in records], str(
        values.get("token") or ""
    ) if records else ""
