"""A request in, a table of papers to work with out, and the chosen ones as a file."""

import itertools
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import gradio as gr

from index.errors import UserError
from rag.filters import Filter
from rag.lists import FORMATS, PaperList
from ui.api.listing import MEDIA_TYPES
from ui.page import table
from ui.page.desk import QUIET, Desk, Updates

ENDINGS = {"bibtex": "bib", "ris": "ris", "csv": "csv", "markdown": "md", "json": "json"}
"""How a file of each format ends."""

_AT_ONCE, _EXAMPLES, _TOPICS = 4, 4, 12
_BLANK = "The request is blank. Say what the papers should be about."
_WRONG = "Something went wrong; the terminal in which paperchat runs says what."
_NAME_CHARS = 60
_log = logging.getLogger(__name__)


class Lists:
    """The view of paper lists.

    Attributes:
        shown: The components that `show` sets.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.engine = desk.engine
        self._serial = itertools.count(1)
        self.found = gr.State(PaperList("", ()))
        with gr.Column(elem_id="lists"):
            self.form = _scripted(table.form(self._examples()), "list-box", _BEGINS_ANEW)
            self.told = _scripted("", "list-told", "element.setAttribute('role', 'status');")
            self.table = _scripted("", "list", _BEGINS_ANEW)
        self.file = _scripted(None, "list-file", _SAVES, shown="")
        self.shown: list[Any] = [self.form, self.told, self.table, self.found]

    def connect(self) -> None:
        """Connect the components with what happens when they are used."""
        found = [self.told, self.table, self.found]
        self.desk.bridge.list_papers(self.find, None, found, concurrency_limit=_AT_ONCE, **QUIET)
        self.desk.bridge.export_papers(self.export, self.found, self.file, queue=False, **QUIET)

    def show(self, request: str) -> Updates:
        """Return what becomes of the components, `shown`, when a list is asked for elsewhere: box and list."""
        form = table.form(self._examples(), request, next(self._serial))
        return {self.form: form, **self._listed(request, None)}

    def looking(self, request: str) -> Updates:
        """Return what becomes of the components while papers are looked for."""
        return {self.told: "Looking for papers…", self.table: table.working(request), self.found: PaperList("", ())}

    def find(self, event: gr.EventData) -> Iterator[Updates]:
        """Say that papers are looked for, then list them.

        `event` has the request, how many where it matters, and a filter where nothing of the request is to be one.
        """
        request, count = " ".join(str(event.request).split()), str(event.count)
        if request:
            yield self.looking(request)
        only = event._data.get("filter")
        yield self._listed(request, int(count) if count.isdecimal() and int(count) in table.COUNTS else None, only)

    def export(self, found: PaperList, event: gr.EventData) -> dict[str, str | int]:
        """Return the chosen papers of a list as a file, in the order that they were chosen in."""
        matches = {match.paper.id: match for match in found.matches}
        chosen = tuple(matches[each] for each in json.loads(event.papers) if each in matches)
        text = FORMATS[event.format](PaperList(found.request, chosen, found.note))
        named = {"name": file_name(found.request, ENDINGS[event.format]), "type": MEDIA_TYPES[event.format]}
        return {**named, "text": text, "serial": next(self._serial)}  # by which the same file can be had again

    def _listed(self, request: str, count: int | None, only: str | None = None) -> Updates:
        """List the papers on a request, or say in one line why not; with a filter, `only`, the request is as asked."""
        error, found = "", PaperList(request, ())
        try:
            if not request.strip():
                raise UserError(_BLANK)
            given = Filter.from_dict(json.loads(only)) if only else None
            found = self.engine.papers(request, count, filter=given, as_asked=given is not None)
        except UserError as failure:
            error = str(failure)
        except Exception:
            _log.exception("No list of %r", request)
            error = _WRONG
        if error:
            return {self.told: "", self.table: table.failed(error), self.found: found}
        empty = not found.matches and table.nothing(found, self.engine.status().papers, self.engine.topics()[:_TOPICS])
        return {self.told: table.told(found), self.table: empty or table.table(found), self.found: found}

    def _examples(self) -> list[str]:
        return [topic for topic, _ in self.engine.topics()[:_EXAMPLES]]


def file_name(request: str, ending: str) -> str:
    """Return what the file of a list is called: the words of its request.

    >>> file_name("Curriculum learning: what helps?", "bib")
    'curriculum-learning-what-helps.bib'
    """
    words = re.findall(r"\w+", request.lower())
    return f"{'-'.join(words)[:_NAME_CHARS].strip('-') or 'papers'}.{ending}"


def _scripted(value: str | None, elem_id: str, script: str, shown: str = "${value}") -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, html_template=shown, apply_default_css=False, js_on_load=script)


_BEGINS_ANEW = "watch('value', () => paperchat.beginAnew(element));"
_SAVES = "watch('value', () => paperchat.save(props.value));"
