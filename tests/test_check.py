"""What the check says of true and of bent sentences."""

import pytest

from index.papers import Paper
from rag.check import attribute, numbers
from rag.evidence import Source, embedded, gather
from rag.judges import Reader
from rag.retrieve import Ranked
from tests.conftest import HashingEncoder


@pytest.fixture
def sources(papers: list[Paper], encoder: HashingEncoder) -> list[Source]:
    return embedded(encoder, gather(Reader.load(), "training", [Ranked(paper, 1.0) for paper in papers]))


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ("Word error rate falls from 14.2 to 11.9 on noisy speech.", "Lantern"),
        ("On noisy speech, the word error rate falls to 11.9 from 14.2.", "Lantern"),
        ("On the Harbour benchmark, TideNet lowers the error by 31 %.", "TideNet"),
        ("Waiting time drops by half on a trace of 9000 jobs.", "Orchard"),
        ("4M-7 matches specialist models on 4 of the 7 modalities.", "4M-7"),
        ("DP-Moss adds Gaussian noise to sparse gradients.", "DP-Moss"),
        ("Pebble is an LM of 10 million parameters that runs on a watch.", "Pebble"),
    ],
)
def test_a_true_sentence_is_supported_by_its_paper(sources: list[Source], sentence: str, title: str) -> None:
    verdict = attribute(sentence, HashingEncoder().encode([sentence])[0], sources)
    assert verdict.support == "supported"
    assert [sources[at].paper.title.split(":")[0] for at in verdict.sources] == [title]
    assert verdict.quotes[0].text in sources[verdict.sources[0]].paper.abstract


@pytest.mark.parametrize(
    "sentence",
    [
        "Word error rate falls from 14.2 to 10.9 on noisy speech.",
        "On the Harbour benchmark, TideNet lowers the error by 41%.",
        "On the Harbour benchmark, WaveNet lowers the error by 31%.",
        "Waiting time drops by half on a trace of 90,000 jobs.",
        "ORCHARD-X schedules training jobs on shared clusters.",
        "TiDy orders utterances from short to long during training.",
        "Penguins prefer colder water in southern winters.",
        "On the Harbour benchmark, TideNet lowers the error 31x.",
        "On the Harbour benchmark, TideNet raises the error by 31%.",
        "Compost does not start pretraining from old checkpoints.",
        "Orchard adds Gaussian noise to sparse gradients only.",
        "Lantern orders utterances from Switchboard from short to long during training.",
        "Word error rate falls from 14.2 to 11.9 thousand on noisy speech.",
    ],
)
def test_a_bent_sentence_is_unsupported(sources: list[Source], sentence: str) -> None:
    assert attribute(sentence, HashingEncoder().encode([sentence])[0], sources).support == "unsupported"


def test_the_quotation_is_the_sentence_that_says_it_not_the_one_that_only_names_the_method(
    papers: list[Paper], encoder: HashingEncoder
) -> None:
    paper = Paper("title:pbt", "PBT", "PBT trains a population of models. It finds a schedule of settings on its own.")
    sources = embedded(encoder, gather(Reader.load(), "settings", [Ranked(paper, 1.0)]))
    sentence = "PBT finds a schedule of settings."
    (quote,) = attribute(sentence, encoder.encode([sentence])[0], sources).quotes
    assert quote.text == "It finds a schedule of settings on its own."


def test_numbers_are_the_same_in_each_spelling() -> None:
    assert numbers("1,000 jobs, 0.50 points, two stages") == {"1000", "0.5", "2"} == numbers("1000 jobs, .5, 2 stages")


def test_hints_of_the_writer_decide_between_equals(encoder: HashingEncoder) -> None:
    twins = [Paper(f"title:{name}", name, "The optimizer converges quickly on every task.") for name in ("One", "Two")]
    sources = embedded(encoder, gather(Reader.load(), "optimizer", [Ranked(paper, 1.0) for paper in twins]))
    sentence = "The optimizer converges quickly."
    vector = encoder.encode([sentence])[0]
    assert attribute(sentence, vector, sources).sources == (0,)
    assert attribute(sentence, vector, sources, hints=[1]).sources == (1,)
