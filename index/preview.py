"""Papers in, what an update would make of an index out, and about how long that would take. Writes nothing."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from index.change import Change, change
from index.chunks import WHOLE_PAPERS, Chunk, chunk, whole_paper
from index.contents import Contents
from index.manifest import differs
from index.paper import Paper
from index.vectors import Encoder, WordEncoder

_SAMPLE = 24


@dataclass(frozen=True)
class Preview:
    """What an update would do.

    Attributes:
        papers: That the index would hold.
        new: Of these, how many it has not.
        changed: Of these, how many something else is said of.
        removed: Papers that would go.
        chunks: That would be embedded; fewer if an update that was cut short left some.
        seconds: That embedding them takes, going by a few of them.
        replaced: Papers whose abstract would be another one.
        bridges: What would become of records that name several papers of the index.
    """

    papers: int
    new: int
    changed: int
    removed: int
    chunks: int
    seconds: float
    replaced: int = 0
    bridges: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "seconds": round(self.seconds, 1)}


def preview(
    contents: Contents,
    papers: Sequence[Paper],
    encoder: Encoder,
    replace_all: bool = False,
    remove: Collection[str] = (),
) -> Preview:
    """Return what `update` with the same arguments would do."""
    made = change(contents.papers, contents.catalog, papers, replace_all, remove)
    todo = {piece.id: piece for paper in _to_cut(contents, made, encoder) for piece in _cut(contents, paper)}
    if _whole(contents, encoder):
        for at in made.gone:
            for piece in _cut(contents, contents.papers[at]):
                todo.pop(piece.id, None)
    pieces = sorted(todo.values(), key=lambda piece: len(piece.embedded))
    sample = pieces[:: max(1, len(pieces) // _SAMPLE)][:_SAMPLE]
    seconds = _seconds(encoder, [piece.embedded for piece in sample]) / len(sample) * len(pieces) if sample else 0.0
    return Preview(
        len(made.order), made.new, made.changed, made.removed, len(pieces), seconds, len(made.replaced), made.bridges
    )


def _whole(contents: Contents, encoder: Encoder) -> bool:
    """Tell whether the vectors of the index are those that the encoder would make."""
    return contents.manifest is not None and not differs(contents.manifest, encoder)


def _to_cut(contents: Contents, made: Change, encoder: Encoder) -> Iterator[Paper]:
    """Yield the papers whose chunks may have to be embedded: the fresh ones, or all where no vectors are there."""
    yield from made.fresh
    if not _whole(contents, encoder):
        gone = set(made.gone)
        yield from (paper for at, paper in enumerate(contents.papers) if at not in gone)


def _cut(contents: Contents, paper: Paper) -> list[Chunk]:
    if contents.manifest and contents.manifest.chunking == WHOLE_PAPERS:
        return [whole_paper(paper)]
    return list(chunk(paper))


def _seconds(encoder: Encoder, texts: Sequence[str]) -> float:
    """Return how long texts take, the model loaded and warm."""
    encode = encoder.encode_words if isinstance(encoder, WordEncoder) else encoder.encode
    encode(texts[:1])
    begun = time.perf_counter()
    encode(texts)
    return time.perf_counter() - begun
