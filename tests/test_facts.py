"""Numbers, their units in any spelling, and what they are said of."""

import pytest

from rag.facts import PERCENT, PLAIN, TIMES, lacking, misbound, quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5x 1.5× 1.5 times, 1.5-fold", [("1.5", TIMES)] * 4),
        ("50% 50 % 50 percent, by half", [("50", PERCENT)] * 4),
        ("500K, 0.5M, 500,000, half a million", [("500000", PLAIN)] * 4),
        ("3B, 3 billion, three billion", [("3000000000", PLAIN)] * 3),
        ("twice, doubled, 2x, two times", [("2", TIMES)] * 4),
        ("2-10x, 2 to 10 times, by factors from 2 up to 10", [("2", TIMES), ("10", TIMES)] * 3),
        ("a fifth of the data, 20%", [("20", PERCENT)] * 2),
        ("8.5 and 9.1 percent", [("8.5", PERCENT), ("9.1", PERCENT)]),
        ("from 14.2 to 11.9", [("14.2", PLAIN), ("11.9", PLAIN)]),
        ("seventy-five tasks", [("75", PLAIN)]),
        ("1e-5", [("0.00001", PLAIN)]),
        ("GPT-3, T5-XXL, UL2, one of them, zero-shot", []),
    ],
)
def test_quantities_are_the_same_in_each_spelling(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(found.value, found.unit) for found in quantities(text)] == expected


@pytest.mark.parametrize(
    ("sentence", "text", "missing"),
    [
        ("It is 5x faster.", "It is 5% faster.", {"5x"}),
        ("It is 5% faster.", "It is 5x faster.", {"5%"}),
        ("It has 3 million words.", "It has 3 billion words.", {"3000000"}),
        ("The score is 89.0.", "The score is 89%.", set()),
        ("Twice as fast on 7 tasks.", "A 2x speedup on seven tasks.", set()),
    ],
)
def test_a_number_is_lacking_where_its_unit_is_another(sentence: str, text: str, missing: set[str]) -> None:
    assert lacking(sentence, text) == missing


COSTS = "Compared with training from scratch, the cost is 33.2% lower for BERT and 56.7% lower for ViT."


@pytest.mark.parametrize(
    ("sentence", "evidence", "wrong"),
    [
        ("The cost is 56.7% lower for BERT.", COSTS, True),
        ("The cost is 56.7% lower for ViT.", COSTS, False),
        ("For ViT the cost falls by 56.7%, for BERT by 33.2%.", COSTS, False),
        ("It gains 20 points on Web and 6 on Mini.", "It gains 6 points on Web and 20 points on Mini.", True),
        ("A rises by 5%.", "A and B rise by 5% and 7%, respectively.", False),
        ("The cost is 33.2% lower.", "The cost is 33.2% lower.", False),
    ],
)
def test_a_number_said_of_something_else_is_misbound(sentence: str, evidence: str, wrong: bool) -> None:
    assert misbound(sentence, evidence) is wrong
