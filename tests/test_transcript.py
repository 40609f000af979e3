"""A conversation can be handed on: its papers are numbered once, and nothing in it becomes mark-up."""

import json
import re

import pytest

from index.papers import Paper
from rag.answer import CANNOT_ANSWER, Answer, Citation, Quote, Sentence
from tests.test_conversations import MOSS, TIDE, answer_of
from ui.conversations import Conversation
from ui.transcript import FORMATS, bibliography, file_name, to_bibtex, to_json, to_markdown

TALK = Conversation("x", "Tides & noise", "2026-03-04T05:06:07.000001+00:00", "2026-03-05T00:00:00.000001+00:00", 3)
DECLINED = Answer("Who won?", "Who won?", CANNOT_ANSWER, False, note="None of the 2 papers is about that.", done=True)


def two_quotes(paper: Paper) -> Answer:
    """Return an answer whose two sentences, in two paragraphs, cite a paper; the second is word for word from it."""
    quotes = (Quote("TideNet forecasts sea levels.", 0, 29, 0.5), Quote("It is fast.", 30, 41, 0.9))
    sentences = (
        Sentence("It forecasts.", (1,), "supported", quotes[:1]),
        Sentence("It is fast.", (1,), "quoted", quotes[1:], "\n"),
    )
    text = "It forecasts [1].\n“It is fast.” [1]"
    return Answer("How fast?", "How fast?", text, True, sentences, (Citation(1, paper, quotes[0]),), done=True)


def test_markdown_holds_questions_renumbered_answers_and_one_bibliography() -> None:
    answers = [answer_of("What adds noise?", MOSS), DECLINED, two_quotes(TIDE)]
    assert to_markdown(TALK, answers) == (
        "# Tides \\& noise\n\n"
        "*2026-03-04 05:06 UTC – 2026-03-05 00:00 UTC*\n\n"
        "## What adds noise?\n\n"
        "It forecasts sea levels \\[1\\]. ✓\n\n"
        "*Note: a note*\n\n"
        "## Who won?\n\n"
        "The papers do not say.\n\n"
        "*Note: None of the 2 papers is about that.*\n\n"
        "## How fast?\n\n"
        "It forecasts \\[2\\]. ✓\n\n"
        "“It is fast.” \\[2\\]\n\n"
        "## Bibliography\n\n"
        "1. **DP-Moss**\n"
        "   > DP-Moss adds noise.\n\n"
        "2. [TideNet](https://arxiv.org/abs/2401.01234)\n"
        "   Ada Tide · 2024-01-05\n"
        "   > TideNet forecasts sea levels.\n"
        "   >\n"
        "   > It is fast.\n"
    )


def test_a_paper_that_several_answers_cite_has_one_number() -> None:
    answers = [answer_of("a", TIDE, MOSS), answer_of("b", MOSS), answer_of("c", MOSS, TIDE)]
    assert [match.paper.id for match in bibliography(TALK, answers).matches] == [TIDE.id, MOSS.id]
    assert re.findall(r"(?:\\\[\d\\\])+", to_markdown(TALK, answers)) == ["\\[1\\]\\[2\\]", "\\[2\\]", "\\[2\\]\\[1\\]"]
    turns = json.loads(to_json(TALK, answers))["turns"]
    assert [turn["bibliography_numbers"] for turn in turns] == [{"1": 1, "2": 2}, {"1": 2}, {"1": 2, "2": 1}]


def test_json_holds_the_conversation_its_answers_and_the_cited_papers() -> None:
    answers = [answer_of("a", MOSS), two_quotes(TIDE)]
    values = json.loads(to_json(TALK, answers))
    assert {name: values[name] for name in ("id", "title", "started", "changed")} == {
        "id": "x", "title": "Tides & noise", "started": TALK.started, "changed": TALK.changed}  # fmt: skip
    for turn, answer in zip(values["turns"], answers, strict=True):
        del turn["bibliography_numbers"]
        assert Answer.from_dict(turn) == answer
    assert [(row["number"], Paper.from_dict(row["paper"])) for row in values["bibliography"]] == [(1, MOSS), (2, TIDE)]
    assert [quote["text"] for quote in values["bibliography"][1]["quotes"]] == [
        "TideNet forecasts sea levels.", "It is fast."]  # fmt: skip


def test_bibtex_holds_each_cited_paper_once() -> None:
    entries = to_bibtex(TALK, [answer_of("a", TIDE, MOSS), answer_of("b", TIDE)])
    assert re.findall(r"@misc\{([^,]*)", entries) == ["tide2024tidenet", "papermoss"]


def test_what_was_written_before_stop_is_there() -> None:
    stopped = Answer("a", "a", "It forecasts [1]. And it", True, (Sentence("It forecasts.", (1,), "supported"),),
                     (Citation(1, TIDE, Quote("It is fast.", 30, 41)),))  # fmt: skip
    assert "It forecasts \\[1\\]. ✓ And it\n" in to_markdown(TALK, [stopped])


def test_quotations_of_a_tenth_paper_stand_in_its_entry() -> None:
    papers = [Paper(f"title:{n}", f"Paper {n}", "One. Two.") for n in range(10)]
    assert "10. **Paper 9**\n    > One\n" in to_markdown(TALK, [answer_of("a", *papers)])


def test_nothing_in_a_conversation_becomes_mark_up() -> None:
    hostile = "# x\n\n<script>alert(1)</script> [a](javascript:b) ![i](http://e.example) `c` *d* | ```"
    paper = Paper("title:evil", hostile, hostile + ". y", authors=(hostile,), url="javascript:alert(1)")
    text = to_markdown(Conversation("x", hostile, "", ""), [answer_of(hostile, paper, text=hostile)])
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        text.splitlines()[0], *[line for line in text.splitlines() if line.startswith("## ")]]  # fmt: skip
    assert len(re.findall(r"^## ", text, re.M)) == 2
    assert not re.search(r"(?<!\\)[<`|]|(?<!\\)\]\(", text)


def test_an_empty_conversation_is_a_title() -> None:
    empty = Conversation("x", "", TALK.started, TALK.started)
    assert to_markdown(empty, []) == "# Conversation\n\n*2026-03-04 05:06 UTC*\n"
    assert json.loads(to_json(empty, []))["turns"] == []
    assert to_bibtex(empty, []) == ""


@pytest.mark.parametrize("title", ["", "深度", "../../etc/passwd", 'a"; b\r\nX: y', "x" * 300])
@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_name_can_stand_anywhere(title: str, ending: str) -> None:
    assert re.fullmatch(rf"[a-z0-9][a-z0-9-]{{0,59}}\.{ending}", file_name(Conversation("x", title, "", ""), ending))
