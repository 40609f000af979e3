"""The folder of an index in, its papers and what is known of them out; no encoder is needed, nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.catalog import Catalog
from index.columns import Columns
from index.errors import StoreError
from index.manifest import Manifest
from index.paper import Paper
from index.paperfile import PaperFile, read_papers


@dataclass(frozen=True)
class Contents:
    """What an index holds.

    Attributes:
        papers: In the order of their ids.
        catalog: Of these.
        manifest: What shaped the index; None where there is none, or it is not whole.
    """

    papers: Sequence[Paper]
    catalog: Catalog
    manifest: Manifest | None

    @classmethod
    def read(cls, folder: Path) -> "Contents":
        """Read an index, be it from its papers alone; without papers where there is none.

        Raises:
            StoreError: Its papers cannot be read.
        """
        try:
            if manifest := Manifest.read(folder):
                columns = Columns.load(folder, manifest)
                return cls(PaperFile(manifest.papers_file(folder), columns.ends), columns.catalog, manifest)
        except (StoreError, OSError):
            pass  # an update builds it anew from its papers
        papers = sorted(read_papers(folder), key=lambda paper: paper.id)
        return cls(papers, Catalog.of(papers, range(len(papers))), None)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all sources, in order."""
        return tuple(sorted(name for name in self.catalog.counts.get("source", ()) if name))

    def from_source(self, name: str) -> list[Paper]:
        """Return the papers that a source names."""
        found = (self.papers[at] for at in self.catalog.having("source", name).tolist())
        return [paper for paper in found if name in paper.sources]

    def with_id(self, paper_id: str) -> list[Paper]:
        """Return the paper that goes by an id, if there is one."""
        found = (self.papers[at] for at in self.catalog.having("id", paper_id).tolist())
        return [paper for paper in found if paper_id in (paper.id, *paper.other_ids)][:1]

    def newest(self, source: str) -> str | None:
        """Return the ISO date of the newest paper that a source names, None where no date is known."""
        dates = self.catalog.published[self.catalog.having("source", source)]
        number = f"{int(dates.max(initial=0)):08}"
        parts = [part for part in (number[:4], number[4:6], number[6:]) if int(part)]
        return "-".join(parts) or None
