"""Filters: what a person may write, which papers pass, and how answers and lists come under them and say so."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from index import Store, update
from index.errors import UserError
from index.papers import Paper
from rag import Answer, Engine, Filter, Settings, Turn
from rag.passing import absent, newest, positions
from rag.refusal import nobody_mentions
from tests.conftest import TEXTS, HashingEncoder, ScriptedWriter

QUESTION = "How much less time does pretraining take with Compost?"


@pytest.fixture
def asked(dated: Store, encoder: HashingEncoder, writer: ScriptedWriter) -> Engine:
    return Engine(Settings(), dated, encoder, writer)


def passing(store: Store, chosen: Filter) -> list[str]:
    return sorted(store.papers[int(at)].title.split(":")[0] for at in positions(store, chosen))


def names(answer: Answer) -> list[str]:
    return [match.paper.title.split(":")[0] for match in answer.matches]


def test_a_filter_says_in_words_what_it_asks_and_comes_back_from_json() -> None:
    chosen = Filter.of("2024", authors=["Hinton", " Hinton "], categories=["cs.CL", "cs.LG"], newest_first=True)
    assert chosen.words == "since 2024, by Hinton, in cs.CL or cs.LG, newest first"
    assert Filter.from_dict(json.loads(json.dumps(chosen.to_dict()))) == chosen
    assert Filter.of("March 2023", "2023/12/01").words == "from March 2023 to 1 December 2023"
    assert (Filter.of(until="2020").words, Filter.of("2020", "2020").words) == ("until 2020", "in 2020")
    assert not Filter.of("", " ", [], ["  "])


def test_a_filter_loses_a_part_and_goes_over_another() -> None:
    chosen = Filter("2020", "2022", ("Hinton",))
    assert chosen.without("dates") == Filter(authors=("Hinton",))
    assert Filter(since="2024").over(chosen) == Filter("2024", "", ("Hinton",))
    assert Filter(sources=("a",)).over(chosen) == Filter("2020", "2022", ("Hinton",), (), ("a",))


@pytest.mark.parametrize("text", ["soon", "2024-13", "30 February 2024", "20245"])
def test_what_is_no_date_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(UserError, match=f"'{text}' is no date. Write it as 2024, 2024-05"):
        Filter.of(text)


@pytest.mark.parametrize("until", ["2024", "2024-12", "2024-12-31"])
def test_a_filter_that_ends_before_it_begins_is_refused(asked: Engine, until: str) -> None:
    assert Filter.of("2025", "2025-01").words == "from 2025 to January 2025"
    expected = f"since 2025 comes after until {until}. Change one of them."
    with pytest.raises(UserError, match=expected):
        Filter.of("2025", until)
    for listed in (asked.papers, asked.search, asked.ask):
        with pytest.raises(UserError, match=expected):
            listed("pretraining from checkpoints", filter=Filter("2025", until))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (Filter(sources=("no.jsonl",)), "from no.jsonl; the sources are ten.jsonl, new.jsonl, old.jsonl"),
        (Filter(authors=("Hinton",), categories=("math.PR", "cs.CL", "q")), "in math.PR or q"),
        (Filter("2024", authors=("Ada Mallory", "Eve")), "by Ada Mallory or Eve"),
    ],
)
def test_what_a_given_filter_names_and_no_paper_has_is_said(asked: Engine, chosen: Filter, said: str) -> None:
    found = asked.papers("pretraining from checkpoints", filter=chosen)
    assert found.filter is not None and found.filter.absent == f"No paper is {said}."
    told = f"No paper is {said}." if len(found) else f"No paper is {said}. Ask without that filter, or for more."
    assert told in found.note
    there = asked.papers("pretraining from checkpoints", filter=Filter(authors=("Hinton",))).filter
    assert there is not None and there.absent == ""


def test_an_only_source_is_named_as_such(store: Store) -> None:
    assert absent(store, Filter(sources=("8.csv",))) == "No paper is from 8.csv; the only source is ten.jsonl."


def test_of_many_sources_those_of_most_papers_are_named(tmp_path: Path) -> None:
    papers = [Paper(f"title:{at}", f"Owl {at}", "Owls hoot.", sources=(f"{at % 7}.csv",)) for at in range(20)]
    update(tmp_path, papers, HashingEncoder())
    with closing(Store.open(tmp_path, HashingEncoder())) as store:
        said = absent(store, Filter(sources=("8.csv",)))
    assert said == "No paper is from 8.csv; the sources are 0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 2 more."


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(since="2023"), ["DP-Moss", "Lantern", "Pebble"]),
        (Filter(since="2021-06"), ["DP-Moss", "Lantern", "Pebble"]),
        (Filter(since="2019-06", until="2021"), ["Compost", "TideNet"]),  # 2019 may be its second half
        (Filter(since="2023-11-05", until="2023-11-05"), ["DP-Moss"]),
        (Filter(until="2023-05-31"), ["Compost", "Pebble", "TideNet"]),
        (Filter(authors=("hinton",)), ["Compost", "DP-Moss"]),
        (Filter(authors=("Geoffrey Hinton",)), ["Compost", "DP-Moss"]),
        (Filter(authors=("Ada Hinton",)), []),
        (Filter(authors=("Strom", "Chen")), ["Pebble", "TideNet"]),
        (Filter(categories=("cs",)), ["Compost", "DP-Moss", "Pebble", "TideNet"]),
        (Filter(categories=("CS.cl",), until="2022"), ["Compost"]),
        (Filter(sources=("old.jsonl",)), ["Compost", "TideNet"]),
        (Filter(sources=("ten.jsonl",), since="1990"), []),
    ],
)
def test_papers_pass_that_are_what_a_filter_asks(dated: Store, chosen: Filter, expected: list[str]) -> None:
    assert passing(dated, chosen) == expected


def test_the_newest_paper_is_known_by_its_date(dated: Store, store: Store) -> None:
    assert (newest(dated), newest(store)) == ("2024-05-17", "")


def test_words_of_a_question_narrow_the_papers_and_are_named(asked: Engine, writer: ScriptedWriter) -> None:
    answer = asked.ask("How much less time does pretraining take with Compost, in papers before 2023?")
    assert answer.standalone == "How much less time does pretraining take with Compost, in papers?"
    assert sorted(names(answer)) == ["Compost", "TideNet"]
    assert answer.filter is not None and answer.filter.taken_from_question
    assert (answer.filter.filter, answer.filter.phrases) == (Filter(until="2022"), ("before 2023",))
    assert answer.note == "Only papers until 2022: 2 of 10; 5 without a date left aside."
    assert answer.text == "Pretraining takes 1.5x less time on average [1]."
    assert "before 2023" not in writer.asked[0][-1].content
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


def test_what_was_understood_can_be_taken_away(asked: Engine) -> None:
    question = f"{QUESTION[:-1]} since 2024?"
    assert asked.ask(question).answered is False
    plain = asked.ask(question, as_asked=True)
    assert (plain.answered, plain.standalone, len(plain.matches)) == (True, question, 8)
    assert plain.filter is not None and plain.filter.as_asked and not plain.filter.filter and plain.note == ""


def test_a_filter_that_is_given_comes_before_the_words_kind_by_kind(asked: Engine) -> None:
    answer = asked.ask("What do papers by Moss since 2024 say about pretraining?", filter=Filter(until="2022"))
    assert answer.filter is not None
    assert answer.filter.filter == Filter(until="2022", authors=("Moss",))
    assert names(answer) == ["Compost"]


def test_a_question_without_a_filter_is_searched_as_it_is(asked: Engine) -> None:
    answer, plain = asked.ask(QUESTION), asked.ask(QUESTION, as_asked=True)
    assert (answer.filter, answer.note, answer.standalone) == (None, "", QUESTION)
    assert (answer.text, answer.matches) == (plain.text, plain.matches)


def test_a_filter_that_leaves_no_paper_says_so_and_the_way_out(asked: Engine, writer: ScriptedWriter) -> None:
    answer = asked.ask(QUESTION, filter=Filter(since="2025"))
    assert (answer.answered, answer.matches, writer.asked) == (False, (), [])
    assert answer.note == (
        "None of the 10 papers is since 2025; 5 without a date were left aside; the newest is of 17 May 2024. "
        "Ask without that filter, or for more."
    )
    found = asked.papers("pretraining by Hinton in math.PR")
    assert (len(found), found.note.split(". ")[0]) == (0, "None of the 10 papers is by Hinton, in math.PR")


def test_an_index_without_dates_says_that_none_passes(store: Store, writer: ScriptedWriter) -> None:
    engine = Engine(Settings(), store, HashingEncoder(), writer)
    answer = engine.ask(f"{QUESTION[:-1]} since 2020?")
    assert answer.note.startswith("None of the 10 papers is since 2020; no paper of the index has a date.")
    recent = engine.ask("How much less time does pretraining take in recent papers on Compost?")
    assert recent.answered
    assert recent.note == "No paper of the index has a date, so “recent” could not be taken for a filter."


def test_papers_that_pass_but_are_about_something_else_decline(asked: Engine) -> None:
    answer = asked.ask("What is quantum chromodynamics on a lattice?", filter=Filter(since="2023"))
    assert not answer.answered and len(answer.matches) == 3
    assert answer.note == (
        "Only papers since 2023: 3 of 10; 5 without a date left aside. "
        "None of the 3 papers is about that. Others may be: ask without the filter."
    )


def test_recent_counts_from_the_newest_paper_which_the_answer_names(asked: Engine) -> None:
    answer = asked.ask("What do recent papers say about noise in speech recognition?")
    assert answer.filter is not None
    assert (answer.filter.filter.since, answer.filter.newest, answer.filter.counted) == (
        "2023-05-17",
        "2024-05-17",
        True,
    )
    assert "The newest paper of the index is of 17 May 2024." in answer.note
    assert sorted(names(answer)) == ["DP-Moss", "Lantern", "Pebble"]  # May 2023 may be after the 17th


def test_newest_first_orders_the_papers_of_a_list(asked: Engine) -> None:
    found = asked.papers("latest work on pretraining from old checkpoints")
    dates = [match.paper.published or "" for match in found.matches]
    assert len(dates) > 1 and dates == sorted(dates, reverse=True)
    assert found.filter is not None and found.filter.filter == Filter(newest_first=True)
    assert found.note.startswith("Newest first.")


def test_a_request_without_a_topic_lists_the_newest_that_pass(asked: Engine) -> None:
    found = asked.papers("papers by Geoffrey Hinton")
    assert [match.paper.title.split(":")[0] for match in found.matches] == ["DP-Moss", "Compost"]
    assert found.note == "Only papers by Geoffrey Hinton: 2 of 10. No topic is asked for: the newest come first."
    assert found.to_dict()["filter"]["words"] == "by Geoffrey Hinton"
    latest = asked.papers("the latest papers known", limit=2)
    assert [match.paper.published for match in latest.matches] == ["2024-05-17", "2023-11-05"]


def test_a_question_without_a_topic_declines_and_shows_what_passes(asked: Engine, writer: ScriptedWriter) -> None:
    answer = asked.ask("papers by Geoffrey Hinton")
    assert not answer.answered and names(answer) == ["DP-Moss", "Compost"] and writer.asked == []
    assert "Add what they should say, or ask for the list" in answer.note


def test_a_follow_up_of_nothing_but_a_filter_keeps_the_subject(asked: Engine) -> None:
    before = Turn("How much less time does pretraining take with Compost since 2022?", "The papers do not say.")
    answer = asked.ask("And since 2020?", [before])
    assert answer.standalone == QUESTION
    assert answer.filter is not None and answer.filter.filter == Filter(since="2020")
    assert answer.text == "Pretraining takes 1.5x less time on average [1]."


def test_a_follow_up_keeps_the_filter_only_where_it_says_so(asked: Engine) -> None:
    history = [Turn("What do papers since 2021 say about training?", "Training orders utterances [1].")]
    of_those = asked.ask("Which of those order utterances?", history)
    assert of_those.filter is not None and of_those.filter.filter == Filter(since="2021")
    assert asked.ask("And how are utterances ordered?", history).filter is None


def test_what_an_author_says_is_asked_of_the_papers_by_that_author(asked: Engine) -> None:
    answer = asked.ask("What does Hinton say about pretraining?")
    assert answer.answered and sorted(names(answer)) == ["Compost", "DP-Moss"]
    assert answer.filter is not None and answer.filter.phrases == ("Hinton",)
    assert answer.note == "Only papers by Hinton: 2 of 10."
    only = asked.ask("What does Hinton propose?")
    assert names(only) == ["DP-Moss", "Compost"] and "Add what they should say" in only.note


@pytest.mark.parametrize(
    "question", ["Why does Hinton warm up?", "Does Geoffrey Hinton pretrain?", "how does Ström sail?"]
)
def test_an_author_is_no_name_that_nobody_mentions(dated: Store, question: str) -> None:
    assert nobody_mentions(dated, question, []) == ""
    assert nobody_mentions(dated, "Why does Geoffrey warm up?", []) == "No paper of the index mentions “Geoffrey”."


def test_search_takes_a_filter_and_reads_none(asked: Engine) -> None:
    found = asked.search("training since 2024", filter=Filter(until="2021", newest_first=True))
    assert [match.paper.published for match in found] == ["2021-03", "2019"]
    assert len(asked.search("training since 2024")) == len(TEXTS)
    assert asked.search("training", filter=Filter(since="2030")) == []


def test_a_filter_goes_together_with_chosen_papers(asked: Engine, papers: list[Paper]) -> None:
    ids = [paper.id for paper in papers if paper.title.startswith(("Compost", "Lantern", "A Survey"))]
    assert names(asked.ask("What about training?", within=ids, filter=Filter(since="2021"))) in (
        ["Compost", "Lantern"],
        ["Lantern", "Compost"],
    )


def test_an_author_is_only_taken_who_is_one(asked: Engine) -> None:
    assert asked.ask("Is pretraining with Compost guided by Mallory?").filter is None
    found = asked.papers("pretraining by Hinton")
    assert found.filter is not None and found.filter.filter == Filter(authors=("Hinton",))
