"""The sentences that the check is measured with."""

import random

from bench.corrupt import TRUE, Case, cases, paraphrase
from index.papers import Paper

PAPER = Paper(
    "title:oak",
    "OakNet: Trees for Text",
    "OakNet is a model that reads text with 12 layers. It beats BERT and improves GLUE by 3.5% on average. "
    "Training is 2x faster than before on large corpora.",
)
OTHER = Paper(
    "title:elm", "ElmNet: Leaves for Speech", "ElmNet hears speech and was trained on LibriSpeech with DP-Moss."
)


def made(seed: int) -> list[Case]:
    return list(cases(PAPER, [OTHER], [PAPER, OTHER], random.Random(seed)))


def test_the_same_seed_makes_the_same_cases() -> None:
    assert made(3) == made(3)


def test_every_kind_that_the_text_allows_is_made() -> None:
    assert {case.kind for case in made(3)} == {
        *set(TRUE) - {"written"},
        *("paper swapped", "number", "unit", "negation", "direction", "name", "subject"),
    }


def test_a_bent_sentence_differs_from_the_true_one_in_what_its_kind_says() -> None:
    bent = {case.kind: case for case in made(3)}
    assert "ElmNet" in bent["subject"].sentence and bent["subject"].shown == (OTHER,)
    assert any(name in bent["name"].sentence for name in ("ElmNet", "LibriSpeech", "DP-Moss"))
    assert " not " in bent["negation"].sentence
    assert bent["paper swapped"].absent and not bent["paper swapped"].true


def test_a_paraphrase_names_the_method_and_moves_clauses() -> None:
    text = paraphrase("On large corpora, it is fast.", PAPER, random.Random(0))
    assert text == "It is fast on large corpora."
    assert paraphrase("It reads text.", PAPER, random.Random(0), lead=False) == "OakNet reads text."
