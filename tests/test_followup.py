"""A follow-up is put behind the question that it leans on; a question that stands alone stays as it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from rag.answer import Turn
from rag.followup import leans, standalone

QUESTIONS = Path(__file__).parents[1] / "bench" / "data" / "questions.jsonl"
ORCHARD = Turn("What is Orchard and how does it schedule jobs?", "Orchard moves jobs between machines [1].")
MOSS = Turn("How private is DP-Moss?", "The privacy budget is epsilon 3 [1].")


def rows(with_history: bool) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    return [row for row in found if bool(row["history"]) == with_history]


@pytest.mark.parametrize("row", rows(with_history=True), ids=lambda row: row["id"])
def test_every_follow_up_of_the_benchmark_leans_on_what_was_asked_before(row: dict[str, Any]) -> None:
    history = [Turn(question, "") for question in row["history"]]
    assert standalone(row["question"], history).endswith(f"{row['history'][-1]} {row['question']}")


def test_hardly_any_question_of_the_benchmark_that_stands_alone_leans() -> None:
    alone = [row["question"] for row in rows(with_history=False)]
    assert len(alone) > 50
    assert len([question for question in alone if leans(question, [ORCHARD])]) <= 2


@pytest.mark.parametrize(
    "question",
    [
        "And for speech?",
        "but why?",
        "What about accuracy?",
        "How does it do that?",
        "Is it faster?",
        "Doesn't that cost accuracy?",
        "Who are the authors?",
        "What are their limitations?",
        "Which datasets did they use?",
        "Summarise this paper",
        "tell me more about the second one",
        "How much faster?",
        "Which benchmark?",
        "Why?",
    ],
)
def test_a_question_leans_that_links_points_back_or_asks_for_a_detail(question: str) -> None:
    assert standalone(question, [MOSS]) == f"How private is DP-Moss? {question}"


@pytest.mark.parametrize(
    "question",
    [
        "What is Lantern4?",
        "How does TideNet forecast?",
        "Is it possible to train speech recognition without any labelled utterances?",
        "Is it true that large batches generalise worse than small ones?",
        "Which methods of pruning for convolutional networks are fast on common hardware?",
        "Do larger batches generalise worse because they make fewer updates?",
        "What is federated learning?",
    ],
)
def test_a_question_stays_that_names_something_new_or_says_all(question: str) -> None:
    assert standalone(question, [MOSS]) == question


@pytest.mark.parametrize("question", ["And for speech?", "Why?", "What is UL2?"])
def test_the_first_question_stays_as_it_is(question: str) -> None:
    assert standalone(question, []) == question


def test_a_name_of_the_answer_before_is_nothing_new() -> None:
    named = Turn("Which method adds noise to gradients?", "DP-Moss does [1].")
    assert leans("How private is DP-Moss?", [named])
    assert not leans("How private is TideNet?", [named])


def test_a_chain_of_follow_ups_reaches_back_to_the_question_that_stands_alone() -> None:
    history = [ORCHARD, MOSS, Turn("And how accurate is it?", "Within two points [1].")]
    assert standalone("Why?", history) == "How private is DP-Moss? And how accurate is it? Why?"


def test_a_chain_whose_first_question_leans_on_nothing_is_kept_whole() -> None:
    history = [Turn("And the second one?", "The papers do not say."), Turn("Why?", "The papers do not say.")]
    assert standalone("How so?", history) == "And the second one? Why? How so?"


def test_asking_for_the_papers_on_a_topic_stands_alone() -> None:
    before = [Turn("What does TAID change in distillation?", "It adapts the intermediate distribution [1].")]
    for question in ("Which papers study curriculum learning?", "What papers are about pruning?"):
        assert standalone(question, before) == question
    assert standalone("Which papers study it?", before) != "Which papers study it?"
