"""Requests that are too large in, refusals out."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import UserError
from rag.answer import Turn
from rag.settings import Settings
from ui.api import problems

JSON_MIB = 8
"""MiB of the body of a request that is no upload."""

MIB = 2**20


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


class BodyLimit:
    """An application in, the same out that takes no body larger than an upload may be; of programs, than JSON may."""

    def __init__(self, app: ASGIApp, upload_mib: int) -> None:
        self.app = app
        self.upload_mib = upload_mib

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what says that it is too large at once, and what turns out to be while it is read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = str(scope["path"])
        most_mib = JSON_MIB if path.startswith(("/api/", "/v1/", "/mcp")) else self.upload_mib
        error = HTTPException(413, f"The body is larger than {most_mib} MiB.")
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most_mib * MIB:
            await problems.response(problems.problem_of(error, path))(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most_mib * MIB:
                raise error
            return message

        await self.app(scope, counted, send)
