"""What is not there is said to be not there, and why."""

import pytest

from index.papers import Paper
from index.store import Store
from rag.answer import CANNOT_ANSWER
from rag.engine import Engine
from rag.refusal import does_not_say, nobody_mentions
from rag.settings import Settings
from tests.conftest import HashingEncoder, ScriptedWriter, judged, judging


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


def test_the_paper_that_a_question_names_is_said_not_to_say(papers: list[Paper]) -> None:
    ranked = [named(papers, "Orchard"), named(papers, "TideNet")]
    assert does_not_say("Which dropout rate does TideNet use?", ranked) == (
        "The abstract of “TideNet: Forecasting Sea Levels from Buoy Data” does not say."
    )
    assert does_not_say("Which dropout rate is best?", ranked) == ""


def test_an_answer_whose_papers_do_not_contain_it_is_declined_and_never_shown(
    store: Store, encoder: HashingEncoder
) -> None:
    question, writer = "How many parameters does TideNet have?", ScriptedWriter("TideNet uses a recurrent network.")
    engine = Engine(Settings(), store, encoder, judged(writer, judging({"TideNet": 0.6}, {"TideNet": 0.03})))
    *growing, answer = engine.stream(question)
    assert (answer.text, answer.answered, answer.citations) == (CANNOT_ANSWER, False, ())
    assert answer.note == "The abstract of “TideNet: Forecasting Sea Levels from Buoy Data” does not say."
    assert answer.matches[0].paper.title.startswith("TideNet")
    assert len(writer.asked) == 1 and not any(each.text for each in growing)


def test_an_answer_is_shown_from_the_first_paper_on_that_contains_it(store: Store, encoder: HashingEncoder) -> None:
    about_both = ["Compost starts pretraining from old checkpoints. ", "Lantern orders utterances from short to long."]
    loader = judged(ScriptedWriter(*about_both), judging({"Compost": 0.6, "Lantern": 0.6}, {"Compost": 0.03}))
    engine = Engine(Settings(), store, encoder, loader)
    texts = [answer.text for answer in engine.stream("How do Compost and Lantern differ in training?")]
    assert not any(text and "Lantern" not in text for text in texts)
    assert texts[-1].startswith("Compost starts pretraining from old checkpoints [1]. Lantern orders utterances")


def test_an_unknown_method_is_declined_without_the_model(engine: Engine, writer: ScriptedWriter) -> None:
    answer = engine.ask("How does YaRN train language models on shared clusters?")
    assert not answer.answered and answer.matches and writer.asked == []
    assert answer.note == "No paper of the index mentions “YaRN”."
