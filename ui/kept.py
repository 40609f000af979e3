"""An answer ⇄ what is kept of it: the bytes that restore it whole, and the words that a search finds it by."""

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from index.errors import UserError
from rag.answer import Answer
from ui.feedback import Thumb
from ui.wording import words_of

_MARKER = re.compile(r"\[\d+\]")
_EFFORT = 6


@dataclass(frozen=True)
class KeptTurn:
    """A question with its answer as it was shown.

    Attributes:
        number: From 1.
        answer: With all its evidence.
        asked: ISO time of the answer, UTC.
        within: Ids of the papers that the question was asked of; empty for all.
        thumb: What the reader thought of it, None for nothing yet.
        reason: In the reader's words.
    """

    number: int
    answer: Answer
    asked: str
    within: tuple[str, ...] = ()
    thumb: Thumb | None = None
    reason: str = ""


def packed(answer: Answer) -> bytes:
    """Return an answer with all its evidence as some five kilobytes: its JSON, compressed to a quarter."""
    return zlib.compress(json.dumps(answer.to_dict(), separators=(",", ":")).encode(), _EFFORT)


def unpacked(data: bytes, path: Path) -> Answer:
    """Return the answer that `packed` packed.

    Raises:
        UserError: The data is damaged; `path` is the file that holds it.
    """
    try:
        return Answer.from_dict(json.loads(zlib.decompress(data)))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"An answer in {path} cannot be read ({error!r}). Delete its conversation, "
            "or put a copy of the file in its place."
        ) from error


def found_by(answer: Answer) -> str:
    """Return the words of question and text, as a search compares them."""
    return words_of(f"{answer.question}\n{_MARKER.sub(' ', answer.text)}")
