"""An `Answer` in, Markdown for a chat front end out: sentences as they are checked, then the reference list.

Front ends send the whole text back with the next question: `bare` takes off what was added here.
"""

import re

from rag.answer import Answer
from rag.lists import linked

_NOTE, _HEADING = "Note: ", "References"
_ADDED = re.compile(  # a paragraph begins, and is the note or the heading
    r"(?<!\s)(?=[^\S\n]*+\n[^\S\n]*+\n)\s++"
    rf"(?:(?<=\n){_NOTE}|\W{{0,20}}+{_HEADING}[^\w\n]{{0,20}}+(?:\n|\Z))"
)
_LINK, _TAG = re.compile(r"\](?=\()"), re.compile(r"<(?=[a-zA-Z/!?])")


class Growth:
    """Turns growing answers into pieces of a text that nothing is ever taken back from."""

    def __init__(self) -> None:
        self._sent = ""

    def add(self, answer: Answer) -> str:
        """Return what is new: the sentences checked since, and after the last one the note and the references."""
        same = answer.checked.startswith(self._sent)
        new = ""
        if same:
            new = answer.checked.removeprefix(self._sent)
            self._sent = answer.checked
        if not answer.done:
            return _harmless(new)
        if not same or not answer.sentences:  # what was said does not hold: the whole answer follows it
            new = ("\n\n" if self._sent else "") + answer.text
        return _harmless(new) + _ending(answer)


def written(answer: Answer) -> str:
    """Return a whole answer with its note and its references."""
    return Growth().add(answer)


def bare(text: str) -> str:
    r"""Return the text of an answer without the note and the references.

    >>> bare("It is faster [1].\n\nReferences\n\n1. [Compost](https://arxiv.org/abs/2205.05131)")
    'It is faster [1].'
    """
    added = _ADDED.search(text)
    return (text[: added.start()] if added else text).strip()


def _ending(answer: Answer) -> str:
    """Return the note and the numbered list of what is cited, as paragraphs of their own."""
    note = f"\n\n{_NOTE}{_harmless(answer.note)}" if answer.note else ""
    if not answer.citations:
        return note
    return f"{note}\n\n{_HEADING}\n\n" + "\n".join(f"{each.number}. {linked(each.paper)}" for each in answer.citations)


def _harmless(text: str) -> str:
    """Let what a text holds of links, pictures and tags stay text in Markdown; all else stays as it is."""
    return _TAG.sub(r"\\<", _LINK.sub(r"]\\", text))
