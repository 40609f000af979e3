"""Numbers, and their units in any spelling."""

import pytest

from rag.facts import PERCENT, PLAIN, TIMES, quantities


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
    ("said", "there", "fits"),
    [
        ("5x", "5%", False),
        ("5%", "5x", False),
        ("3 million", "3 billion", False),
        ("89.0", "89%", True),
        ("2%", "2", False),
    ],
)
def test_a_number_stands_for_one_of_the_same_value_and_a_unit_that_fits(said: str, there: str, fits: bool) -> None:
    (first,), (second,) = quantities(said), quantities(there)
    assert first.stands_for(second) is fits
