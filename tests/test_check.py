"""Which paper a sentence is about, what its abstract says nearest to it, and whether it supports the sentence."""

import pytest

from index.papers import Paper
from rag.answer import Support
from rag.check import Checker, Verdict
from rag.evidence import Source, embedded, gather
from rag.facts import numbers
from rag.judges import Judge, Reader
from rag.retrieve import Ranked
from tests.conftest import HashingEncoder, judging


@pytest.fixture
def sources(papers: list[Paper], encoder: HashingEncoder) -> list[Source]:
    return embedded(encoder, gather(Reader.load(), "training", [Ranked(paper, 1.0) for paper in papers]))


def check(sentence: str, sources: list[Source], judge: Judge | None = None, hints: tuple[int, ...] = ()) -> Verdict:
    return Checker(HashingEncoder(), judge).check(sentence, sources, hints)


TRUE = [
    ("On noisy speech, the word error rate falls to 11.9 from 14.2.", "Lantern"),
    ("On the Harbour benchmark, TideNet lowers the error by 31 %.", "TideNet"),
    ("Waiting time drops by half on a trace of 9000 jobs.", "Orchard"),
    ("4M-7 trains one single transformer on 7 modalities.", "4M-7"),
    ("DP-Moss adds Gaussian noise to sparse gradients.", "DP-Moss"),
    ("Pebble is an LM of 10 million parameters that runs on a watch.", "Pebble"),
]


@pytest.mark.parametrize(("sentence", "title"), TRUE)
def test_a_sentence_is_held_against_the_paper_that_it_is_about(
    sources: list[Source], sentence: str, title: str
) -> None:
    verdict = check(sentence, sources)
    assert verdict.source.paper.title.split(":")[0] == title
    assert verdict.quote.text in verdict.source.paper.abstract
    assert verdict.support == "unverified"
    assert check(sentence, sources, judging()).support == "supported"


@pytest.mark.parametrize(
    "sentence",
    [
        "Word error rate falls from 14.2 to 10.9 on noisy speech.",
        "On the Harbour benchmark, TideNet lowers the error by 41%.",
        "Waiting time drops by half on a trace of 90,000 jobs.",
        "On the Harbour benchmark, TideNet lowers the error 31x.",
        "Word error rate falls from 14.2 to 11.9 thousand on noisy speech.",
    ],
)
@pytest.mark.parametrize("judge", [None, judging()], ids=["no judge", "a judge that says yes to everything"])
def test_a_number_that_the_abstract_does_not_have_is_not_supported(
    sources: list[Source], sentence: str, judge: Judge | None
) -> None:
    assert check(sentence, sources, judge).support is None


@pytest.mark.parametrize(
    "sentence",
    [
        "On the Harbour benchmark, WaveNet lowers the error by 31%.",
        "ORCHARD-X schedules training jobs on shared clusters.",
        "TiDy orders utterances from short to long during training.",
    ],
)
def test_a_name_that_the_abstract_does_not_have_gets_no_mark_and_without_a_judge_does_not_stay(
    sources: list[Source], sentence: str
) -> None:
    assert check(sentence, sources).support is None
    assert check(sentence, sources, judging()).support == "unverified"


@pytest.mark.parametrize(
    ("probability", "support"),
    [(0.95, "supported"), (0.85, "unverified"), (0.55, "unverified"), (0.45, None), (0.01, None)],
)
def test_the_mark_is_given_from_the_threshold_on_and_nothing_stays_below_one_half(
    sources: list[Source], probability: float, support: Support | None
) -> None:
    judge = judging({"Random order": probability})  # .9 is the threshold
    assert check("Random order removes the gain of Lantern.", sources, judge).support == support


def test_the_quotation_is_the_sentence_that_says_it_not_the_one_that_only_names_the_method(
    encoder: HashingEncoder,
) -> None:
    paper = Paper("title:pbt", "PBT", "PBT trains a population of models. It finds a schedule of settings on its own.")
    sources = embedded(encoder, gather(Reader.load(), "settings", [Ranked(paper, 1.0)]))
    assert (
        check("PBT finds a schedule of settings.", sources).quote.text == "It finds a schedule of settings on its own."
    )


def test_numbers_are_the_same_in_each_spelling() -> None:
    assert numbers("1,000 jobs, 0.50 points, two stages") == {"1000", "0.5", "2"} == numbers("1000 jobs, .5, 2 stages")


@pytest.mark.parametrize("judge", [None, judging({"Random order": 0.1})], ids=["no judge", "a judge that doubts it"])
def test_a_sentence_that_was_copied_is_a_quotation_whatever_a_judge_says(
    sources: list[Source], judge: Judge | None
) -> None:
    verdict = check("random order removes the gain", sources, judge)
    assert (verdict.support, verdict.quote.text) == ("quoted", "Random order removes the gain.")
    assert verdict.source.paper.title.startswith("Lantern")


def test_hints_of_the_writer_decide_between_equals(encoder: HashingEncoder) -> None:
    twins = [Paper(f"title:{name}", name, "The optimizer converges quickly on every task.") for name in ("One", "Two")]
    sources = embedded(encoder, gather(Reader.load(), "optimizer", [Ranked(paper, 1.0) for paper in twins]))
    sentence = "The optimizer converges quickly."
    assert check(sentence, sources).source.paper.title == "One"
    assert check(sentence, sources, hints=(1,)).source.paper.title == "Two"


def test_of_two_papers_that_are_near_the_one_with_the_numbers_is_cited(encoder: HashingEncoder) -> None:
    twins = [
        Paper(f"title:{n}", "Moss", f"Moss lowers the error of the model by {n}% on noisy speech.") for n in (20, 40)
    ]
    sources = embedded(encoder, gather(Reader.load(), "moss", [Ranked(paper, 1.0) for paper in twins]))
    assert check("Moss lowers the error by 40%.", sources, hints=(0,)).source.paper.id == "title:40"


def test_without_a_judge_a_sentence_with_few_words_of_the_paper_is_not_supported(sources: list[Source]) -> None:
    assert check("Penguins like cold water and dive for fish.", sources).support is None


def test_without_a_judge_a_sentence_that_only_repeats_the_question_is_not_supported(sources: list[Source]) -> None:
    sentence, asked = "TideNet forecasts the sea levels.", "What does TideNet forecast, sea levels?"
    assert Checker(HashingEncoder(), None, asked).check(sentence, sources).support is None
    assert Checker(HashingEncoder(), judging(), asked).check(sentence, sources).support == "supported"
