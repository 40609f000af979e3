"""A question to a service on the web in, its papers out.

A live source is written KIND:QUESTION, such as `arxiv:cat:cs.LG AND abs:curriculum`. Papers remember it as it was
asked, so that those sources of an index that are live can be asked again: only for what came since its newest paper.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from index.errors import SourceError
from index.paper import SERVICE, Paper
from index.sources.live import arxiv, huggingface, oai, openalex, semanticscholar
from index.sources.live.client import Client
from index.sources.live.days import since_last
from index.sources.live.question import Question
from index.sources.live.service import SERVICES
from index.sources.reading import LeftOut
from index.sources.selection import Selection

__all__ = ["KINDS", "is_live", "records", "since_last"]

KINDS: dict[str, Callable[[Client, Question], Iterator[Paper | LeftOut]]] = {
    "arxiv": arxiv.papers,
    "oai": oai.papers,
    "hf": huggingface.papers,
    "openalex": openalex.papers,
    "s2": semanticscholar.papers,
}
"""Prefix of a source -> what asks the service."""


def is_live(source: str | Path) -> bool:
    """Tell whether a source is a question to a service rather than the name of a file.

    >>> is_live("arxiv:cat:cs.LG"), is_live("pages/arxiv.txt"), is_live("arxiv")
    (True, False, False)
    """
    return isinstance(source, str) and ":" in source and source.partition(":")[0].lower() in KINDS


def records(
    source: str,
    selection: Selection | None = None,
    tell: Callable[[str, int, int], None] = lambda source, records, taken: None,
    *,
    offline: bool = False,
    changed_since: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Paper | LeftOut]:
    """Yield the papers that a service has for a question, newest first where it knows an order.

    Pages that the service gave are kept in the cache folder: what was cut short goes on with the page that is missing.
    Where the service can, it is asked only for what is wanted; the papers still have to be selected.

    Args:
        source: KIND:QUESTION.
        selection: Which papers are wanted; None for all.
        tell: Is told the source, with why nothing happens for a while, and twice how many papers there are so far.
        offline: Make no connection; the environment's PAPERCHAT_OFFLINE=1 says the same.
        changed_since: ISO day; papers that are new or were revised since are wanted only, see `since_last`. arXiv knows
            when a paper was revised; other services are asked for those that were published since.
        sleep: Waits between requests.

    Raises:
        SourceError: The question is none, or the service cannot be reached or gives no answer; what it gave is kept.
    """
    kind, _, asked = source.partition(":")
    kind, asked = kind.lower(), asked.strip()
    if not asked:
        raise SourceError(f"{source!r} asks for nothing. Write what you look for after the colon.")
    count = 0
    client = Client(SERVICES[kind], offline, sleep, lambda note: tell(f"{source} ({note})", count, count))
    try:
        for found in KINDS[kind](client, Question(asked, source, selection or Selection(), changed_since)):
            count += isinstance(found, Paper)
            yield found.given_by(SERVICE) if isinstance(found, Paper) else found
    finally:
        client.close()
