"""The filter of an answer or a list in, the HTML of its chips out: what it asks, each with a way to take it away.

Knows nothing of Gradio. Names of authors and the like come from a person: they are escaped here.
"""

import json
from html import escape

from rag.inforce import InForce


def of_turn(number: int, in_force: InForce | None, busy: bool) -> str:
    """Return the chips of a turn, which ask its question again without what they say; while it is busy, plain words."""
    return _row(in_force, {"data-do": "without", "data-turn": str(number)}, busy)


def of_list(request: str, in_force: InForce | None) -> str:
    """Return the chips of a list, which list again without what they say; `look/lists.js` adds how many papers."""
    if in_force is None:
        return ""
    parts = in_force.filter.parts
    rest = {part: json.dumps(in_force.filter.without(part).to_dict()) for part in parts}
    return _row(in_force, {"data-do": "list_papers", "data-chip": "", "data-request": request}, False, rest)


def _row(in_force: InForce | None, does: dict[str, str], busy: bool, rest: dict[str, str] | None = None) -> str:
    if in_force is None or not in_force.filter:
        return ""
    chips = []
    for part, words in in_force.filter.parts.items():
        told = {**does, "data-part": part, **({"data-filter": rest[part]} if rest else {})}
        data = "".join(f' {name}="{escape(value)}"' for name, value in told.items())
        named = f'aria-label="{escape(words)}: ask again without this filter" title="Ask again without this filter"'
        button = (
            f'<button type="button" class="chip" {named}{data}>{escape(words)} <i aria-hidden="true">✕</i></button>'
        )
        chips.append(f"<li>{escape(words) if busy else button}</li>")
    which = "Only papers" if in_force.filter.narrows else "Papers"
    return f'<div class="meant"><span>{which}</span><ul aria-label="Filter">{"".join(chips)}</ul></div>'
