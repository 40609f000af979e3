"""The seconds since a question, and the `Timings` that follow from them."""

import time
from dataclasses import replace

from rag.answer import Timings


class Clock:
    """Seconds since it was made, and the timings that follow from them."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self) -> float:
        """Return the seconds so far."""
        return round(time.monotonic() - self._start, 4)

    def token(self, timings: Timings, prompt_tokens: int, text: str) -> Timings:
        """Count a piece of text, and when the first one came."""
        return replace(
            timings,
            first_token_s=timings.first_token_s or (self() if text else None),
            prompt_tokens=timings.prompt_tokens + prompt_tokens,
            answer_tokens=timings.answer_tokens + bool(text),
        )

    def end(self, timings: Timings) -> Timings:
        """Note that the answer is whole."""
        return replace(timings, total_s=self())
