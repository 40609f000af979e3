"""No regular expression takes much longer for a text that somebody made to slow it down."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.attack.regexes import Found, patterns
from tests.attack.slowing import texts

SIZES = (15, 20, 25, 30, 60, 120, 180, 250, 500, 1000, 4000)
"""Characters; a pattern that takes more than quadratic time is noticed at the small ones."""
MOST_S = 0.3
"""No linear pattern takes as long for any of these texts."""
LARGE = (4000, 16_000)
"""Characters, each compared with a quarter of them."""
FLOOR_S = 0.0005
"""What takes less is not compared: it is too short to be measured."""
RATIO = 8
"""Between linear growth, 4, and quadratic growth, 16, from one size to one that is four times as large."""
TRIES = 4


def test_no_pattern_is_slowed_down_by_a_crafted_text() -> None:
    found = patterns()
    assert len(found) > 100
    slow = [f"{each.place}: {text}: {each.pattern.pattern!r}" for each in found if (text := slowed(each))]
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize(
    "pattern",
    [r"\s+$", r"(?:[a-z]\w*[ -])*[A-Z]", r"<[a-z][^>]*>", rb"<!--.*?-->"],
)
def test_a_slow_pattern_is_noticed(pattern: str | bytes) -> None:
    assert slowed(Found(re.compile(pattern), anchored=False, place="here"))


def slowed(found: Found) -> str:
    """Return the text that takes a pattern quadratic time or more, "" where there is none."""
    return next((repr(each) for each in texts(found.pattern) if _is_slow(found, *each)), "")


def _is_slow(found: Found, start: Any, unit: Any, end: Any) -> bool:  # noqa: ANN401 - str or bytes
    def seconds(size: int) -> float:
        text = start + unit * (size // len(unit) + 1) + end
        began = time.thread_time()
        found.pattern.fullmatch(text)
        if found.anchored:
            found.pattern.match(text)
        else:
            for _ in found.pattern.finditer(text):
                pass
        return time.thread_time() - began

    return any(seconds(size) > MOST_S for size in SIZES) or all(_grows(seconds, size) for size in LARGE)


def _grows(seconds: Callable[[int], float], size: int) -> bool:
    for _ in range(TRIES):
        took = seconds(size)
        if took > MOST_S:
            return True
        if took < FLOOR_S or took < RATIO * seconds(size // 4):
            return False
    return True
