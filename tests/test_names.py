"""Proper names and acronyms are told from words and quantities by how they are spelt."""

import pytest

from rag.names import name_keys, names


@pytest.mark.parametrize(
    "name",
    [
        "ImageNet",
        "UL2",
        "BERT",
        "DP-LoRA",
        "4M-21",
        "GPT-4o",
        "iPhone",
        "wav2vec",
        "A100",
        "x86",
        "nanoGPT",
    ],
)
def test_capitals_inside_or_letters_with_digits_make_a_name(name: str) -> None:
    assert names(f"does {name} help?") == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Does the model learn?",
        "I think so",
        "Training on French, German and noisy speech",
        "K-means and self-attention",
        "It's naïve, don't you think",
        "",
    ],
)
def test_plain_words_are_no_names(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize("quantity", ["5x", "1.5x", "7B", "10k", "31%", "2023", "9,000", "24GB", "3.5", "20th", "90s"])
def test_quantities_are_no_names(quantity: str) -> None:
    assert names(f"about {quantity} less") == []


def test_names_come_once_in_order() -> None:
    assert names("UL2 on GLUE, then BERT; UL2 again") == ["UL2", "GLUE", "BERT"]


def test_a_name_ends_before_the_full_stop_and_the_possessive() -> None:
    assert names("ImageNet. COCO's (LoRA), “T5”?") == ["ImageNet", "COCO", "LoRA", "T5"]


def test_a_typed_dash_is_a_dash() -> None:
    assert names("GPT\u20114 or DP\u2013LoRA") == ["GPT-4", "DP-LoRA"]
    assert name_keys("GPT\u20114") == {"gpt", "gpt4"}


def test_of_a_compound_with_an_ordinary_word_only_the_name_counts() -> None:
    assert names("LoRA-based and LLM-generated, but DP-LoRA") == ["LoRA", "LLM", "DP-LoRA"]
