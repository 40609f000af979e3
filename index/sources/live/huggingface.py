"""A day of Hugging Face's daily papers, or a search of them, in, the papers out.

`daily` gives the newest ones, `daily:2025-03-17` those of a day, `daily:2025-W12` of a week, `daily:2025-03` of a
month, and `search:QUERY` what is found. A paper's date is arXiv's, some days before that of the list it is on.
"""

import re
from collections.abc import Iterator
from typing import Any

from index.errors import SourceError
from index.paper import Paper
from index.sources.live.body import explain_json, read_json
from index.sources.live.client import Client, Unfit
from index.sources.live.question import Question
from index.sources.live.record import papers_of
from index.sources.reading import LeftOut

_TIMES = {
    name: re.compile(form)
    for name, form in (("date", r"\d{4}-\d\d-\d\d"), ("week", r"\d{4}-W\d\d"), ("month", r"\d{4}-\d\d"))
}


def papers(client: Client, question: Question) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a list, newest first, or of a search, best first.

    Without a time `daily` is the newest list; with `since` or `most` in the selection it goes back as far as these say.

    Raises:
        SourceError: The question is none of these, or Hugging Face gave no answer.
    """
    kind, _, rest = question.asked.partition(":")
    rest = rest.strip()
    if kind == "search" and rest:
        params = {"q": rest, "limit": str(client.service.page)}
        for number, record in enumerate(client.get(params, _read, "/papers/search", explain_json), 1):
            yield from papers_of(record, question.source, _name(record, number))
    elif kind == "daily":
        yield from _daily(client, _time(rest), question)
    else:
        raise SourceError(
            f"{question.source!r} is no question for Hugging Face. Write hf:daily, hf:daily:2025-03-17 or "
            "hf:search:QUERY."
        )


def _daily(client: Client, time: dict[str, str], question: Question) -> Iterator[Paper | LeftOut]:
    """Yield the papers of lists, page after page, each once."""
    seen: set[str] = set()
    goes_back = bool(time or question.selection.most or question.first_new_day)
    for page in range(10_000):
        params = time | {"limit": str(client.service.page), "p": str(page)}
        records = client.get(params, _read, "/daily_papers", explain_json)
        new = [(number, record) for number, record in enumerate(records, 1) if _name(record, number) not in seen]
        for number, record in new:
            seen.add(_name(record, number))
            yield from papers_of(record, question.source, _name(record, number))
        listed = max((_listed(record) for _, record in new), default="")
        if not new or not goes_back or listed < question.first_new_day:
            return


def _time(text: str) -> dict[str, str]:
    """Return a day, week or month as Hugging Face asks for it, nothing for none.

    Raises:
        SourceError: It is none of these.
    """
    if not text:
        return {}
    for name, form in _TIMES.items():
        if form.fullmatch(text):
            return {name: text}
    raise SourceError(f"{text!r} is no time. Write a day (2025-03-17), a week (2025-W12) or a month (2025-03).")


def _read(body: bytes) -> list[dict[str, Any]]:
    values = read_json(body)
    if not isinstance(values, list):
        raise Unfit("no list of papers")
    return [each if isinstance(each, dict) else {} for each in values]


def _listed(record: dict[str, Any]) -> str:
    """Return the day of the list that a paper is on; one that is not said may be any."""
    paper = record.get("paper")
    for each in (paper if isinstance(paper, dict) else {}, record):
        if isinstance(day := each.get("submittedOnDailyAt"), str):
            return day
    return "9"


def _name(record: dict[str, Any], number: int) -> str:
    paper = record.get("paper")
    name = (paper if isinstance(paper, dict) else record).get("id")
    return name if isinstance(name, str) and name else f"result {number}"
