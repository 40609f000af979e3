"""No regular expression takes much longer for a text that somebody made to slow it down."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.attack.regexes import Found, patterns
from tests.attack.slowing import texts

SIZES = (30, 60, 120, 180, 250, 500, 1000, 4000)
"""Characters; the small ones end a pattern that takes exponential time."""
FLOOR_S = 0.006
"""What a quadratic pattern exceeds at the largest size on any machine; a linear one does so only on a busy one."""
RATIO = 8
"""Between linear growth, 4, and quadratic growth, 16, from one size to one that is four times as large."""
TRIES = 4
MOST_S = 1.0
"""No linear pattern takes as long."""


def test_no_pattern_is_slowed_down_by_a_crafted_text() -> None:
    found = patterns()
    assert len(found) > 100
    slow = [f"{each.place}: {text}: {each.pattern.pattern!r}" for each in found if (text := slowed(each))]
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize(
    "pattern",
    [r"\s+$", r"\s*([.!?…]*[\"')]*)$", r"(?:[a-z]\w*[ -])*[A-Z]", r"<[a-z][^>]*>", rb"<!--.*?-->", r"(?:a|a)*b"],
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

    for size in SIZES:
        took = seconds(size)
        if took > MOST_S or (took > FLOOR_S and all(_grows(seconds, size) for _ in range(TRIES))):
            return True
    return False


def _grows(seconds: Callable[[int], float], size: int) -> bool:
    return seconds(size) > max(FLOOR_S, RATIO * seconds(size // 4))
