"""The address of a chat in, a file to keep out: its visitor's own, with its bibliography."""

from fastapi import APIRouter, HTTPException, Request, Response

from index.errors import UserError
from ui import transcript
from ui.access import visitor
from ui.conversations import Conversations

_MEDIA = {"md": "text/markdown", "json": "application/json", "bib": "application/x-bibtex"}


def router(conversations: Conversations) -> APIRouter:
    """Return the route `chats/ID.FORMAT`; it belongs to the page, so the API's description leaves it out."""
    routes = APIRouter()

    @routes.get("/chats/{chat}.{ending}", include_in_schema=False)
    def download(chat: str, ending: str, request: Request) -> Response:
        owner = visitor(request)
        if ending not in transcript.FORMATS:
            raise HTTPException(404, f"No format {ending!r}. Known: {', '.join(transcript.FORMATS)}.")
        try:
            conversation, answers = conversations.get(owner, chat), conversations.turns(owner, chat)
        except UserError as error:
            raise HTTPException(404, str(error)) from error
        name = transcript.file_name(conversation, ending)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        text = transcript.FORMATS[ending](conversation, answers)
        return Response(text, media_type=f"{_MEDIA[ending]}; charset=utf-8", headers=headers)

    return routes
