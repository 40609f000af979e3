"""Negations, directions, and who beats whom."""

import pytest

from rag.comparison import turned
from rag.polarity import contradicts

FASTER = "Curriculum training makes the model converge faster than random order does."


@pytest.mark.parametrize(
    ("sentence", "evidence", "found"),
    [
        ("Curriculum training does not make the model converge faster.", FASTER, "negation"),
        ("Curriculum training makes the model converge slower.", FASTER, "direction"),
        ("With curriculum training the model converges faster.", FASTER, ""),
        ("The cost of the network rises by 75%.", "The cost of the network falls by 75%.", "direction"),
        ("The cost of the network falls by 75%.", "Network cost is cut by 75% with no loss.", ""),
        ("The data set holds low-quality web text.", "The data set holds high-quality web text.", "direction"),
        ("Task templates for prompts are needed.", "No task templates for prompts are needed.", "negation"),
        ("No task templates for prompts are needed.", "It avoids task templates for prompts.", ""),
        ("It is not only fast on small devices but exact.", "It is fast on small devices.", ""),
        ("Owls hunt less at dawn.", FASTER, ""),
    ],
)
def test_what_goes_against_a_sentence_is_named(sentence: str, evidence: str, found: str) -> None:
    assert contradicts(sentence, [evidence]) == found


def test_what_another_sentence_of_the_paper_says_can_be_denied_wrongly() -> None:
    others = ["It works in black-box settings and for larger models."]
    assert contradicts("It does not work in black-box settings.", ["It is a defense."], others) == "negation"


@pytest.mark.parametrize(
    ("sentence", "evidence", "wrong"),
    [
        ("DPO beats PPO on math.", "PPO beats DPO by 2.5% on math.", True),
        ("PPO outperforms DPO on math.", "PPO beats DPO by 2.5% on math.", False),
        ("DPO is outperformed by PPO on math.", "PPO beats DPO by 2.5% on math.", False),
        ("Diffusion frameworks outperform Splat.", "It is best, beating diffusion frameworks.", True),
        ("Splat outperforms diffusion frameworks.", "It is best, beating diffusion frameworks.", False),
        ("With 7x fewer weights it is 9x faster than BERT.", "Better than BERT, 7x fewer weights, 9x faster.", False),
        ("Charts come from a beat-aligned spectrogram.", "It is better than other spectrogram charts.", False),
    ],
)
def test_a_comparison_turned_round_is_seen(sentence: str, evidence: str, wrong: bool) -> None:
    assert turned(sentence, [evidence], "Splat") is wrong
