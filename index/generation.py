"""What there is and a change in, the next generation of an index on disk out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index import columns as derived
from index.bm25 import SEGMENT_PAPERS, Segment
from index.catalog import Catalog
from index.change import Change
from index.chroma import ChunkTable
from index.chunks import Chunk
from index.columns import Columns
from index.manifest import FORMAT, Manifest
from index.matrix import EXACT_ROWS, VectorMatrix, digest_of, ranges
from index.paper import Paper
from index.paperfile import PaperFile, write
from index.vectors import Encoder, WordEncoder

Item = TypeVar("Item")
Check = Callable[[bool], None]
"""Called between the steps of an update with False, and once with True: right before the new generation takes the place
of the one that is there. What it raises ends the update, and the index stays what it was."""

FOLDED_PAPERS = 5_000
"""A segment of the words index of so few papers is built again with the new ones rather than kept beside them."""

_LINES = 10_000
"""Papers or chunks that are handled at once where all of them would fill the memory."""


@dataclass(frozen=True)
class Base:
    """What an update begins with.

    Attributes:
        papers: In the order of their ids.
        columns: What is derived from them; where that is not whole, only the catalog.
        manifest: Of the index, None where what is derived is to be made anew.
    """

    papers: Sequence[Paper]
    columns: Columns
    manifest: Manifest | None

    @classmethod
    def of(cls, papers: Sequence[Paper]) -> "Base":
        """Return papers from which everything is derived anew."""
        return cls(papers, replace(Columns.empty(), catalog=Catalog.of(papers, range(len(papers)))), None)

    @property
    def whole(self) -> bool:
        """Tell whether what is derived from the papers can be used."""
        return self.manifest is not None

    @property
    def chunking(self) -> str:
        """How its papers are cut; empty where they are not."""
        return self.manifest.chunking if self.manifest else ""

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the segments of its words index."""
        return self.manifest.words if self.manifest else ()


class Generation:
    """Writes one generation of an index."""

    def __init__(self, folder: Path, number: int, encoder: Encoder, table: ChunkTable, remote: bool) -> None:
        """Take what it is made of.

        Args:
            folder: Of the index.
            number: That no generation had before.
            encoder: That made the vectors.
            table: Where they are.
            remote: They stay there: no matrix of them is written.
        """
        self.folder = folder
        self.number = number
        self.encoder = encoder
        self.table = table
        self.remote = remote

    def write(self, base: Base, made: Change, cut: Sequence[Sequence[Chunk]], chunking: str, check: Check) -> Manifest:
        """Write the generation that a change makes beside the one that is there, then let it take that one's place.

        Args:
            base: What there is.
            made: What becomes of it.
            cut: The chunks of each of its fresh papers; all of them have vectors in the table.
            chunking: How they were cut.
            check: Called between steps.
        """
        papers = self.folder / f"papers-{self.number}.jsonl"
        sizes, digest = write(papers, checked(_pieces(base.papers, made), check))
        lengths = np.concatenate([np.diff(base.columns.ends), sizes])[made.order]
        words, places = self._write_words(base, made, check)
        check(False)
        catalog = Catalog.of(made.fresh, made.positions)
        gone = [base.papers[at] for at in made.gone]
        columns = Columns(
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            base.columns.catalog.moved(made.places, made.order, gone, catalog),
            self._matrix(base.columns.matrix, made, cut),
            places,
        )
        stamp = Manifest(
            FORMAT,
            self.number,
            self.encoder.name,
            self.encoder.digest,
            self.table.dim(),
            chunking,
            len(made.order),
            len(columns.matrix.chunk_ids),
            len(made.order) if isinstance(self.encoder, WordEncoder) else 0,
            _iso(int(columns.catalog.published.max(initial=0))),
            int(columns.ends[-1]),
            digest,
            "",
            words,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        check(False)
        columns.save(stamp.columns_folder(self.folder), words)
        known = derived.digests(self.folder, base.manifest) if base.manifest else {}
        known = {name: known[name] for name in known if name.split("/")[0] in base.segments}
        stamp = replace(
            stamp, columns_digest=derived.stamp(self.folder, stamp.columns_folder(self.folder), words, known)
        )
        check(True)
        stamp.write(self.folder)
        return stamp

    def _write_words(
        self, base: Base, made: Change, check: Check
    ) -> tuple[tuple[str, ...], tuple[NDArray[np.int32], ...]]:
        """Write the words of new papers, and of small segments together with them; return all segments and places."""
        moved = [np.where(old >= 0, made.places[old], -1).astype(np.int32) for old in base.columns.places]
        most = max(FOLDED_PAPERS, 2 * len(made.fresh))
        kept = [(name, places) for name, places in zip(base.segments, moved, strict=True) if (places >= 0).sum() > most]
        held = np.zeros(len(made.order), dtype=np.bool_)
        for _, places in kept:
            held[places[places >= 0]] = True
        rest = np.flatnonzero(~held)
        for number, start in enumerate(range(0, len(rest), SEGMENT_PAPERS)):
            part = rest[start : start + SEGMENT_PAPERS]
            name = f"words-{self.number}-{number}"
            Segment.build(checked(papers_now(base.papers, made, part), check)).save(self.folder / name)
            kept.append((name, part.astype(np.int32)))
        return tuple(name for name, _ in kept), tuple(places for _, places in kept)

    def _matrix(self, old: VectorMatrix, made: Change, cut: Sequence[Sequence[Chunk]]) -> VectorMatrix:
        """Return the vectors in the new order: those that are kept, and those of new chunks from the table."""
        ids = [piece.id for pieces in cut for piece in pieces]
        dim = self.table.dim()
        counts = np.concatenate([np.diff(old.starts), [len(pieces) for pieces in cut]]).astype(np.int64)
        starts = (np.cumsum(counts) - counts)[made.order]
        now = ranges(starts, starts + counts[made.order])
        counts = counts[made.order]
        chunk_ids = np.concatenate([old.chunk_ids, np.asarray([digest_of(each) for each in ids], dtype=np.uint64)])[now]
        if self.remote:
            nothing = np.zeros((0, dim), dtype=np.float32)
            return VectorMatrix.of(counts.tolist(), chunk_ids, nothing, np.zeros(dim, dtype=np.float32))
        rows = np.empty((len(ids), dim), dtype=np.float32 if len(now) <= EXACT_ROWS else np.float16)
        for start in range(0, len(ids), _LINES):
            part = ids[start : start + _LINES]
            found = self.table.vectors(part)
            rows[start : start + len(part)] = [found[each] for each in part]
        both = np.concatenate([old.rows, rows])[now] if len(old.rows) else rows[now]
        kept = len(made.order) - len(made.fresh)
        mean = old.mean if kept >= len(made.fresh) else both.mean(axis=0, dtype=np.float32)
        return VectorMatrix.of(counts.tolist(), chunk_ids, both, mean)


def checked(items: Iterable[Item], check: Check) -> Iterator[Item]:
    """Yield some items, and call `check` before each."""
    for item in items:
        check(False)
        yield item


def papers_now(papers: Sequence[Paper], made: Change, positions: NDArray[np.int64]) -> Iterator[Paper]:
    """Yield the papers that stand at some positions after a change."""
    for at in made.order[positions].tolist():
        yield papers[at] if at < len(papers) else made.fresh[at - len(papers)]


def _pieces(papers: Sequence[Paper], made: Change) -> Iterator[Paper | bytes]:
    """Yield what `papers.jsonl` holds after a change: lines that stay as they are, in runs, and new papers."""
    edges = np.flatnonzero((np.diff(made.order) != 1) | (made.order[1:] >= len(papers))) + 1
    for run in np.split(made.order, edges):
        first = int(run[0]) if len(run) else len(papers)
        if first >= len(papers):
            yield from (made.fresh[int(at) - len(papers)] for at in run)
        elif isinstance(papers, PaperFile):
            for start in range(first, first + len(run), _LINES):
                yield papers.lines(start, min(start + _LINES, first + len(run)))


def _iso(number: int) -> str:
    """Return a date of the catalog as ISO has it, empty for none."""
    parts = [f"{number // 10_000:04}", f"{number // 100 % 100:02}", f"{number % 100:02}"] if number else []
    return "-".join(part for part in parts if part != "00")
