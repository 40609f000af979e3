"""An answer from written sentences or quoted ones, and what is declined."""

import threading
from dataclasses import replace

import pytest

from index.papers import Paper
from rag.answer import CANNOT_ANSWER, Answer
from rag.clock import Clock
from rag.evidence import Source, gather
from rag.instructions import InstructionFilter
from rag.judges import Judge, Reader
from rag.respond import Responder
from rag.retrieve import Found, Ranked
from rag.settings import Settings
from tests.conftest import HashingEncoder, ScriptedWriter, judging

QUESTION = "How does Orchard treat jobs on shared clusters?"


def found(papers: list[Paper], question: str, *starts: str) -> list[Source]:
    """Return the papers whose titles begin so."""
    wanted = [paper for start in starts for paper in papers if paper.title.startswith(start)]
    return gather(Reader.load(), question, [Ranked(paper, 0.9) for paper in wanted])


def responder(judge: Judge | None = None) -> Responder:
    encoder = HashingEncoder()
    return Responder(Settings(), encoder, judge, InstructionFilter(encoder), Clock())


def respond(sources: list[Source], question: str, written: str, judge: Judge | None = None) -> Answer:
    writer = ScriptedWriter(written)
    *_, last = responder(judge).written(Answer(question, question), question, sources, writer, threading.Event())
    return last


@pytest.mark.parametrize("written", ["The papers do not say.", "It reaches 99.7% on ImageNet.", ""])
def test_what_leaves_no_sentence_is_declined(papers: list[Paper], written: str) -> None:
    answer = respond(found(papers, QUESTION, "Orchard"), QUESTION, written)
    assert (answer.text, answer.answered, answer.citations, answer.done) == (CANNOT_ANSWER, False, (), True)
    assert answer.note == "The abstract of “Orchard: Scheduling Jobs on Shared Clusters” does not say."


def test_a_sentence_that_the_judge_passes_is_marked_and_a_doubted_one_is_quoted_or_left_out(
    papers: list[Paper],
) -> None:
    written = (
        "Orchard moves jobs between machines while they run. Orchard delays training jobs on shared clusters. "
        "It is widely deployed today."
    )
    answer = respond(found(papers, QUESTION, "Orchard"), QUESTION, written, judging({"delays": 0.2, "deployed": 0.2}))
    assert answer.text == (
        "Orchard moves jobs between machines while they run [1]. "
        "“Orchard schedules training jobs on shared clusters.” [1]"
    )
    assert [sentence.mark for sentence in answer.sentences] == ["✓", ""]
    assert answer.note == "1 sentence replaced by a quotation. 1 sentence left out: no abstract supports it."


@pytest.mark.parametrize("written", ["The papers do not say.", "It reaches 99.7% on ImageNet."])
def test_a_paper_that_contains_the_answer_is_quoted_where_the_model_writes_nothing_of_it(
    papers: list[Paper], written: str
) -> None:
    sources = found(papers, QUESTION, "Orchard")
    answer = respond(sources, QUESTION, written, judging())
    assert answer.answered and {sentence.support for sentence in answer.sentences} == {"quoted"}
    assert answer.note == "Quoted from the abstracts. The language model wrote no sentence that they support."
    assert not respond(sources, QUESTION, written, judging(titles={"Orchard": 0.1})).answered


@pytest.mark.parametrize(
    ("claim", "gate", "answered"),
    [(0.6, 0.1, True), (0.6, 0.03, False), (0.95, 0.03, True), (0.3, 0.2, True), (0.3, 0.1, False)],
    ids=["unmarked", "unmarked, unlikely", "marked", "quoted", "quoted, unlikely"],
)
def test_an_answer_is_declined_where_no_paper_that_it_cites_contains_the_answer(
    papers: list[Paper], claim: float, gate: float, answered: bool
) -> None:
    written = "Orchard moves jobs between machines while they run."
    judge = judging({written: claim}, titles={"Orchard": gate})
    assert respond(found(papers, QUESTION, "Orchard"), QUESTION, written, judge).answered is answered


def test_the_side_of_a_comparison_that_a_model_forgets_is_quoted(papers: list[Paper]) -> None:
    question = "Compost vs Lantern: what is gained?"
    sources = found(papers, question, "Compost", "Lantern", "Orchard")
    answer = respond(sources, question, "Pretraining takes 1.5x less time on average.")
    assert [citation.paper.title.split(":")[0] for citation in answer.citations] == ["Compost", "Lantern"]
    added = answer.sentences[1]
    assert added.support == "quoted" and added.text in sources[1].paper.abstract


def test_without_a_model_sentences_are_quoted_where_the_reader_finds_an_answer(papers: list[Paper]) -> None:
    sources = found(papers, QUESTION, "Orchard")
    answer = responder().quoted(Answer(QUESTION, QUESTION), sources, "No language model is set.")
    assert answer.answered and answer.writer == "none"
    assert {sentence.support for sentence in answer.sentences} == {"quoted"}
    assert answer.note == "Quoted from the abstracts. No language model is set."
    unlikely = [replace(source, probability=0.1) for source in sources]
    declined = responder().quoted(Answer(QUESTION, QUESTION), unlikely, "No language model is set.")
    assert (declined.text, declined.answered) == (CANNOT_ANSWER, False)


@pytest.mark.parametrize(
    ("similarity", "match", "relevant"), [(0.5, 0.45, True), (0.4, 0.4, True), (0.3, 0.4, False), (0.95, 0.0, True)]
)
def test_how_near_a_paper_must_be(
    papers: list[Paper], encoder: HashingEncoder, similarity: float, match: float, relevant: bool
) -> None:
    ranked = (Ranked(papers[0], 1.0, similarity, match),)
    assert Found(encoder.encode(["a"])[0], ranked, similarity, 0.0, False).relevant is relevant
