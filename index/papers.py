"""Records of any origin in, one `Paper` for each different paper out.

Knows nothing of files, vectors or questions. What a paper is, is told by its ids and its titles (index/grouping.py);
of each field the most trusted, newest and richest is kept (index/joining.py). Both rules give the same whatever the
order of the records, and whether they come at once or in batches.
"""

from collections.abc import Iterable

from index.grouping import Groups
from index.identity import arxiv_version, page_by_id, paper_id, title_key
from index.joining import join
from index.links import code_links
from index.paper import Paper, is_web

__all__ = [
    "Paper", "arxiv_version", "code_links", "is_web", "join", "merge", "page_by_id", "paper_id", "title_key",
]  # fmt: skip


def merge(papers: Iterable[Paper]) -> list[Paper]:
    """Join the records of the same paper, see `Groups`; the order is that of first sight, the most trusted first.

    Batches merged one after the other give what merging all at once gives, but for a name that turns out later to
    belong to several papers, and for records of one paper whose authors differ.
    """
    groups = Groups()
    groups.add(papers)
    return list(groups.records.values())
