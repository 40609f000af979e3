"""A claim whose numbers or names its paper does not have gets no mark; what only looks like one does no harm."""

import pytest

from rag.judges.vetoes import missing_names, missing_numbers, unmarked


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("It is 31% faster.", "It is 31 percent faster."),
        ("It is about 31% faster.", "It is 31.2% faster."),
        ("Recall is .83.", "Recall is 83%."),
        ("It has 1.5B parameters.", "It has 1,500 million parameters."),
        ("It needs half the steps.", "It needs 50% of the steps."),
        ("Covid-19 and sars-cov-2 differ.", "The viruses differ."),
        ("Double-strand breaks and double strand repair", "Breaks of both strands"),
        ("Inhibitors of MEK 1/2 help.", "MEK inhibitors help."),
        ("3. Practical steps: avoid rules [5].", "Rules are avoided."),
        ("Findings:\n2) Rules are avoided [3, 4].", "Rules are avoided."),
        ("Two experiments were made.", "An experiment in a lake and one in a river were made."),
    ],
)
def test_a_number_that_is_there_in_another_spelling_or_is_none_is_not_missed(claim: str, source: str) -> None:
    assert missing_numbers(claim, source) == []


@pytest.mark.parametrize(
    ("claim", "source", "missing"),
    [
        ("It is 31% faster.", "It is 13% faster.", ["31%"]),
        ("It is 31.25% faster.", "It is 31.2% faster.", ["31.25%"]),
        ("It is 3x faster.", "It has 3 layers.", ["3x"]),
        ("It doubles the speed.", "It raises the speed.", ["2x"]),
        ("It was tested on 40 tasks.", "It was tested on 4 tasks.", ["40"]),
    ],
)
def test_a_number_that_is_not_there_is_missed(claim: str, source: str, missing: list[str]) -> None:
    assert missing_numbers(claim, source) == missing


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("AIRE is expressed.", "Aire is expressed."),
        ("SHP-2 binds.", "SHP2 binds."),
        ("MRI shows it.", "Magnetic resonance imaging shows it."),
        ("LLMs are studied.", "Large language models are studied."),
        ("Reactive oxygen species (ROS) rise.", "Reactive oxygen species rise."),
        ("The Commelina virus (ComYMV) is short.", "The Commelina virus is short."),
        ("RNA is bound.", "mRNA is bound."),
        ("LLaMA-3-Base does well.", "LLaMA 3 in its base version does well."),
    ],
)
def test_a_name_in_another_spelling_is_not_missed(claim: str, source: str) -> None:
    assert missing_names(claim, source) == []


@pytest.mark.parametrize(
    ("claim", "source", "missing"),
    [
        ("BERT does better.", "RoBERTa is a model; ELMo does better.", []),  # a part of a longer name
        ("GPT-4 does better.", "GPT-3 does better.", ["GPT-4"]),
        ("LLaMA2 does better.", "LLaMA does better.", ["LLaMA2"]),
        ("It was tested on ImageNet.", "It was tested on photographs.", ["ImageNet"]),
    ],
)
def test_a_name_that_is_not_there_is_missed(claim: str, source: str, missing: list[str]) -> None:
    assert missing_names(claim, source) == missing


MOSS = ("Moss: Growing Networks", "Moss grows a network layer by layer. Training on photographs takes 30% fewer steps.")


@pytest.mark.parametrize(
    "claim",
    [
        "It grows a network layer by layer.",
        "On photographs, it takes 30% fewer steps.",
        "These networks grow layer by layer.",
        "Moss grows every network layer by layer.",
        "Moss grows a network layer by layer, with 30% fewer steps on photographs.",  # of two sentences
        "MossNet grows a network layer by layer.",
    ],
)
def test_a_claim_that_leans_or_goes_too_far_or_melts_sentences_gets_no_mark(claim: str) -> None:
    assert unmarked([(claim, *MOSS)]).all()


@pytest.mark.parametrize(
    "claim",
    ["Moss grows a network layer by layer.", "Training takes 30% fewer steps on photographs."],
)
def test_a_claim_that_puts_one_sentence_in_other_words_may_be_marked(claim: str) -> None:
    assert not unmarked([(claim, *MOSS)]).any()
