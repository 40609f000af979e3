"""Where the sources of an index lie, kept beside it so that they can be asked again: `sources.json`."""

import json
import stat
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from index.errors import SourceError, StoreError
from index.manifest import replace_file
from index.paper import UPLOADED
from index.sources import Reading, Selection
from index.sources.files import STARTER, own_name
from index.sources.live import is_live

FILE = "sources.json"


@dataclass(frozen=True)
class Place:
    """A source as a person named it.

    Attributes:
        source: The file or folder, its path from the root; or the question to a service; or `STARTER`.
        names: That papers remember of it: of a folder, one for each of its files, and of those packed in them.
        selection: What was wanted of it.
        removed: Ids of its papers that were removed: they stay out until the source is named again.
    """

    source: str
    names: tuple[str, ...]
    selection: Selection = field(default_factory=Selection)
    removed: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether it can be asked again."""
        path = Path(self.source)
        return self.source == STARTER or is_live(self.source) or (path.is_absolute() and path.exists())

    @classmethod
    def of(cls, source: str, reading: Reading, selection: Selection) -> "Place":
        """Return the place of one source of a reading, with the names that the reading has of it."""
        if source == STARTER or is_live(source):
            return cls(source, (source,), selection)
        path = Path(source).expanduser()
        if path.is_dir():
            path = path.resolve()
            return cls(str(path), tuple(name for name in reading.sources if is_in(path, name)), selection)
        path = path.parent.resolve() / path.name  # papers of a link remember its own name
        own = own_name(path.name)
        names = tuple(name for name in reading.sources if name == own or name.startswith(f"{own}/"))
        return cls(str(path), names, selection)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Place":
        """Return the place that `to_dict` wrote.

        Raises:
            TypeError, SourceError: It holds something else.
        """
        wanted: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in values["selection"].items()
        }
        removed = values.get("removed", [])
        if not isinstance(removed, list) or not all(isinstance(each, str) for each in removed):
            raise TypeError("removed is not a list of ids")
        return cls(values["source"], tuple(values["names"]), Selection(**wanted), tuple(removed))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        said = asdict(self.selection).items()
        wanted = {name: list(value) if isinstance(value, tuple) else value for name, value in said}
        removed = {"removed": list(self.removed)} if self.removed else {}
        return {"source": self.source, "names": list(self.names), "selection": wanted, **removed}


def read_places(folder: Path) -> tuple[Place, ...]:
    """Return the places that an index remembers, in the order in which they were first named.

    Raises:
        StoreError: The file cannot be read.
    """
    path = folder / FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, list):
            raise TypeError("not a list")
        return tuple(Place.from_dict(each) for each in values)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SourceError) as error:
        raise StoreError(f"{path} is damaged ({error}). Remove it, and name the sources again.") from error


def remember(folder: Path, places: Iterable[Place], known: Iterable[str]) -> None:
    """Add places to those that an index remembers, and forget those of which it knows no name any more.

    A place that was named before with the same selection is remembered once, with its newest names.

    Args:
        folder: Of the index.
        places: Just read.
        known: Names of all sources of the index.

    Raises:
        StoreError: The file cannot be read or written.
    """
    before = read_places(folder)
    now = {(each.source, each.selection): each for each in (*before, *places)}
    still = set(known)
    kept = tuple(each for each in now.values() if still.intersection(each.names))
    if kept != before:
        try:
            replace_file(folder / FILE, json.dumps([each.to_dict() for each in kept], indent=2) + "\n")
        except OSError as error:
            raise StoreError(
                f"Cannot write {folder / FILE}: {error}. Make room, then name the sources again."
            ) from error


def is_in(folder: Path, name: str) -> bool:
    """Tell whether a folder has the file of a name, or the packed file that it stands in, or doesn't let one see."""
    path = Path(name)
    return any(_may_be_file(folder / each) for each in (path, *path.parents))


def _may_be_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True


def unplaced(names: Sequence[str], places: Sequence[Place]) -> tuple[Place, ...]:
    """Return the places of names that none of some places gave: questions to services say themselves what they are.

    A name that says nothing, such as that of a file whose folder nobody remembers, is its own place, which is not
    there. Uploads have none.
    """
    placed = {name for place in places for name in place.names}
    return tuple(Place(name, (name,)) for name in names if name not in placed and not name.startswith(UPLOADED))
