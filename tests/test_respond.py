"""What is left when a model has nothing to say."""

import threading

import pytest

from index.papers import Paper
from rag.answer import CANNOT_ANSWER, Answer
from rag.clock import Clock
from rag.evidence import Source, embedded, gather
from rag.instructions import InstructionFilter
from rag.judges import Reader
from rag.respond import Responder
from rag.retrieve import Found, Ranked
from rag.settings import Settings
from tests.conftest import HashingEncoder, ScriptedWriter

QUESTION = "How does Orchard treat jobs on shared clusters?"


@pytest.fixture
def sources(papers: list[Paper], encoder: HashingEncoder) -> list[Source]:
    orchard = next(paper for paper in papers if paper.title.startswith("Orchard"))
    return embedded(encoder, gather(Reader.load(), QUESTION, [Ranked(orchard, 1.0)]))


def respond(sources: list[Source], question: str, written: str, sure: bool) -> Answer:
    encoder = HashingEncoder()
    responder = Responder(Settings(), encoder, None, InstructionFilter(encoder), Clock())
    answer = Answer(question, question)
    *_, last = responder.written(answer, question, sources, ScriptedWriter(written), threading.Event(), sure)
    return last


@pytest.mark.parametrize("written", ["The papers do not say.", "It reaches 99.7% on ImageNet."])
def test_a_paper_surely_about_the_question_is_quoted_where_the_model_is_silent(
    sources: list[Source], written: str
) -> None:
    answer = respond(sources, QUESTION, written, sure=True)
    assert answer.answered and answer.sentences[0].text in sources[0].paper.abstract
    assert answer.note == "Quoted from the abstracts. The language model found no answer in them."
    assert not respond(sources, QUESTION, written, sure=False).answered


def test_a_number_that_is_not_there_is_declined_however_sure_the_paper(encoder: HashingEncoder) -> None:
    orchid = Paper("title:orchid", "Orchid: Growing Trees", "Orchid grows trees from seeds. It needs no water.")
    question = "How many GPUs does Orchid need?"
    sources = embedded(encoder, gather(Reader.load(), question, [Ranked(orchid, 1.0)]))
    answer = respond(sources, question, "The papers do not say.", sure=True)
    assert (answer.text, answer.answered) == (CANNOT_ANSWER, False)
    assert answer.note == "The abstract of “Orchid: Growing Trees” does not say."


def test_the_side_of_a_comparison_that_a_model_forgets_is_quoted(papers: list[Paper], encoder: HashingEncoder) -> None:
    wanted = [paper for name in ("Compost", "Lantern", "Orchard") for paper in papers if paper.title.startswith(name)]
    question = "Compost vs Lantern: what is gained?"
    sources = embedded(encoder, gather(Reader.load(), question, [Ranked(paper, 0.9) for paper in wanted]))
    answer = respond(sources, question, "Pretraining takes 1.5x less time on average.", sure=True)
    assert [citation.paper.title.split(":")[0] for citation in answer.citations] == ["Compost", "Lantern"]
    assert answer.sentences[1].text in wanted[1].abstract


@pytest.mark.parametrize(
    ("similarity", "match", "relevant", "sure"),
    [(0.5, 0.45, True, True), (0.4, 0.4, True, False), (0.3, 0.4, False, False), (0.95, 0.0, True, False)],
)
def test_how_near_a_paper_must_be(
    papers: list[Paper], encoder: HashingEncoder, similarity: float, match: float, relevant: bool, sure: bool
) -> None:
    ranked = (Ranked(papers[0], 1.0, similarity, match),)
    found = Found(encoder.encode(["a"])[0], ranked, similarity, 0.0, False)
    assert (found.relevant, found.sure) == (relevant, sure)
