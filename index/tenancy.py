"""Whose collection of a Chroma server it is: that of one index, written by one folder, read by all copies of it."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from index.chromaserver import NoCollection, ServerTable
from index.errors import StoreAway, StoreError
from index.manifest import Manifest, rebuild, replace_file
from index.server import Server

FILE = "store.json"


def claim(folder: Path, server: Server, encoder_digest: str) -> ServerTable:
    """Open the collection of an index for writing, made when missing; who calls it holds the lock of the index.

    Raises:
        StoreError: The server is away, or the collection was written from another folder, such as a copy of this one.
    """
    link = _Link.read(folder) or _Link(uuid.uuid4().hex, {})
    name = link.name(encoder_digest)
    if name not in link.turns:
        link = link.with_turn(name, uuid.uuid4().hex)
        link.write(folder)
    table = ServerTable(server, name, link.stamp(encoder_digest))
    turn = table.metadata.get("turn", "")
    if turn not in link.turns[name]:
        table.close()
        raise StoreError(
            f"The vectors of {folder} in {server.url} were written from another copy of that folder. Run the update "
            f"there and copy it here; or remove {folder / FILE}, and this copy gets vectors of its own."
        )
    link = link.with_turn(name, uuid.uuid4().hex, turn)
    link.write(folder)
    table.mark(link.stamp(encoder_digest))
    return table


def opened(folder: Path, server: Server, manifest: Manifest) -> ServerTable:
    """Open the collection of an index for reading.

    Raises:
        StoreError: The server is away, or what it has is not the vectors of this index.
    """
    link = _Link.read(folder)
    bring = f"Bring them there: paperchat index --index {folder}"
    if link is None:
        raise StoreError(f"The vectors of {folder} are not in the Chroma server at {server.url}. {bring}")
    try:
        table = ServerTable(server, link.name(manifest.encoder_digest))
    except NoCollection as error:
        raise StoreError(f"{str(error).removesuffix('.')}, where the vectors of {folder} are kept. {bring}") from error
    try:
        stamp, expected = table.metadata, link.stamp(manifest.encoder_digest)
        wrong = [name for name in ("paperchat", "encoder") if stamp.get(name) != expected[name]]
        count, dim = table.count(), table.dim()
        if wrong or count < manifest.chunks or (count and dim != manifest.dim):
            said = (
                "belong to something else"
                if wrong
                else f"are {count} of {dim} numbers, {manifest.chunks} of {manifest.dim} are expected"
            )
            raise StoreError(f"The vectors of {folder} in the Chroma server at {server.url} {said}. {bring}")
    except StoreError:
        table.close()
        raise
    return table


def faults(
    folder: Path, server: Server | None, manifest: Manifest, ids: Sequence[str], sample: Sequence[str]
) -> Iterator[str]:
    """Yield what is wrong with the vectors of an index in a server.

    Args:
        folder: Of the index.
        server: That the settings name.
        manifest: Of the index.
        ids: Of its chunks.
        sample: Those of them whose vectors are looked at.

    Raises:
        StoreError: No server is named; `StoreAway` where it does not answer.
    """
    if server is None:
        raise StoreError(kept_elsewhere(folder, server))
    try:
        table = opened(folder, server, manifest)
    except StoreAway:
        raise
    except StoreError as error:
        yield str(error).removesuffix(".")
        return
    try:
        if missing := len(ids) - len(table.has(ids)):
            yield f"lacks {missing} of {len(ids)} vectors in the Chroma server at {server.url}"
        wrong = [name for name, row in table.vectors(sample).items() if not 0.99 < float(row @ row) < 1.01]
        if wrong:
            yield f"has damaged vectors in the Chroma server at {server.url}, such as that of {wrong[0]}"
    finally:
        table.close()


def kept_elsewhere(folder: Path, server: Server | None) -> str:
    """Say what to do about an index whose vectors are not where the settings say."""
    if server is None:
        return (
            f"The vectors of {folder} are kept in a Chroma server. Say where it is: PAPERCHAT_STORE=http://HOST:PORT; "
            f"or embed them again into the folder: paperchat index --index {folder}"
        )
    return (
        f"The vectors of {folder} lie in that folder, not in the Chroma server at {server.url}. "
        f"Bring them there: paperchat index --index {folder}; or unset PAPERCHAT_STORE."
    )


def drop_others(folder: Path, table: ServerTable, *encoder_digests: str) -> None:
    """Delete the collections of an index but for those of some encoders."""
    if link := _Link.read(folder):
        table.drop_others({"paperchat": link.id}, {link.name(each) for each in encoder_digests})


@dataclass(frozen=True)
class _Link:
    """Which collections are those of an index: copies of its folder share them.

    Attributes:
        id: In their names.
        turns: For each of them what the last update marked it with, and what it was marked with before, as it still is
            where that update was cut short. A copy of the folder that knows neither must not write.
    """

    id: str
    turns: dict[str, list[str]]

    @classmethod
    def read(cls, folder: Path) -> "_Link | None":
        """Return what lies in an index, None where nothing does.

        Raises:
            StoreError: It is damaged.
        """
        path = folder / FILE
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            turns = {str(name): [str(turn) for turn in both] for name, both in values["turns"].items()}
            return cls(str(values["id"]), turns)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"{path} is damaged ({error}). Remove it. {rebuild(folder)}") from error

    def write(self, folder: Path) -> None:
        replace_file(folder / FILE, json.dumps(vars(self), indent=1) + "\n")

    def with_turn(self, name: str, *turns: str) -> "_Link":
        return _Link(self.id, {**self.turns, name: list(turns)})

    def name(self, encoder_digest: str) -> str:
        """Return the name of the collection that has the vectors of an encoder."""
        return f"paperchat-{self.id[:16]}-{sha256(encoder_digest.encode()).hexdigest()[:12]}"

    def stamp(self, encoder_digest: str) -> dict[str, str]:
        """Return what is written on it."""
        turn = self.turns.get(self.name(encoder_digest), [""])[0]
        return {"paperchat": self.id, "encoder": encoder_digest, "turn": turn}
