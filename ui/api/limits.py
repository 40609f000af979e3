"""Histories that are too large in, refusals out."""

from collections.abc import Sequence

from index.errors import UserError
from rag.answer import Turn
from rag.settings import Settings


def fit(history: Sequence[Turn], settings: Settings) -> None:
    """Refuse earlier turns that are too many or too long.

    Raises:
        UserError: They are.
    """
    if len(history) > settings.history_turns:
        raise UserError(
            f"{len(history)} earlier turns, at most {settings.history_turns} are taken. "
            "Leave out the oldest, or raise PAPERCHAT_HISTORY_TURNS."
        )
    chars = sum(len(turn.question) + len(turn.answer_text) for turn in history)
    if chars > settings.history_chars:
        raise UserError(
            f"The earlier turns have {chars} characters, at most {settings.history_chars} are taken. "
            "Leave out the oldest, or raise PAPERCHAT_HISTORY_CHARS."
        )
