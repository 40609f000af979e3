"""One paper stays one paper: the merging of records, in any order and in batches, and what is kept of each."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.papers import Paper, join, merge, paper_id

NAMES = ("Ada Lovelace", "Charles Babbage")


def test_merge_joins_records_by_title_and_keeps_the_best_of_both() -> None:
    digest = Paper("title:owls", "Owls", "A digest, longer than it.", topics=("birds",), sources=("s",), kind="digest")
    published = Paper("arxiv:2401.00001", "OWLS!", "As published.", code=("https://github.com/a/b",), sources=("p",))
    (owls,) = merge([digest, published])
    assert (owls.id, owls.title, owls.abstract) == ("arxiv:2401.00001", "Owls", "As published.")
    assert (owls.topics, owls.code, owls.sources) == (("birds",), ("https://github.com/a/b",), ("s", "p"))
    assert owls.kind == "abstract"


def test_merge_keeps_two_arxiv_ids_of_one_title_apart() -> None:
    first, second = (Paper(f"arxiv:2401.0000{n}", "Owls", f"Abstract {n}.") for n in (1, 2))
    assert merge([first, second]) == [first, second]


def test_merge_joins_an_id_whose_title_was_changed() -> None:
    papers = [Paper("arxiv:2401.00001", "Owls", "Short."), Paper("arxiv:2401.00001", "Owls at Night", "Longer text.")]
    assert [paper.title for paper in merge(papers)] == ["Owls at Night"]


def test_merge_keeps_the_order_of_first_sight() -> None:
    papers = [Paper(paper_id(title), title, "Text.") for title in ("B", "A", "B", "C", "A")]
    assert [paper.title for paper in merge(papers)] == ["B", "A", "C"]


def test_a_paper_comes_back_from_its_dict() -> None:
    paper = Paper(
        "title:owls", "Owls", "Text.", authors=("A", "B"), published="2024", url="https://x.org", sources=("s",)
    )
    assert paper.to_dict()["authors"] == ["A", "B"]
    assert Paper.from_dict(paper.to_dict()) == paper


def test_a_third_record_joins_two_that_are_the_same() -> None:
    first, second = (
        Paper("title:foo", "Foo", "A.", sources=("a",)),
        Paper("arxiv:2401.00001", "Foo: Longer", "B b.", sources=("b",)),
    )
    (paper,) = merge([first, second, Paper("arxiv:2401.00001", "Foo", "C.", sources=("c",))])
    assert (paper.id, set(paper.sources)) == ("arxiv:2401.00001", {"a", "b", "c"})


@pytest.mark.parametrize(
    ("richest", "other"),
    [
        (
            Paper("arxiv:2401.00001", "T", "Short.", version=2),
            Paper("arxiv:2401.00001", "T", "Longer text.", version=1),
        ),
        (Paper("arxiv:2401.00001", "T", "Short.", version=1), Paper("arxiv:2401.00001", "T", "Longer text.")),
        (
            Paper("arxiv:2401.00001", "T", "Short.", updated="2024-05-02"),
            Paper("arxiv:2401.00001", "T", "Longer text.", updated="2023-01-01"),
        ),
        (
            Paper("arxiv:2401.00001", "T", "As published."),
            Paper("arxiv:2401.00001", "T", "A digest, longer than it.", kind="digest", version=3),
        ),
    ],
)
def test_the_newest_version_wins_with_all_that_belongs_to_it(richest: Paper, other: Paper) -> None:
    assert join(richest, other) == join(other, richest) == richest


def test_of_each_field_the_richest_wins() -> None:
    preprint = Paper(
        "arxiv:2401.00001",
        r"{\'E}tude of $\alpha$-ReLU.",
        "Newest.",
        ("A. Lovelace", "C. Babbage"),
        "2024",
        topics=("cs.LG",),
        version=2,
    )
    journal = Paper(
        "doi:10.1000/1", "Étude of \u03b1-ReLU", "As printed.", NAMES, "2024-03-07", "https://doi.org/10.1000/1"
    )
    (paper,) = merge([preprint, journal])
    assert (paper.id, paper.other_ids) == ("arxiv:2401.00001", ("doi:10.1000/1",))
    assert (paper.title, paper.abstract, paper.version) == ("Étude of \u03b1-ReLU", "Newest.", 2)
    assert (paper.authors, paper.published, paper.topics) == (NAMES, "2024-03-07", ("cs.LG",))
    assert paper.url == "https://doi.org/10.1000/1"


@pytest.mark.parametrize("fewer", [NAMES[:1], ("A. Lovelace", "C. Babbage"), ("Lovelace, Ada", "Babbage, Charles")])
def test_more_and_fuller_names_win(fewer: tuple[str, ...]) -> None:
    one, other = (Paper("title:t", "T", "Text.", authors=names) for names in (fewer, NAMES))
    assert join(one, other).authors == join(other, one).authors == NAMES


def test_a_paper_is_found_by_a_title_and_an_id_that_it_had_before() -> None:
    (paper,) = merge(
        [
            Paper("arxiv:2401.00001", "Owls by Day", "Old.", version=1, other_ids=("doi:10.1000/1",)),
            Paper("arxiv:2401.00001", "Owls at Night", "New.", version=2),
        ]
    )
    assert (paper.title, paper.other_titles) == ("Owls at Night", ("Owls by Day",))
    again = [Paper("title:owls-by-day", "Owls by day", "D."), Paper("doi:10.1000/1", "On Owls", "E.")]
    assert [each.id for each in merge([paper, *again])] == ["arxiv:2401.00001"]


def test_a_title_that_two_papers_have_joins_nothing() -> None:
    owls = [Paper(f"arxiv:2401.0000{n}", "Owls", f"Abstract {n}.") for n in (1, 2)]
    unnamed = Paper("title:owls", "Owls", "Whose?")
    assert merge([unnamed, *owls]) == [unnamed, *owls]


@pytest.mark.parametrize(
    ("authors", "papers"),
    [
        (("U. Six",), 2),
        (("Five, Uma",), 1),
        (("U. Six", "Vera F\u00edve"), 1),
        (("FIVE V",), 1),
        (("V. F\\'ive",), 1),
        ((), 1),
    ],
)
def test_a_title_joins_two_records_unless_all_their_authors_differ(authors: tuple[str, ...], papers: int) -> None:
    five = Paper("arxiv:2011.00077", "A Short Note", "On fives.", ("V. Five", "W. Seven"), "2020")
    other = Paper("title:a-short-note", "A short note", "On others.", authors, "2010")
    assert len(merge([five, other])) == len(merge([other, five])) == papers


def test_authors_count_only_where_nothing_but_a_title_says_that_records_are_one_paper() -> None:
    owls = Paper("arxiv:2401.00001", "Owls", "A.", ("Ada Owl",), other_ids=("doi:10.1000/1",))
    assert len(merge([owls, Paper("doi:10.1000/1", "Owls", "B.", ("Owl Society",))])) == 1
    assert len(merge([owls, replace(owls, authors=("Bo Mouse",))])) == 1


def test_a_record_without_authors_joins_neither_of_two_papers_of_its_title() -> None:
    notes = [Paper("doi:10.1000/1", "Owls", "A.", ("Ada Owl",)), Paper("title:owls", "Owls", "B.", ("Bo Mouse",))]
    unnamed = Paper("arxiv:2401.00001", "Owls", "Whose?")
    for records in permutations([*notes, unnamed]):
        assert merge(records) == list(records)


def test_two_papers_stay_two_though_a_chain_of_names_leads_from_one_to_the_other() -> None:
    chain = [
        Paper("arxiv:2401.00001", "Owls", "A."),
        Paper("doi:10.1000/1", "Owls", "B.", other_titles=("Bats",)),
        Paper("arxiv:2401.00002", "Bats", "C."),
    ]
    assert merge(chain) == chain


def test_records_without_letters_in_their_titles_stay_apart() -> None:
    empty = [Paper("doc:1", "", "One."), Paper("doc:2", "", "Two.")]
    assert merge(empty) == empty


def test_a_record_of_an_earlier_paperchat_still_loads_and_an_unknown_field_is_refused() -> None:
    old = {"id": "title:t", "title": "T", "abstract": "Text.", "authors": ["A"], "kind": "digest"}
    assert Paper.from_dict(old) == Paper("title:t", "T", "Text.", authors=("A",), kind="digest")
    for wrong in ({**old, "colour": "red"}, {"id": "title:t", "title": "T"}):
        with pytest.raises(TypeError):
            Paper.from_dict(wrong)


# Any order, any batches


def unordered(papers: Iterable[Paper]) -> set[tuple[object, ...]]:
    """Return papers without their order, and their lists but for authors without theirs."""
    loose = [{**vars(each), "authors": ("", *each.authors)} for each in papers]
    return {
        tuple(value if name == "authors" else frozenset(value) if isinstance(value, tuple) else value
              for name, value in each.items())
        for each in loose
    }  # fmt: skip


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "abstract": st.sampled_from(["A.", "B.", "Bb."]),
    "authors": st.sampled_from([(), NAMES, NAMES[:1], ("A. Lovelace", "C. Babbage"), ("Lovelace, Ada",)]),
    "published": st.sampled_from([None, "2023", "2024", "2024-03", "2024-03-07", "2023-12-01"]),
    "url": st.sampled_from([None, "https://arxiv.org/abs/1", "https://doi.org/10.1000/1", "ftp://x", "https://x.org"]),
    "topics": st.sampled_from([(), ("a",), ("b", "a")]),
    "sources": st.sampled_from([("s",), ("t",)]),
    "kind": st.sampled_from(["abstract", "digest"]),
    "version": st.sampled_from([None, 1, 2]),
    "updated": st.sampled_from([None, "2024-01-01"]),
}
ANY_RECORDS = st.lists(
    st.builds(
        Paper,
        id=st.sampled_from(["arxiv:2401.00001", "arxiv:2401.00002", "doi:10.1000/1", "doi:10.1000/2", "title:t"]),
        title=st.sampled_from(["Owls", "OWLS.", r"\emph{Owls}", "Bats", "bats", "Cats"]),
        other_ids=st.sampled_from([(), (), ("doi:10.1000/1",), ("doi:10.1000/2",)]),
        other_titles=st.sampled_from([(), (), ("Bats",), ("Dogs",)]),
        **{
            **FIELDS,
            "authors": FIELDS["authors"] | st.sampled_from([("Emmy Noether",), ("Noether, Emmy", "A. Lovelace")]),
        },
    ),
    max_size=7,
)


@st.composite
def records_of_known_papers(draw: st.DrawFn) -> list[Paper]:
    """Return records of three papers, each with an arXiv id, a DOI and two titles, of which some are said."""
    records = []
    for number in draw(st.lists(st.integers(1, 3), max_size=8)):
        ids = [f"arxiv:2401.0000{number}", f"doi:10.1000/{number}"]
        title = draw(st.sampled_from([f"Owls {number}", f"OWLS-{number}", f"Bats {number}"]))
        name = draw(st.sampled_from([*ids, paper_id(title)]))
        others = (ids[1],) if name == ids[0] and draw(st.booleans()) else ()
        rest: dict[str, Any] = draw(st.fixed_dictionaries(FIELDS))
        records.append(Paper(name, title, other_ids=others, **rest))
    return records


@settings(deadline=None, database=None)
@given(ANY_RECORDS, st.randoms(use_true_random=False))
def test_any_order_of_records_gives_the_same_papers(records: list[Paper], chance: random.Random) -> None:
    shuffled = records.copy()
    chance.shuffle(shuffled)
    assert unordered(merge(shuffled)) == unordered(merge(records))


@settings(deadline=None, database=None)
@given(records_of_known_papers(), st.integers(0, 8), st.randoms(use_true_random=False))
def test_batches_give_what_all_at_once_gives(records: list[Paper], cut: int, chance: random.Random) -> None:
    whole = unordered(merge(records))
    chance.shuffle(records)
    batches = merge([*merge(records[:cut]), *merge(records[cut:])])
    assert unordered(batches) == whole
    assert unordered(merge(batches)) == whole


@settings(deadline=None, database=None)
@given(ANY_RECORDS)
def test_records_of_one_id_become_one_paper_and_no_name_is_lost(records: list[Paper]) -> None:
    merged = merge(records)
    ids: Sequence[str] = [each for paper in merged for each in (paper.id, *paper.other_ids)]
    assert {paper.id for paper in records if not paper.id.startswith("title:")} <= set(ids)
    assert len({paper.id for paper in merged}) == len(merged)
    assert merge(merged) == merged
