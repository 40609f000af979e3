"""What is asked of an index in, what `update` is to be given out: papers read, papers to let go of, their places."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.contents import Contents
from index.errors import SourceError, StoreError
from index.paper import Paper
from index.papers import merge
from index.places import Place, is_in, read_places, unplaced
from index.removal import Removal, removal, without_sources
from index.sources import LeftOut, Reading, Selection, Tell, distinct, live, read
from index.sources.files import STARTER
from index.sources.live import is_live


@dataclass(frozen=True)
class Gathering:
    """What was gathered for an update.

    Attributes:
        reading: Of all sources; None where none was asked.
        removal: What is to go.
        places: Of the sources that were read.
        not_found: Sources, and files of folders, that are no longer where they were, or whose place nobody remembers.
        failed: Why others could not be read, a line for each.
    """

    reading: Reading | None = None
    removal: Removal = field(default_factory=Removal)
    places: tuple[Place, ...] = ()
    not_found: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def papers(self) -> tuple[Paper, ...]:
        """Records of papers that the index is to hold, those among them that it has in another form."""
        return (*self.removal.papers, *(self.reading.found if self.reading else ()))

    def without_removal(self, contents: Contents) -> "Gathering":
        """Return this without the removal of papers that no source is left of; places keep their names."""
        if not self.removal.gone:
            return self
        kept = {name for each in self.removal.gone for paper in contents.with_id(each) for name in paper.sources}
        stay = Removal(frozenset(paper.id for paper in self.removal.papers), self.removal.papers)
        places = tuple(replace(each, names=tuple(sorted({*each.names, *kept}))) for each in self.places)
        return replace(self, removal=stay, places=places)


def gather(
    folder: Path,
    contents: Contents,
    sources: Sequence[str],
    selection: Selection,
    remove: Iterable[str] = (),
    tell: Tell | None = None,
    offline: bool = False,
) -> Gathering:
    """Read sources, or the starter corpus for an index without papers, and find what is to be removed.

    What a file of another place said that has the same name stays, and is merged with what is read.

    Raises:
        SourceError: A source cannot be read.
        StoreError: What is to be removed is not there.
    """
    sources = [f"./{source}" if source == STARTER else source for source in sources]  # a file that is called so
    said = removal(contents, remove)
    before, held = read_places(folder) if sources or said.ids else (), set(contents.sources)
    changed = tuple(_places_without(said, contents, before))
    if not sources and (len(contents.papers) or remove):
        return Gathering(removal=said, places=changed)
    reading = read(sources, selection=selection, tell=tell, offline=offline)
    places = tuple(_placed(source, reading, selection, before, held) for source in sources or (STARTER,))
    return Gathering(_beside_others(reading, before, contents, places), said, (*changed, *places))


def gather_again(folder: Path, contents: Contents, tell: Tell | None = None, offline: bool = False) -> Gathering:
    """Ask all sources of an index again, each for what was wanted of it; one that fails leaves the others.

    Papers of a file that is gone stay, and those that were removed stay out. Services are asked for what is new since
    the newest paper that they gave.

    Raises:
        StoreError: The index has no papers.
    """
    if not len(contents.papers):
        raise StoreError(f"There is nothing to ask again: no papers in {folder}. Name sources: paperchat index SOURCE")
    known, held = read_places(folder), set(contents.sources)
    readings, places, not_found, failed = [], [], [], []
    for place in (*known, *unplaced(contents.sources, known)):
        if not place.is_there:
            not_found.append(place.source)
            continue
        if (path := Path(place.source)).is_absolute() and path.is_dir():
            not_found += [str(path / name) for name in place.names if name in held and not is_in(path, name)]
        try:
            if is_live(place.source):
                reading = _asked(place, contents.newest(place.source), tell, offline)
            else:
                named = [] if place.source == STARTER else [place.source]
                reading = read(named, selection=place.selection, tell=tell)
        except SourceError as error:
            failed.append(f"{place.source}: {error}")
        else:
            readings.append(_excluding(reading, place.removed))
            places.append(replace(_placed(place.source, reading, place.selection, known, held), removed=place.removed))
    reading = _beside_others(_together(readings), known, contents, places)
    return Gathering(reading, Removal(), tuple(places), tuple(dict.fromkeys(not_found)), tuple(failed))


def gather_folder(
    folder: Path, contents: Contents, source: Path, selection: Selection, tell: Tell | None = None
) -> Gathering:
    """Read a folder, and find what files that were read of it before no longer say.

    What a file said stays while the file is there and cannot be read as a whole. So do papers of a file of another
    place that has the same name. Papers that were removed stay out.
    """
    before = read_places(folder)
    mine = {name for place in before if place.source == str(source) for name in place.names}
    others = {name for place in before if not Path(place.source).is_relative_to(source) for name in place.names}
    removed = tuple(dict.fromkeys(each for place in before if place.source == str(source) for each in place.removed))
    reading = Reading((), 0, (), {})
    failed: tuple[str, ...] = ()
    try:
        reading = _excluding(read([source], selection=selection, tell=tell), removed)
    except SourceError as error:
        if any(path.is_file() for path in source.rglob("*")):
            failed = (str(error),)
    faulty = {fault.source for fault in reading.left_out}
    gone = {name for name in mine if not is_in(source, name)}
    anew = gone | (mine.intersection(reading.sources) - faulty)
    said = without_sources(contents, anew - others, {paper.id for paper in reading.found})
    foreign = set(contents.sources) - mine
    names = tuple(dict.fromkeys([*(mine - gone), *(name for name in reading.sources if name not in foreign)]))
    places = (Place(str(source), names, selection, removed),)
    return Gathering(_beside_others(reading, before, contents, places), said, places, failed=failed)


def _places_without(said: Removal, contents: Contents, before: Sequence[Place]) -> Iterator[Place]:
    """Yield the places that gave a paper which is removed: asked again they are not to bring it back."""
    gone = [paper for each in said.gone for paper in contents.with_id(each)]
    for place in (*before, *unplaced(contents.sources, before)) if gone else ():
        names = set(place.names)
        if given := [paper.id for paper in gone if names.intersection(paper.sources)]:
            yield replace(place, removed=tuple(sorted({*place.removed, *given})))


def _excluding(reading: Reading, removed: Collection[str]) -> Reading:
    """Return a reading without some papers."""
    out = set(removed)
    papers, found = (
        tuple(each for each in listed if out.isdisjoint((each.id, *each.other_ids)))
        for listed in (reading.papers, reading.found)
    )
    return replace(reading, papers=papers, found=found)


def _placed(
    source: str, reading: Reading, selection: Selection, before: Sequence[Place], held: Collection[str]
) -> Place:
    """Return the place of a source just read, with the names that it had before and that papers still carry."""
    place = Place.of(source, reading, selection)
    former = (each.names for each in before if (each.source, each.selection) == (place.source, selection))
    kept = (name for names in former for name in names if name in held)
    return replace(place, names=tuple(dict.fromkeys((*place.names, *kept))))


def _asked(place: Place, newest: str | None, tell: Tell | None, offline: bool) -> Reading:
    """Return what a service has that is newer than a day; that may be nothing."""
    papers: list[Paper] = []
    left_out: list[LeftOut] = []
    records, tell = 0, tell or (lambda source, records, taken: None)
    for found in live.records(
        place.source, place.selection, tell, offline=offline, changed_since=live.since_last(newest)
    ):
        if isinstance(found, LeftOut):
            left_out.append(found)
            continue
        records += 1
        if place.selection.takes(found):
            papers.append(found)
        if len(papers) == place.selection.most:
            break
    counts = {place.source: len(papers)}
    unwanted = records - len(papers)
    all_found = distinct(papers)
    return Reading(tuple(merge(all_found)), len(papers), tuple(left_out), counts, len(left_out), unwanted, all_found)


def _beside_others(reading: Reading, before: Sequence[Place], contents: Contents, places: Sequence[Place]) -> Reading:
    """Return a reading whose papers keep what files of other places say of them that have the names of those read."""
    read_now = {place.source for place in places}
    others = {name for place in before if place.source not in read_now for name in place.names}
    if not (same := others.intersection(reading.sources)):
        return reading
    merged = (
        merge([*contents.with_id(paper.id), paper]) if same.intersection(paper.sources) else [paper]
        for paper in reading.found
    )
    return replace(reading, found=tuple(paper for papers in merged for paper in papers))


def _together(readings: Sequence[Reading]) -> Reading:
    """Return several readings as one."""
    counts: dict[str, int] = {}
    for reading in readings:
        for name, records in reading.sources.items():
            counts[name] = counts.get(name, 0) + records
    found = tuple(paper for reading in readings for paper in reading.found)
    return Reading(
        tuple(merge(found)),
        sum(reading.records for reading in readings),
        tuple(fault for reading in readings for fault in reading.left_out),
        counts,
        sum(reading.faults for reading in readings),
        sum(reading.unwanted for reading in readings),
        found,
    )
