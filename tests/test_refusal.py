"""What is not there is said to be not there, and why."""

import pytest

from index import models
from index.papers import Paper
from index.store import Store
from index.vectors import SentenceEncoder
from rag.answer import CANNOT_ANSWER
from rag.engine import Engine
from rag.premise import assumes, echoes
from rag.refusal import does_not_say, lacks_quantity, nobody_mentions
from tests.conftest import HashingEncoder, ScriptedWriter

NAME = "all-MiniLM-L6-v2"


def named(papers: list[Paper], start: str) -> Paper:
    return next(paper for paper in papers if paper.title.startswith(start))


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("How does YaRN rescale positions?", "“YaRN”"),
        ("How does the Muon optimizer work?", "“Muon”"),
        ("How do QLoRA and NF4 work?", "“QLoRA” or “NF4”"),
    ],
)
def test_a_thing_that_no_paper_mentions_is_said_to_be_unknown(store: Store, question: str, unknown: str) -> None:
    assert nobody_mentions(store, question, store.papers[:3]) == f"No paper of the index mentions {unknown}."


@pytest.mark.parametrize(
    "question",
    [
        "How does DP-Moss keep accuracy?",
        "How does DP-Moss compare with QLoRA?",  # one of the two is there
        "Does Pebble-7 run on a watch?",  # a version of what is there
        "which method orders utterances?",
        "an error of 1e-5, how?",
    ],
)
def test_a_question_that_names_something_known_or_nothing_goes_on(store: Store, question: str) -> None:
    assert nobody_mentions(store, question, store.papers[:3]) == ""


def test_the_initials_of_words_in_the_papers_found_are_known(store: Store, papers: list[Paper]) -> None:
    assert nobody_mentions(store, "What limits WER?", [named(papers, "Lantern")]) == ""  # word error rate
    assert nobody_mentions(store, "What limits WER?", [named(papers, "Orchard")]) != ""


@pytest.mark.parametrize(
    ("question", "answer", "lacks"),
    [
        ("How many GPUs were used?", "A cluster was used [1].", True),
        ("How many GPUs were used?", "It used 64 GPUs [1].", False),
        ("How many GPUs were used?", "It took half the time [1].", False),
        ("Which learning rate did TideNet use?", "TideNet uses a recurrent network [1].", True),
        ("On how many tokens was PaLM 540B trained?", "PaLM 540B was trained on many [1].", True),
        ("How many GPUs were used, and why so few?", "The model is small [1].", False),
        ("How does it save memory?", "It drops the cache [1].", False),
        ("Does it need help, and how much sooner is it done?", "It needs none [1].", False),
        ("How many hours of video does it hold?", "It holds 256k hours [1].", False),
        ("How long did the run take?", "It took 450 nodes [1].", True),
        ("How long did the run take?", "It took 4.5 hours [1].", False),
    ],
)
def test_a_question_for_a_number_wants_a_number(
    question: str, answer: str, lacks: bool, encoder: HashingEncoder
) -> None:
    assert lacks_quantity(question, answer, encoder) is lacks


@pytest.mark.model
@pytest.mark.skipif(models.find(NAME) is None, reason=f"no weights: paperchat models pull {NAME}")
@pytest.mark.parametrize(
    ("answer", "lacks"),
    [
        ("It holds 256k tokens [1].", True),
        ("10% of the parameters [1].", True),
        ("It holds 30 hours of recordings [1].", False),
        ("It holds 1,800 minutes [1].", False),
    ],
)
def test_a_number_of_other_things_is_not_what_was_asked_for(answer: str, lacks: bool) -> None:
    encoder = SentenceEncoder.from_name(NAME, offline=True)
    assert lacks_quantity("How many hours of video does it hold?", answer, encoder) is lacks


def test_the_paper_that_a_question_names_is_said_not_to_say(papers: list[Paper]) -> None:
    ranked = [named(papers, "Orchard"), named(papers, "TideNet")]
    assert does_not_say("Which dropout rate does TideNet use?", ranked) == (
        "The abstract of “TideNet: Forecasting Sea Levels from Buoy Data” does not say."
    )
    assert does_not_say("Which dropout rate is best?", ranked) == ""


def test_a_detail_that_the_abstract_does_not_give_is_declined(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["TideNet forecasts sea levels from buoy measurements."]
    answer = engine.ask("How many parameters does TideNet have?")
    assert (answer.text, answer.answered, answer.citations) == (CANNOT_ANSWER, False, ())
    assert answer.note == "The abstract of “TideNet: Forecasting Sea Levels from Buoy Data” does not say."
    assert answer.matches[0].paper.title.startswith("TideNet")


def test_what_may_be_declined_yet_is_not_shown(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["TideNet forecasts sea levels from buoy measurements. ", "It has 12 layers."]
    texts = [answer.text for answer in engine.stream("How many layers does TideNet have?")]
    assert texts[-1].endswith("It has 12 layers [1].")
    assert not any(text and "12" not in text for text in texts)


def test_an_unknown_method_is_declined_without_the_model(engine: Engine, writer: ScriptedWriter) -> None:
    answer = engine.ask("How does YaRN train language models on shared clusters?")
    assert not answer.answered and answer.matches and writer.asked == []
    assert answer.note == "No paper of the index mentions “YaRN”."


@pytest.mark.parametrize(
    ("question", "takes_for_granted"),
    [
        ("Why does DPO beat PPO?", True),
        ("How come sharpness predicts so well?", True),
        ("What made the authors give up?", True),
        ("Since depth is useless, how wide is best?", True),
        ("By how much does it cut the cost?", True),
        ("How did GPT-3.5 manage to pass?", True),
        ("Does DPO beat PPO?", False),
        ("What is DPO?", False),
        ("Why not use PPO?", False),
    ],
)
def test_what_takes_something_for_granted(question: str, takes_for_granted: bool) -> None:
    assert assumes(question) is takes_for_granted


@pytest.mark.parametrize(
    ("sentence", "question", "says_nothing_new"),
    [
        ("Random order helps Lantern.", "Why does random order help Lantern most?", True),  # 4 of its 4 words
        ("Lantern orders utterances by length.", "Why does random order help Lantern most?", False),  # 2 of 4
        ("Compost starts pretraining.", "How does Compost start pretraining?", True),
        ("Compost starts pretraining from checkpoints.", "How does Compost start pretraining?", True),  # 3 of 4
        ("Compost starts from checkpoints.", "How does Compost start pretraining?", False),  # 2 of 3
        ("Compost takes 1.5x less time.", "Does Compost take less time?", False),
    ],
)
def test_a_sentence_that_repeats_the_question(sentence: str, question: str, says_nothing_new: bool) -> None:
    assert echoes(sentence, question) is says_nothing_new


def test_a_premise_that_a_model_repeats_gives_way_to_the_abstract(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["Random order helps Lantern because noisy speech is random."]
    answer = engine.ask("Why does random order help Lantern on noisy speech?")
    assert all(sentence.repaired and sentence.text == sentence.quotes[0].text for sentence in answer.sentences)
    assert "Random order removes the gain" in answer.text
    assert "helps" not in answer.text
    assert answer.citations[0].paper.title.startswith("Lantern")
