"""Only what is wanted is taken, and how far it is, is told."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from index.errors import SourceError
from index.paper import Paper
from index.sources import LeftOut, Selection, read, stream

OWLS = Paper(
    "title:owls", "Café Owls", "They hear mice. Über-quiet.", published="2024-03-17", topics=("cs.LG", "birds")
)


def written(folder: Path, *records: Mapping[str, object], name: str = "some.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("asked", "takes"),
    [
        (Selection(), True),
        (Selection(since="2024"), True),
        (Selection(since="2024-03"), True),
        (Selection(since="2024-03-17", until="2024-03-17"), True),
        (Selection(since="2024-03-18"), False),
        (Selection(since="2024-04"), False),
        (Selection(until="2024"), True),
        (Selection(until="2024-03-16"), False),
        (Selection(categories=("cs.LG",)), True),
        (Selection(categories=("CS",)), True),
        (Selection(categories=("math", "cs.*")), True),
        (Selection(categories=("cs.L",)), False),
        (Selection(categories=("c",)), False),
        (Selection(words=("cafe", "MICE")), True),
        (Selection(words=("hear mice",)), True),
        (Selection(words=("mice hear",)), False),
        (Selection(words=("owl",)), False),
        (Selection(words=("owl*", "uber quiet")), True),
        (Selection(words=("owls", "badgers")), False),
    ],
)
def test_what_is_taken(asked: Selection, takes: bool) -> None:
    assert asked.takes(OWLS) is takes


@pytest.mark.parametrize(
    ("since", "until", "takes"), [("2024-06", None, True), (None, "2024-01", True), ("2025", None, False)]
)
def test_a_date_that_is_not_known_to_the_day_is_taken_if_it_may_be_wanted(
    since: str | None, until: str | None, takes: bool
) -> None:
    paper = Paper("title:x", "X", "Text.", published="2024")
    assert Selection(since=since, until=until).takes(paper) is takes


def test_a_paper_without_date_or_topics_is_not_taken_where_they_are_asked_for() -> None:
    bare = Paper("title:x", "X", "Text.")
    assert Selection().takes(bare)
    assert not Selection(since="1900").takes(bare)
    assert not Selection(categories=("cs",)).takes(bare)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"since": "soon"}, "since 'soon' is no date. Write YYYY, YYYY-MM or YYYY-MM-DD."),
        ({"until": "2024-13"}, "until '2024-13' is no date."),
        ({"since": "2025", "until": "2024-12"}, "since 2025 comes after until 2024-12."),
        ({"most": 0}, "At most 0 papers is none."),
        ({"words": ("…",)}, "The word '…' holds no letter and no digit."),
    ],
)
def test_a_value_that_can_not_be_meant_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(SourceError) as refused:
        Selection(**values)  # type: ignore[arg-type]
    assert str(refused.value).startswith(message)


def test_reading_counts_what_is_not_wanted(tmp_path: Path) -> None:
    records = [{"title": f"Paper {year}", "abstract": "Text.", "year": year} for year in range(2000, 2010)]
    reading = read([written(tmp_path, *records, {"title": "No abstract"})], selection=Selection(since="2007"))
    assert [paper.published for paper in reading.papers] == ["2007", "2008", "2009"]
    assert (reading.records, reading.unwanted, reading.faults, reading.sources) == (3, 7, 1, {"some.jsonl": 3})


def test_nothing_wanted_is_an_error_that_says_so(tmp_path: Path) -> None:
    records = [{"title": "X", "abstract": "Text."}, {"title": "Y", "abstract": "Text."}]
    for count, message in ((1, "The one paper of these sources is not wanted"), (2, "None of the 2 papers of these")):
        with pytest.raises(SourceError, match=message):
            read([written(tmp_path, *records[:count])], selection=Selection(words=("owls",)))


def test_at_most_so_many_papers_over_all_sources_and_no_more_is_read(tmp_path: Path) -> None:
    first = written(tmp_path, *({"title": f"A{at}", "abstract": "Text."} for at in range(3)), name="a.jsonl")
    second = written(tmp_path, *({"title": f"B{at}", "abstract": "Text."} for at in range(3)), name="b.jsonl")
    told: list[tuple[str, int, int]] = []
    reading = read([first, second], selection=Selection(most=4), tell=lambda *so_far: told.append(so_far))
    assert [paper.title for paper in reading.papers] == ["A0", "A1", "A2", "B0"]
    assert told == [("a.jsonl", 3, 3), ("b.jsonl", 1, 1)]


def test_how_far_it_is_is_told_at_intervals(tmp_path: Path) -> None:
    records = ({"title": f"Paper {at}", "abstract": "Text.", "year": 2000 + at % 2} for at in range(2500))
    told: list[tuple[str, int, int]] = []
    read([written(tmp_path, *records)], selection=Selection(since="2001"), tell=lambda *so_far: told.append(so_far))
    assert told == [("some.jsonl", 1000, 500), ("some.jsonl", 2000, 1000), ("some.jsonl", 2500, 1250)]


def test_how_far_it_is_is_told_though_nothing_is_found(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    found = stream([written(tmp_path, *[{"title": "Bare"}] * 2500)], tell=lambda *so_far: told.append(so_far))
    assert (len(list(found)), told) == (2500, [("some.jsonl", 0, 0)] * 2)


def test_what_tell_raises_ends_the_reading(tmp_path: Path) -> None:
    def tell(source: str, records: int, taken: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        read([written(tmp_path, {"title": "X", "abstract": "Text."})], tell=tell)


def test_a_stream_gives_repeats_and_faults_where_they_stand(tmp_path: Path) -> None:
    record = {"title": "X", "abstract": "Text."}
    found = list(stream([written(tmp_path, record, {"title": "Y"}, record)]))
    assert [type(each) for each in found] == [Paper, LeftOut, Paper]


def test_of_many_faults_the_first_thousand_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    bad = [{"title": "Y"}] * 1500
    reading = read([written(tmp_path, {"title": "X", "abstract": "Text."}, *bad)])
    assert (len(reading.left_out), reading.faults, reading.left_out[-1].line) == (1000, 1500, 1001)
    reading = read([written(tmp_path, *bad, {"title": "X", "abstract": "Text."})])
    assert (len(reading.left_out), reading.faults, len(reading.papers)) == (1000, 1500, 1)
