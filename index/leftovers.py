"""What an update leaves behind when it is cut short, told apart from what the index holds, and cleared away."""

import os
import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from index.chroma import ChunkTable
from index.columns import Columns
from index.manifest import PAPERS, Manifest, replace_file
from index.paperfile import PaperFile
from index.wordvectors import WordVectorTable

FILE, LATER = "leftovers.txt", "later.txt"


class Leftovers:
    """Ids of chunks that may lie beside an index without being of it, kept on disk before they do."""

    def __init__(self, vectors: Path) -> None:
        self._path, self._later = vectors / FILE, vectors / LATER

    @property
    def any(self) -> bool:
        """Tell whether chunks are noted that nobody has cleared away yet."""
        return self._path.exists()

    def note(self, ids: Iterable[str]) -> None:
        """Add ids, on the disk when this returns."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n")  # after a line that was cut short
            file.writelines(f"{each}\n" for each in ids)
            file.flush()
            os.fsync(file.fileno())

    def clear(
        self,
        table: ChunkTable,
        words: WordVectorTable,
        is_of_index: Callable[[str], bool],
        later: Collection[str] = (),
    ) -> None:
        """Delete the chunks that were noted and are not of the index, but for those of `later`: the next time."""
        if not (self.any or self._later.exists()):
            return
        noted = dict.fromkeys([*_lines(self._path), *_lines(self._later)])
        gone = [each for each in noted if each and not is_of_index(each)]
        now = [each for each in gone if each not in later]
        table.remove(sorted(table.has(now)))
        words.remove(now)
        if len(now) < len(gone):
            replace_file(self._later, "".join(f"{each}\n" for each in gone if each in later))
        else:
            self._later.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []


def tidy(folder: Path, manifest: Manifest | None, vectors: Path | None = None) -> None:
    """Delete what no generation needs, and give the papers of the newest one the name that all have.

    Args:
        folder: Of the index.
        manifest: Of the newest generation; without one, vectors stay: it may be damaged, and they may be used again.
        vectors: A folder of vectors that stays too.
    """
    if manifest is None:
        for path in [*folder.glob("columns-*"), *folder.glob("words-*")]:
            shutil.rmtree(path, ignore_errors=True)
        return
    own = folder / f"papers-{manifest.generation}.jsonl"
    if own.exists():
        os.replace(own, folder / PAPERS)
    for path in folder.glob("papers-*.jsonl"):
        path.unlink()
    kept = {manifest.columns_folder(folder).name, manifest.vectors_folder(folder).name, *manifest.words}
    for path in [*folder.glob("columns-*"), *folder.glob("words-*"), *folder.glob("vectors-*")]:
        if path.name not in kept and path != vectors:
            shutil.rmtree(path, ignore_errors=True)


class Membership:
    """Tells whether a chunk is of an index."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._columns = Columns.load(folder, manifest)
        self._papers = PaperFile(folder / PAPERS, self._columns.ends)

    def __call__(self, chunk_id: str) -> bool:
        """Tell it of the chunk of an id."""
        paper_id, _, digest = chunk_id.rpartition("#")
        places = self._columns.catalog.having("id", paper_id).tolist()
        return any(digest in self._columns.matrix.ids_of(at) and self._papers[at].id == paper_id for at in places)
