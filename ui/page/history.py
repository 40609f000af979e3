"""The chats of a visitor in, the HTML of their list out."""

from collections.abc import Sequence
from html import escape

from ui.conversations import Conversation


def rows(chats: Sequence[Conversation], current: str, searched: str = "", owner: str = "") -> str:
    """Return the chats, the current one marked, each with what can be done with it; and the way out of a login."""
    nothing = f"No chat with “{escape(searched)}”." if searched else "Your chats are kept here."
    listed = f'<ul class="chats">{"".join(_row(chat, chat.id == current) for chat in chats)}</ul>'
    user = owner.removeprefix("user:") if owner.startswith("user:") else ""
    out = f'<p class="log-out"><a href="logout">Log out {escape(user)}</a></p>' if user else ""
    return (listed if chats else f'<p class="no-chats">{nothing}</p>') + out


def current(chat_id: str) -> str:
    """Return the unseen mark by which the page's address follows the chat that is shown."""
    return f'<span data-current-chat="{escape(chat_id)}"></span>'


def _row(chat: Conversation, shown: bool) -> str:
    title, which = escape(chat.title or "Untitled"), f'data-chat="{escape(chat.id)}"'
    now, row = (' aria-current="true"', ' class="current"') if shown else ("", "")
    return (
        f"<li{row}>"
        f'<button type="button" class="open" data-do="open_chat" {which}{now}>{title}</button>'
        f'<details class="more"><summary aria-label="More for {title}">⋯</summary><div class="menu">'
        f'<button type="button" data-rename {which} data-title="{title}">Rename</button>'
        f'<a href="chats/{escape(chat.id)}.md" download>Markdown</a>'
        f'<a href="chats/{escape(chat.id)}.json" download>JSON</a>'
        f'<a href="chats/{escape(chat.id)}.bib" download>BibTeX</a>'
        f'<button type="button" data-remove {which} data-title="{title}">Delete</button></div></details></li>'
    )
