"""What stands around the views: the line on top, buttons for everybody, the keys that do something."""

from html import escape

_KEYS = {
    "/": "to the question",
    "Enter": "ask",
    "Shift Enter": "a new line",
    "↑": "edit the last question (in an empty box)",
    "Esc": "stop the answer",
    "n": "a new chat",
    "h": "earlier chats",
    "?": "these keys",
    "/list …": "asked as a question: a list of papers",
}


def status_line(papers: int, writer: str, state: str) -> str:
    """Return the line on top: the name, the size of the index, the model and how it is."""
    model = "no language model, quoted sentences only" if writer == "none" else writer
    how = {"ready": "", "loading": " (loading…)"}.get(state, f" ({state})")
    return f"<h1>paperchat</h1><p>{papers:,} papers · {escape(model)}{escape(how) if writer != 'none' else ''}</p>"


def drawer() -> str:
    """Return the button for earlier chats, where they don't fit beside the talk."""
    return (
        '<button type="button" class="icon" id="drawer" data-drawer aria-label="Earlier chats" aria-expanded="false">'
        "☰</button>"
    )


def buttons() -> str:
    """Return the buttons for light and dark and for the keys, and the keys."""
    keys = "".join(f"<dt>{escape(key)}</dt><dd>{escape(does)}</dd>" for key, does in _KEYS.items())
    return (
        '<button type="button" class="icon" data-dark aria-label="Light or dark" title="Light or dark">◐</button>'
        '<button type="button" class="icon" data-help aria-label="Keys" title="Keys">?</button>'
        f'<dialog id="keys" aria-label="Keys"><h2>Keys</h2><dl>{keys}</dl>'
        '<label><input type="checkbox" id="keys-on" checked> Keys without Ctrl</label>'
        '<form method="dialog" class="tools"><button>Close</button></form></dialog>'
    )
