"""What shaped an index and what is in it: the one file whose replacing makes an update count."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.chunks import CHUNKING, WHOLE_PAPERS
from index.errors import StoreError
from index.vectors import Encoder, WordEncoder

FORMAT = 3
MANIFEST, PAPERS = "manifest.json", "papers.jsonl"


class LaterFormat(StoreError):
    """A later version of paperchat wrote the index: this one must not touch it."""


@dataclass(frozen=True)
class Manifest:
    """What shaped an index and what is in it.

    Attributes:
        format: Of the folder; another one is refused.
        generation: Counts the updates; a reader that sees another one opens anew.
        encoder: Name of the model that made the vectors.
        encoder_digest: What its weights hash to.
        dim: Numbers in a vector.
        chunking: How papers were cut.
        papers: Papers in it.
        chunks: Chunks in it.
        with_words: Papers whose words have vectors too.
        newest: ISO date of the newest paper; empty where no date is known.
        papers_bytes: Size of `papers.jsonl`, the source of truth.
        papers_digest: Its SHA-256.
        columns_digest: SHA-256 of the list of digests of what is derived from it (`index/columns.py`).
        words: Names of the segments of the words index.
        built: ISO time of the last update, UTC.
    """

    format: int
    generation: int
    encoder: str
    encoder_digest: str
    dim: int
    chunking: str
    papers: int
    chunks: int
    with_words: int
    newest: str
    papers_bytes: int
    papers_digest: str
    columns_digest: str
    words: tuple[str, ...]
    built: str

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Return the manifest of an index, None where there is none.

        Raises:
            StoreError: It is damaged or of another format (`LaterFormat` where that is one of the future).
        """
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise StoreError(f"{folder / MANIFEST} is damaged ({error}). {rebuild(folder)}") from error
        form = values.get("format") if isinstance(values, dict) else None
        if form in range(1, FORMAT):
            raise StoreError(
                f"{folder} was written by an earlier version of paperchat (format {form}). Convert it, embedding "
                f"nothing anew: paperchat index --index {folder}"
            )
        if isinstance(form, int) and form > FORMAT:
            raise LaterFormat(
                f"{folder} was written by a later version of paperchat (format {form}; this one knows {FORMAT}). "
                "Install that version, or choose another folder: --index DIR"
            )
        if form != FORMAT or values.pop("check", None) != _check(values) or set(values) != set(cls.__annotations__):
            raise StoreError(f"{folder / MANIFEST} is damaged (what it says does not add up). {rebuild(folder)}")
        return cls(**{**values, "words": tuple(values["words"])})

    def write(self, folder: Path) -> None:
        """Replace the manifest of an index in one step."""
        values = {**asdict(self), "words": list(self.words)}
        replace_file(folder / MANIFEST, json.dumps({**values, "check": _check(values)}, indent=2) + "\n")

    def papers_file(self, folder: Path) -> Path:
        """Return where the papers of this generation lie: under its own name until that of all has been given to it."""
        own = folder / f"papers-{self.generation}.jsonl"
        return own if own.exists() else folder / PAPERS

    def columns_folder(self, folder: Path) -> Path:
        """Return where what is derived for this generation lies."""
        return folder / f"columns-{self.generation}"

    def vectors_folder(self, folder: Path) -> Path:
        """Return where the vectors lie that its encoder made."""
        return vectors_folder(folder, self.encoder_digest)


def vectors_folder(folder: Path, encoder_digest: str) -> Path:
    """Return where the vectors of an encoder lie, those of an update that was cut short among them."""
    return folder / f"vectors-{hashlib.sha256(encoder_digest.encode()).hexdigest()[:12]}"


def rebuild(folder: Path) -> str:
    """Return the sentence that says how an index is made whole again."""
    return f"Rebuild it: paperchat index --index {folder}"


def differs(manifest: Manifest, encoder: Encoder) -> str:
    """Say how an index differs from what an encoder would build; empty when it doesn't."""
    if manifest.encoder_digest != encoder.digest:
        return (
            f"was built with {manifest.encoder} (digest {manifest.encoder_digest[:12]}), "
            f"settings ask for {encoder.name} (digest {encoder.digest[:12]})"
        )
    if isinstance(encoder, WordEncoder) and manifest.with_words < manifest.papers:
        return "was built without vectors of its words"
    known = manifest.chunking in (CHUNKING, WHOLE_PAPERS)
    return "" if known else f"was cut into chunks in another way ({manifest.chunking})"


def _check(values: dict[str, Any]) -> str:
    """Return a digest of what a manifest says, so that a flipped byte of it is seen."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, empty where there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _sha256).hexdigest()


_sha256: Callable[[], "hashlib._Hash"] = hashlib.sha256


def replace_file(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
