"""What was read for an index, and what was found in it, said to people on stderr or as plain values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ui.options import say

if TYPE_CHECKING:
    from index.duplicates import Duplicates
    from index.gathering import Gathering
    from index.sources import Reading

COMPARED = 100_000
"""Papers among which near-duplicates are looked for after an update: a quarter of a minute's work."""

_SHOWN = 5


def say_duplicates(pairs: "list[Duplicates] | None", papers: int) -> None:
    """Tell a person which papers look like the same work; of very many papers, that nobody looked."""
    from ui.terminal.printable import printable

    if pairs is None:
        say(f"Among more than {COMPARED:,} papers ({papers:,}) nobody looked for the same work twice.")
    elif pairs:
        count = "1 pair looks" if len(pairs) == 1 else f"{len(pairs)} pairs look"
        say(f"{count} like the same work (kept as they are; all of them with --json):")
        for pair in pairs[:_SHOWN]:
            say(f"  {printable(pair.titles[0])} [{pair.first}]\n  ~ {printable(pair.titles[1])} [{pair.second}]")
        if len(pairs) > _SHOWN:
            say(f"  and {len(pairs) - _SHOWN} more")


def say_faults(gathered: "Gathering") -> None:
    """Tell a person what was not found, failed or left out."""
    from ui.terminal.printable import printable

    reading = gathered.reading
    for fault in reading.left_out if reading else ():
        say(f"Left out: {printable(str(fault))}")
    if reading and reading.faults > len(reading.left_out):
        say(f"Left out: {reading.faults - len(reading.left_out):,} more")
    for failure in gathered.failed:
        say(f"Could not be read: {printable(failure)}")
    for name in gathered.not_found[:_SHOWN]:
        say(f"Not found: {printable(name)}. Name it again where it is: paperchat index SOURCE")
    if len(gathered.not_found) > _SHOWN:
        say(f"Not found: {len(gathered.not_found) - _SHOWN} more")


def say_bridges(bridges: Sequence[str]) -> None:
    """Tell a person which records name several papers of the index, and what became of them."""
    from ui.terminal.printable import printable

    for bridge in bridges[:_SHOWN]:
        say(f"Kept apart: {printable(bridge)}")
    if len(bridges) > _SHOWN:
        say(f"Kept apart: {len(bridges) - _SHOWN} more (all of them with --json)")


def read_line(gathered: "Gathering") -> str:
    """Return the line that says how much was read, empty where nothing was."""
    if not (reading := gathered.reading):
        return ""
    papers, undated = len(reading.papers), _undated(reading)
    dates = "" if not undated else ", none with a date" if undated == papers else f", {undated:,} without a date"
    return f"Read {reading.records} records of {papers} papers{dates}.\n"


def read_values(gathered: "Gathering") -> dict[str, Any]:
    """Return what was read, and what was not, as plain JSON values."""
    reading = gathered.reading
    return {
        "records": reading.records if reading else 0,
        "undated": _undated(reading) if reading else 0,
        "unwanted": reading.unwanted if reading else 0,
        "sources": reading.sources if reading else {},
        "left_out": [vars(fault) for fault in reading.left_out] if reading else [],
        "faults": reading.faults if reading else 0,
        "not_found": list(gathered.not_found),
        "failed": list(gathered.failed),
    }


def _undated(reading: "Reading") -> int:
    return sum(not paper.published for paper in reading.papers)


def rows(pairs: "list[Duplicates] | None") -> list[dict[str, Any]] | None:
    """Return pairs as plain JSON values, None where nobody looked."""
    return None if pairs is None else [pair.to_dict() for pair in pairs]


def takes(seconds: float) -> str:
    """Say roughly how long something takes."""
    if seconds < 1:
        return ""
    hours, minutes = seconds / 3600, seconds / 60
    return (
        f", about {hours:.1f} h"
        if hours >= 1
        else f", about {minutes:.0f} min"
        if minutes >= 2
        else f", about {seconds:.0f} s"
    )
