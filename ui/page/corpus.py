"""The index in, what is in it out: a map of all papers, counts, and a way to add sources."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr

from index.errors import UserError
from ui.access import NO_UPLOADS, at_home, may_upload, visitor
from ui.adding import Adding, AddingError
from ui.page import cards, corpus_markup
from ui.page.desk import Desk, said
from ui.page.uploads import Uploads
from ui.scratch import Scratch

_BEGIN = """
const begin = () => window.paperchat.openCorpus(element, server, upload);
if (window.paperchat?.openCorpus) begin();
else window.addEventListener('load', begin, { once: true });
"""

SCRATCH = "uploads"
"""Folder in the home folder for files that are sent or being added."""

Sent = dict[str, Any]
"""What the script of the view sends; whatever is in it, a browser said."""


class Corpus:
    """The view of the corpus: its script asks for everything when the view is opened, nothing is made before."""

    def __init__(self, desk: Desk) -> None:
        self.engine = desk.engine
        settings = desk.engine.settings
        self.scratch = Scratch(settings.home_folder / SCRATCH)
        self.uploads = Uploads(self.scratch, settings.upload_mib)
        self.adding = Adding(desk.engine, settings.upload_mib, Path.cwd(), self.scratch.folder)
        asked = (self.contents, self.map, self.card, self.add_uploads, self.add_named, self.progress, self.cancel)
        self.panel = gr.HTML(
            corpus_markup.view(self.adding.upload_mib),
            elem_id="corpus",
            apply_default_css=False,
            js_on_load=_BEGIN,
            server_functions=[_served(each) for each in asked],
        )

    def close(self) -> None:
        """End what is being added and delete what waits to be, because the server ends."""
        self.adding.close()
        self.scratch.close()

    def contents(self, sent: Sent, request: gr.Request) -> Sent:
        """Return what the index holds, as markup, and where sources may be named."""
        inventory = self.engine.inventory()
        home = str(self.adding.home) if at_home(request) else ""
        uploads = may_upload(request)
        markup, generation = corpus_markup.holds(inventory), inventory.generation
        return {"markup": markup, "generation": generation, "home": home if uploads else "", "uploads": uploads}

    def map(self, sent: Sent) -> Sent:
        """Return the map; who asks first after a change of the index waits for its making."""
        return self.engine.map().to_dict()

    def card(self, sent: Sent) -> Sent:
        """Return the card of a paper as markup."""
        paper = self.engine.paper(said(sent, "paper"))
        if paper is None:
            raise UserError("This paper is no longer in the index. Open the view again.")
        return {"markup": cards.card(paper)}

    def add_uploads(self, sent: Sent, request: gr.Request) -> Sent:
        """Begin to add files that were uploaded just before."""
        _check_uploads(request)
        owner, files = visitor(request), sent.get("files")
        named = [(said(each, "path"), said(each, "name")) for each in files] if isinstance(files, list) else []
        try:
            return {"ticket": self.adding.upload([self.uploads.take(owner, key, name) for key, name in named])}
        finally:
            for key, _ in named:
                self.uploads.discard(owner, key)

    def add_named(self, sent: Sent, request: gr.Request) -> Sent:
        """Begin to add a source of this machine, for somebody who sits at it."""
        _check_uploads(request)
        if not at_home(request):
            raise AddingError("Sources can be named only where paperchat runs. Upload them.")
        return {"ticket": self.adding.name([said(sent, "name")])}

    def progress(self, sent: Sent) -> Sent:
        """Return how far the latest adding is; who began it also gets its report in the end."""
        ticket, progress = said(sent, "ticket"), self.adding.progress()
        report = self.adding.report(ticket)
        return {
            **progress.to_dict(),
            "mine": self.adding.knows(ticket),
            "line": corpus_markup.progress_line(progress),
            "report": corpus_markup.report(report) if report else "",
        }

    def cancel(self, sent: Sent) -> Sent:
        """End an adding, if who asks began it."""
        return {"cancelled": self.adding.cancel(said(sent, "ticket"))}


def _check_uploads(request: gr.Request) -> None:
    """Raise AddingError if who asks may not upload."""
    if not may_upload(request):
        raise AddingError(NO_UPLOADS)


def _served(method: Callable[..., Sent]) -> Callable[..., Sent]:
    """Return a function that Gradio can offer to the script of the view; a `UserError` becomes its message."""

    @wraps(method)
    def call(*given: Any) -> Sent:  # noqa: ANN401
        try:
            if not isinstance(given[0], dict):
                raise UserError("The page did not say what it wants. Reload it.")
            return method(*given)
        except UserError as error:
            return {"error": str(error)}

    return call
