"""Names of papers and sources in, what an index is to let go of out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from index.contents import Contents
from index.errors import StoreError
from index.paper import UPLOADED, Paper
from index.papers import paper_id


@dataclass(frozen=True)
class Removal:
    """What `update` is asked for to let go of papers: `update(folder, papers, encoder, remove=ids)`.

    Attributes:
        ids: Of the papers that go, and of those that are written anew without a source.
        papers: The latter, that other sources name too.
    """

    ids: frozenset[str] = frozenset()
    papers: tuple[Paper, ...] = ()

    @property
    def gone(self) -> frozenset[str]:
        """The ids of papers that go for good."""
        return self.ids.difference(paper.id for paper in self.papers)


def removal(contents: Contents, names: Iterable[str]) -> Removal:
    """Return what goes when papers, by their ids, or sources, by their names, are removed.

    Of a source those papers go that no other source names; the others forget that it named them. The files packed in
    one, and those of an inner folder, go with it.

    Raises:
        StoreError: Nothing in the index has one of the names.
    """
    papers: set[str] = set()
    sources: set[str] = set()
    unknown = []
    for name in names:
        found = contents.with_id(name) or contents.with_id(paper_id("", arxiv=name, doi=name))
        named = [] if found else [each for each in contents.sources if each == name or each.startswith(f"{name}/")]
        papers.update(paper.id for paper in found)
        sources.update(named)
        if not found and not named:
            unknown.append(name)
    if unknown:
        known = ", ".join(contents.sources[:_SHOWN]) + (" …" if len(contents.sources) > _SHOWN else "")
        raise StoreError(
            f"Nothing in the index is called {', '.join(unknown)}. Name a paper by its id, or one of its sources: "
            f"{known or 'it has none'}."
        )
    said = without_sources(contents, sources)
    return Removal(said.ids | papers, tuple(paper for paper in said.papers if paper.id not in papers))


def without_sources(contents: Contents, sources: Collection[str], still: Collection[str] = ()) -> Removal:
    """Return what goes with some sources.

    Args:
        contents: Of the index.
        sources: That are gone, or say something else now.
        still: Ids of papers that are left alone.
    """
    named = {paper.id: paper for name in sources for paper in contents.from_source(name) if paper.id not in still}
    left = {each.id: tuple(name for name in each.sources if name not in sources) for each in named.values()}
    stay = tuple(_left(paper, left[paper.id]) for paper in named.values() if left[paper.id])
    return Removal(frozenset(named), stay)


def _left(paper: Paper, sources: tuple[str, ...]) -> Paper:
    """Return a paper that only some sources still name: without any upload, also without what uploads filled in."""
    uploads = any(name.startswith(UPLOADED) for name in sources)
    return replace(paper if uploads else paper.without(paper.uploaded), sources=sources)


_SHOWN = 10
