"""Markers, sentences and numbers of an answer, whatever a model writes."""

import re

import pytest

from index.papers import Paper
from rag.answer import Answer
from rag.check import Checker
from rag.compose import Composer
from rag.evidence import Source, embedded, gather
from rag.judges import Reader
from rag.retrieve import Ranked
from tests.conftest import HashingEncoder, judging

MARKER = re.compile(r"\[(\d+)\]")
PLAIN = "Pretraining takes 1.5x less time on average."


@pytest.fixture
def sources(papers: list[Paper], encoder: HashingEncoder) -> list[Source]:
    wanted = [paper for name in ("Compost", "Lantern", "Orchard") for paper in papers if paper.title.startswith(name)]
    return embedded(encoder, gather(Reader.load(), "training", [Ranked(paper, 1.0) for paper in wanted]))


def compose(sources: list[Source], *pieces: str) -> tuple[Answer, list[Answer]]:
    composer, growing = Composer(Checker(HashingEncoder()), sources), []
    for piece in pieces:
        composer.add(piece)
        growing.append(composer.onto(Answer("q", "q")))
    composer.finish()
    return composer.onto(Answer("q", "q")), growing


@pytest.mark.parametrize(
    "written",
    [
        "Pretraining takes 1.5x less time on average [1].",
        "Pretraining takes 1.5x less time on average. [1]",
        "Pretraining takes 1.5x less time on average [1][2].",
        "Pretraining takes 1.5x less time on average [1, 2].",
        "Pretraining takes 1.5x less time on average 【1】.",
        "Pretraining takes 1.5x less time on average [7].",
        "According to the excerpts, pretraining takes 1.5x less time on average.",
        "Pretraining takes 1.5x less time on average [1], [2].",
        "Pretraining takes 1.5x less time on average [1 and 2].",
        "Pretraining takes 1.5x less time on average [Excerpt 1].",
        "**Pretraining** takes 1.5x less time on average.",
        "Pretraining takes 1.5x less time on average.\n\nSources:\n[1] Compost\n[2] Made up",
        "Pretraining takes 1.5x less time on average.\nReferences: [9] A. Nobody.",
    ],
)
def test_markers_of_the_writer_give_way_to_attribution(sources: list[Source], written: str) -> None:
    answer, _ = compose(sources, written)
    assert answer.text == "Pretraining takes 1.5x less time on average [1]."
    assert [citation.paper.title[:7] for citation in answer.citations] == ["Compost"]


def test_papers_are_numbered_in_order_of_first_use(sources: list[Source]) -> None:
    answer, _ = compose(
        sources,
        "Orchard schedules training jobs on shared clusters. Lantern orders utterances from short to long. "
        "Orchard moves jobs between machines while they run.",
    )
    assert [sentence.numbers for sentence in answer.sentences] == [(1,), (2,), (1,)]
    assert [citation.number for citation in answer.citations] == [1, 2]
    assert answer.citations[0].paper.title.startswith("Orchard")


def test_every_marker_of_every_stage_has_its_citation_and_numbers_never_change(sources: list[Source]) -> None:
    text = (
        "Orchard schedules training jobs on shared clusters [3]. Word error rate falls from 14.2 to 11.9 [2]. " + PLAIN
    )
    answer, growing = compose(sources, *re.findall(r".{1,4}", text))
    for stage in [*growing, answer]:
        numbers = {int(number) for number in MARKER.findall(stage.text)}
        assert numbers <= {citation.number for citation in stage.citations}
        assert stage.citations == answer.citations[: len(stage.citations)]
        assert answer.text.startswith("".join(s.lead * bool(at) + s.marked for at, s in enumerate(stage.sentences)))


def test_an_unfinished_marker_is_not_shown(sources: list[Source]) -> None:
    _, growing = compose(sources, "Averaging five checkpoints", " works best [", "1", "]", ".")
    assert not any("[" in stage.text for stage in growing[:-1])


def test_half_a_sentence_at_the_end_is_dropped_where_another_stands(sources: list[Source]) -> None:
    answer, _ = compose(sources, PLAIN + " Averaging five check")
    assert answer.text == "Pretraining takes 1.5x less time on average [1]."


def test_lines_stay_lines(sources: list[Source]) -> None:
    answer, _ = compose(sources, "Orchard schedules jobs on shared clusters.\n" + PLAIN)
    assert answer.text.split("\n") == [
        "Orchard schedules jobs on shared clusters [1].",
        "Pretraining takes 1.5x less time on average [2].",
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        "The papers do not say.",
        "the papers do not say",
        "The excerpts do not mention a learning rate.",
        "The provided text does not contain information about this.",
        "These papers don't specify it.",
        "The helpful and harmless assistant paper did not say.",
        "The excerpts contain no information about it.",
        "There is no mention of a learning rate.",
    ],
)
def test_refusals_in_other_words_are_understood(sources: list[Source], refusal: str) -> None:
    composer = Composer(Checker(HashingEncoder()), sources)
    composer.add(refusal)
    composer.finish()
    assert not composer.sentences and not composer.dropped


def test_markers_that_stand_in_an_abstract_are_not_markers_of_ours(encoder: HashingEncoder) -> None:
    paper = Paper("title:x", "X", "We extend earlier work [12] on pruning of networks. It is fast.")
    (source,) = embedded(encoder, gather(Reader.load(), "pruning", [Ranked(paper, 1.0)]))
    composer = Composer(Checker(encoder), [source])
    composer.quote(source, source.quote(0))
    answer = composer.onto(Answer("q", "q"))
    assert answer.text == "“We extend earlier work on pruning of networks.” [1]"
    assert answer.citations[0].quote.text == "We extend earlier work [12] on pruning of networks."


@pytest.mark.parametrize(
    "text", ["Clients use text data that does not include labels.", "The paper does not use labels."]
)
def test_a_sentence_about_what_is_not_used_is_no_refusal(encoder: HashingEncoder, text: str) -> None:
    (source,) = embedded(encoder, gather(Reader.load(), "labels", [Ranked(Paper("title:x", "X", text), 1.0)]))
    composer = Composer(Checker(encoder), [source])
    composer.add(text)
    composer.finish()
    assert len(composer.sentences) == 1


def test_a_true_sentence_with_a_negation_is_no_refusal(sources: list[Source]) -> None:
    answer, _ = compose(sources, "Compost starts pretraining from old checkpoints, not from random weights.")
    assert answer.text == "Compost starts pretraining from old checkpoints, not from random weights [1]."


def test_a_wrong_number_gives_way_to_the_sentence_of_the_abstract_between_quotation_marks(
    sources: list[Source],
) -> None:
    answer, growing = compose(sources, "Pretraining with Compost takes 2.5x less time on average. ", "It")
    assert answer.text == "“On average, pretraining takes 1.5x less time.” [1]"
    assert (growing[-1].checked, growing[-1].unfinished) == (answer.text, " It")
    (sentence,) = answer.sentences
    assert (sentence.support, sentence.mark) == ("quoted", "")
    assert sentence.text == sentence.quotes[0].text == answer.citations[0].quote.text


def test_a_copied_sentence_stands_once_as_a_quotation_and_is_not_counted_as_replaced(sources: list[Source]) -> None:
    composer = Composer(Checker(HashingEncoder()), sources)
    composer.add("random order removes the gain. Random order removes the gain.")
    composer.finish()
    assert composer.onto(Answer("q", "q")).text == "“Random order removes the gain.” [1]"
    assert (composer.dropped, composer.replaced) == (0, 0)


def test_a_wrong_number_is_left_out_where_the_answer_has_the_right_one(sources: list[Source]) -> None:
    composer = Composer(Checker(HashingEncoder()), sources)
    composer.add(f"{PLAIN} Pretraining takes 2.5x less time on average.")
    composer.finish()
    assert [sentence.text for sentence in composer.sentences] == [PLAIN]
    assert (composer.dropped, composer.replaced) == (1, 0)


def test_a_sentence_that_the_judge_doubts_is_replaced_where_the_abstract_nearly_says_it_else_left_out(
    sources: list[Source],
) -> None:
    near, far = "Averaging five checkpoints works worst.", "Lantern is the first of its kind."
    composer = Composer(Checker(HashingEncoder(), judging({near: 0.4, far: 0.4})), sources)
    composer.add(f"{PLAIN} {near} {far}")
    composer.finish()
    assert [(sentence.text, sentence.support, sentence.mark) for sentence in composer.sentences] == [
        (PLAIN, "supported", "✓"),
        ("Averaging works best with five checkpoints.", "quoted", ""),
    ]
    assert (composer.dropped, composer.replaced) == (1, 1)


def test_a_sentence_that_the_judge_neither_passes_nor_doubts_stays_without_a_mark(sources: list[Source]) -> None:
    composer = Composer(Checker(HashingEncoder(), judging({"Pretraining": 0.6})), sources)
    composer.add(PLAIN)
    composer.finish()
    (sentence,) = composer.sentences
    assert (sentence.text, sentence.support, sentence.mark) == (PLAIN, "unverified", "")
    assert sentence.marked == "Pretraining takes 1.5x less time on average [1]."
