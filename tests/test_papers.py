"""One paper stays one paper: the merging of records, in any order and in batches, and what is kept of each."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.catalog import Catalog
from index.change import change
from index.paper import FILE, JUDGED, SERVICE, UPLOAD, UPLOADED
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


# Trust


def indexed(old: Sequence[Paper], records: Sequence[Paper]) -> list[Paper]:
    """Return the papers of an index after an update."""
    made = change(old, Catalog.of(old, range(len(old))), records)
    return [old[at] if at < len(old) else made.fresh[at - len(old)] for at in made.order.tolist()]


def grown(*batches: Sequence[Paper]) -> list[Paper]:
    """Return the papers of an index after several updates."""
    papers: list[Paper] = []
    for batch in batches:
        papers = indexed(papers, batch)
    return papers


SAID_BY = {
    UPLOAD: Paper(
        "arxiv:2401.00001", "Owls", "A forged and very long abstract.", (*NAMES, "Eve"), "1990", "https://arxiv.org/abs/1",
        ("https://github.com/e/e",), ("evil",), (f"{UPLOADED}o.bib",), version=9, other_ids=("doi:10.1000/9",),
    ).given_by(UPLOAD),
    FILE: Paper("title:owls", "Owls", "A digest.", published="2024-05", sources=("o.bib",), kind="digest"),
    SERVICE: Paper("arxiv:2401.00001", "Owls", "Short.", NAMES[:1], sources=("arxiv:o",), version=1).given_by(SERVICE),
}  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(SAID_BY)))
def test_what_is_trusted_most_stands_whatever_the_order(order: tuple[int, ...]) -> None:
    records = [SAID_BY[trust] for trust in order]
    for batches in ([records], [[each] for each in records], [records[:1], records[1:]], [records[:2], records[2:]]):
        (owls,) = grown(*batches)
        assert (owls.id, owls.abstract, owls.version, owls.authors) == ("arxiv:2401.00001", "Short.", 1, NAMES[:1])
        assert (owls.published, owls.kind, owls.other_ids) == ("2024-05", "abstract", ())
        assert (owls.url, owls.topics) == ("https://arxiv.org/abs/1", ("evil",))  # nobody else gave any
        assert set(owls.uploaded) == {"url", "code", "topics"} and set(owls.official) == {"abstract", "authors"}
        assert Paper.from_dict(owls.to_dict()) == owls


def test_a_trusted_source_takes_the_place_of_what_an_upload_filled_in() -> None:
    known = Paper("title:owls", "Owls", "Known.", sources=("a.bib",))
    forged = replace(known, authors=("Eve",), published="1990", url="https://evil.example").given_by(UPLOAD)
    later = replace(known, authors=NAMES, published="2024", url="https://x.org", sources=("b.bib",))
    for batches in ([[known], [forged], [later]], [[forged], [known], [later]], [[forged], [later], [known]]):
        (owls,) = grown(*batches)
        assert (owls.authors, owls.published, owls.url) == (NAMES, "2024", "https://x.org")
        assert not owls.uploaded


def test_a_file_that_says_a_paper_anew_does_not_lose_what_an_upload_filled_in() -> None:
    known = Paper("title:owls", "Owls", "A long abstract with an error.", published="2024", sources=("a.bib",))
    filled = replace(known, authors=NAMES, sources=(f"{UPLOADED}x",)).given_by(UPLOAD)
    (owls,) = grown([known], [filled], [replace(known, abstract="Corrected.", published=None)])
    assert (owls.abstract, owls.authors, owls.published) == ("Corrected.", NAMES, None)
    assert set(owls.sources) == {"a.bib", f"{UPLOADED}x"}


def test_of_two_uploads_the_first_wins() -> None:
    first = Paper("title:owls", "Owls", "First.", published="2024", sources=(f"{UPLOADED}a",)).given_by(UPLOAD)
    second = replace(first, abstract="Second, longer.", authors=NAMES, published="1990", other_ids=("doi:10.1000/1",))
    second = replace(second, sources=(f"{UPLOADED}b",), version=7).given_by(UPLOAD)
    (owls,) = grown([first], [second])
    assert (owls.id, owls.abstract, owls.published, owls.other_ids) == ("title:owls", "First.", "2024", ())
    assert owls.authors == NAMES


def test_an_upload_gives_a_trusted_paper_no_name_by_which_another_one_would_be_taken_for_it() -> None:
    known = Paper("title:owls", "Owls", "Known.", sources=("a.bib",))
    forged = Paper("arxiv:2401.00009", "Owls", "Forged.", sources=(f"{UPLOADED}x",)).given_by(UPLOAD)
    bats = Paper("arxiv:2401.00009", "Bats", "On bats.", sources=("b.bib",))
    assert {(each.id, each.abstract) for each in grown([known], [forged], [bats])} == {
        ("title:owls", "Known."),
        ("arxiv:2401.00009", "On bats."),
    }


def test_papers_of_an_index_are_kept_apart_by_a_record_and_by_several() -> None:
    owls, bats = Paper("title:owls", "Owls", "On owls."), Paper("arxiv:2401.00001", "Bats", "On bats.")
    made_up = [
        Paper("doi:10.1000/1", "Owls", "A."),
        Paper("arxiv:2401.00001", "Bats", "B.", other_ids=("doi:10.1000/1",)),
    ]
    for records in ([replace(bats, title="Owls", abstract="Both?")], made_up):
        for trust in (UPLOAD, FILE, SERVICE):
            for order in permutations([each.given_by(trust) for each in records]):
                assert len(indexed([bats, owls], order)) == 2


TRUSTED = st.sampled_from([UPLOAD, FILE, SERVICE])


@settings(deadline=None, database=None)
@given(ANY_RECORDS, ANY_RECORDS, st.lists(TRUSTED, min_size=14, max_size=14), st.randoms(use_true_random=False))
def test_no_records_make_a_paper_of_an_index_go_or_change_what_is_trusted_more(
    known: list[Paper], records: list[Paper], trusts: list[int], chance: random.Random
) -> None:
    old = sorted(
        merge(each.given_by(trust) for each, trust in zip(known, trusts, strict=False)), key=lambda each: each.id
    )
    given = [each.given_by(trust) for each, trust in zip(records, trusts[7:], strict=False)]
    now = indexed(old, given)
    assert len(now) >= len(old) and len({paper.id for paper in now}) == len(now)
    assert len(indexed(now, [])) == len(now)
    uploads = indexed(old, [each.given_by(UPLOAD) for each in records])
    for paper in old:
        same = next(each for each in uploads if each.id == paper.id)
        for name in JUDGED:
            assert getattr(same, name) == getattr(paper, name) or paper.trust_in(name) < 0
    chance.shuffle(given)
    assert len(indexed(old, given)) >= len(old)
