"""Papers in, an index on disk out: only what changed is embedded, and the new one replaces the old in one step."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from index.chroma import ChunkTable
from index.chunks import CHUNKING, Chunk, chunk
from index.errors import StoreError
from index.papers import Paper, merge
from index.store import (
    CHROMA,
    FORMAT,
    MANIFEST,
    PAPERS,
    Manifest,
    differs,
    file_digest,
    papers_text,
    read_papers,
    replace_file,
)
from index.vectors import Encoder, WordEncoder
from index.words import WordsIndex
from index.wordvectors import FILE as WORD_VECTORS
from index.wordvectors import WordVectorTable

Progress = Callable[[int, int], None]
"""Called with chunks embedded so far, and in all."""

ENCODER = "encoder.txt"
"""Beside the vectors: the digest of the encoder that makes them, there before the manifest is."""

_SLICE = 128
_LOCK_WAIT_S = 10


@dataclass(frozen=True)
class Update:
    """What an update did: papers now, and which of them are new, changed or gone; chunks embedded."""

    papers: int
    new: int
    changed: int
    removed: int
    embedded: int
    wrote: bool


def update(
    folder: Path,
    papers: Sequence[Paper],
    encoder: Encoder,
    replace_all: bool = False,
    progress: Progress = lambda done, total: None,
) -> Update:
    """Bring an index up to date with papers, and to what the encoder and the chunking of today would build.

    Cut short at any moment, the index still opens as it was or says that the update is to be finished; what was
    embedded is kept, and running again goes on from there.

    Args:
        folder: Of the index; made when missing.
        papers: To add, or to put in the place of what the same source said of them before.
        encoder: Asked for the texts of new and changed chunks only.
        replace_all: Let go of the papers that are in the index and not in `papers`.
        progress: Told after each batch.

    Raises:
        StoreError: Another process is writing, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=_LOCK_WAIT_S):
            return _update(folder, papers, encoder, replace_all, progress)
    except Timeout:
        raise StoreError(f"Another process is updating {folder}. Wait for it to end, then run again.") from None
    except OSError as error:
        raise StoreError(f"Cannot write the index in {folder}: {error}. Make room or choose --index DIR.") from error


def _update(folder: Path, papers: Sequence[Paper], encoder: Encoder, replace_all: bool, progress: Progress) -> Update:
    old = read_papers(folder)
    now = merge(papers) if replace_all else _join(old, papers)
    text = papers_text(now)
    manifest = _readable(folder)
    before = {paper.id: paper for paper in old}
    new = sum(paper.id not in before for paper in now)
    changed = sum(paper.id in before and before[paper.id] != paper for paper in now)
    report = Update(len(now), new, changed, len(before) + new - len(now), 0, False)
    if manifest and not new and not changed and not report.removed and _whole(folder, manifest, encoder):
        return report
    ordered = sorted(now, key=lambda paper: paper.id)
    cut = [chunk(paper) for paper in ordered]
    chunks = {piece.id: piece for pieces in cut for piece in pieces}
    wholes = {pieces[0].id for pieces in cut} if isinstance(encoder, WordEncoder) else set()
    _let_go_of_other_vectors(folder, manifest, encoder)
    table, words = ChunkTable(folder / CHROMA), WordVectorTable(folder)
    try:
        there, with_words = table.ids(), words.ids()
        todo = (chunks.keys() - there) | (wholes - with_words)
        missing = [piece for chunk_id, piece in chunks.items() if chunk_id in todo]
        _embed(table, words, missing, wholes, encoder, progress)
        generation = max([manifest.generation if manifest else 0, *_generations(folder)]) + 1
        stamp = Manifest(
            FORMAT,
            generation,
            encoder.name,
            encoder.digest,
            table.dim(),
            CHUNKING,
            len(now),
            len(chunks),
            len(wholes | (with_words & chunks.keys())),
            "",
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        WordsIndex.build(ordered).save(stamp.words_folder(folder))
        replace_file(folder / PAPERS, text)
        replace(stamp, papers_digest=file_digest(folder / PAPERS)).write(folder)
        table.remove(sorted(there - chunks.keys()))
        words.remove(sorted(with_words - chunks.keys()))
    finally:
        table.close()
        words.close()
    _tidy(folder, generation)
    return replace(report, embedded=len(missing), wrote=True)


def _join(old: Sequence[Paper], new: Sequence[Paper]) -> list[Paper]:
    """Put new records beside or in the place of old ones.

    A record from a source that had named the paper before replaces what was said then; one from another source is
    merged with it.
    """
    fresh = {paper.id: paper for paper in new}
    kept = [paper for paper in old if not (paper.id in fresh and set(paper.sources) <= set(fresh[paper.id].sources))]
    return merge([*kept, *new])


def _let_go_of_other_vectors(folder: Path, manifest: Manifest | None, encoder: Encoder) -> None:
    """Delete what another encoder made, be it in an update that was cut short, and stamp what is made from now on."""
    stamp = folder / CHROMA / ENCODER
    made_by = manifest.encoder_digest if manifest else ""
    if stamp.exists():
        made_by = stamp.read_text(encoding="utf-8", errors="replace")
    if made_by != encoder.digest:
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder / CHROMA, ignore_errors=True)
        (folder / WORD_VECTORS).unlink(missing_ok=True)
    stamp.parent.mkdir(exist_ok=True)
    replace_file(stamp, encoder.digest)


def _embed(
    table: ChunkTable,
    words: WordVectorTable,
    chunks: Sequence[Chunk],
    wholes: set[str],
    encoder: Encoder,
    progress: Progress,
) -> None:
    """Embed chunks, longest first so that batches are even, and write them as they come; wholes also by their words."""
    ordered = sorted(chunks, key=lambda piece: (piece.id not in wholes, -len(piece.embedded)))
    by_words = sum(piece.id in wholes for piece in ordered)
    for start, end in _slices(by_words, len(ordered)):
        part = ordered[start:end]
        texts = [piece.embedded for piece in part]
        if start < by_words and isinstance(encoder, WordEncoder):
            encoded = encoder.encode_words(texts)
            words.add({piece.id: each.word_vectors for piece, each in zip(part, encoded, strict=True)})
            table.add(part, np.stack([each.vector for each in encoded]))
        else:
            table.add(part, encoder.encode(texts))
        progress(end, len(ordered))


def _slices(*ends: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of slices of at most `_SLICE`, none of which reaches over one of the ends."""
    start = 0
    for end in ends:
        for at in range(start, end, _SLICE):
            yield at, min(at + _SLICE, end)
        start = end


def _readable(folder: Path) -> Manifest | None:
    """Return the manifest, None when there is none that can be read: then everything derived is built anew."""
    try:
        return Manifest.read(folder)
    except StoreError:
        return None


def _whole(folder: Path, manifest: Manifest, encoder: Encoder) -> bool:
    """Tell whether what is on disk is what an update would write."""
    return (
        not differs(manifest, encoder)
        and manifest.papers_digest == file_digest(folder / PAPERS)
        and _words_load(manifest.words_folder(folder))
        and (folder / CHROMA).is_dir()
        and ((folder / WORD_VECTORS).exists() or not isinstance(encoder, WordEncoder))
    )


def _words_load(folder: Path) -> bool:
    try:
        WordsIndex.load(folder)
    except StoreError:
        return False
    return True


def _generations(folder: Path) -> list[int]:
    return [int(path.name.removeprefix("words-")) for path in folder.glob("words-*") if path.name[6:].isdigit()]


def _tidy(folder: Path, generation: int) -> None:
    """Delete the words of generations before the last: a reader may still hold that one open."""
    for old in _generations(folder):
        if old < generation - 1:
            shutil.rmtree(folder / f"words-{old}", ignore_errors=True)
