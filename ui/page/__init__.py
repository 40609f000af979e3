"""An `Engine` in, a page in the browser out: views for talking, for lists of papers and for the corpus.

Each view is a module; what it shows is markup made apart from it. Two browsers share the engine and nothing else.
"""

import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it while it is imported

import gradio as gr
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from ui.api.service import Service
from ui.conversations import Conversations
from ui.page import downloads, frame, uploads
from ui.page.chat import Chat
from ui.page.corpus import Corpus
from ui.page.desk import QUIET, Desk, lay_bridge, markup
from ui.page.guard import Guard
from ui.page.guard.calls import Calls, Handler
from ui.page.lists import Lists

LOOK = Path(__file__).with_name("look")


def mount(whole: FastAPI, service: Service, conversations: Conversations) -> None:
    """Put the page at the root of an application, behind the routes that it has; `state.end_streams()` ends answers.

    Gradio's own `launch()` would also do, but it asks for its own page through whatever proxy the environment names.
    """
    page = _Page(service, conversations)
    whole.include_router(downloads.router(conversations))
    whole.include_router(uploads.router(page.corpus.uploads))
    whole.mount("/look", StaticFiles(directory=LOOK))
    scripts = "".join(f'<script src="look/{path.name}" defer></script>' for path in sorted(LOOK.glob("*.js")))
    gr.mount_gradio_app(
        whole,
        page.blocks,
        path="/",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css_paths=sorted(LOOK.glob("*.css"), key=lambda path: (path.stem != "page", path.stem)),
        head=scripts,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
    )
    mounted: Any = whole.routes[-1]
    gradio = mounted.app
    mounted.app = Guard(gradio, page.calls(), page.waits)

    def end_streams() -> None:
        page.chat.end_all()
        page.corpus.close()
        gradio.stop_event.set()

    whole.state.end_streams = end_streams


class _Page:
    """The frame: a line on top, the views below it."""

    def __init__(self, service: Service, conversations: Conversations) -> None:
        self.engine = engine = service.engine
        with gr.Blocks(title="paperchat", analytics_enabled=False, fill_width=True) as self.blocks:
            self.clock = gr.Timer(2)
            with gr.Row(elem_id="top"):
                markup(frame.drawer(), "left")
                self.status = markup(self._status(), "status")
                markup(frame.buttons(), "right")
                bridge = lay_bridge()
            with gr.Tabs(elem_id="views") as views:
                desk = Desk(engine, service, conversations, bridge, views)
                with gr.Tab("Chat", id="chat"):
                    self.chat = Chat(desk)
                with gr.Tab("Lists", id="lists"):
                    self.lists = Lists(desk)
                with gr.Tab("Corpus", id="corpus"):
                    self.corpus = Corpus(desk)
            self.chat.connect(self.lists)
            self.lists.connect()
            self.blocks.load(self.chat.restore, None, self.chat.shown, **QUIET)
            gr.on([self.blocks.load, self.clock.tick], self.tell_status, None, [self.status, self.clock], **QUIET)
            bridge.refresh_status(self.tell_status, None, [self.status, self.clock], **QUIET)
            self.blocks.unload(self.chat.drop)
        self.blocks.queue(default_concurrency_limit=None)

    def calls(self) -> Calls:
        """Return what the page may call."""
        handlers = {
            number: Handler(
                queued=fn.queue,
                inputs=tuple(not block.stateful for block in fn.inputs),
                triggers=frozenset(component for component, _ in fn.targets if component is not None),
            )
            for number, fn in self.blocks.fns.items()
            if fn.targets[0][1] != "unload"  # which Gradio calls when a page is closed
        }
        return Calls(handlers, {self.corpus.panel._id: {each.__name__ for each in self.corpus.panel.server_fns}})

    def waits(self, session: str) -> bool:
        """Say whether there are events of a session whose messages nobody has read."""
        queue = self.blocks._queue
        return session in queue.pending_messages_per_session and bool(queue.pending_event_ids_session.get(session))

    def tell_status(self) -> dict[Any, Any]:
        """Say how the model is, again and again until it is no longer loading."""
        return {
            self.status: self._status(),
            self.clock: gr.Timer(active=self.engine.status().writer_state == "loading"),
        }

    def _status(self) -> str:
        status = self.engine.status()
        return frame.status_line(status.papers, status.writer, status.writer_state)
