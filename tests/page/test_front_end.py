"""A chat front end that knows nothing but OpenAI's API, Gradio's own, works against `/v1`, in a real browser."""

import os
import socket
import threading
from pathlib import Path

import gradio as gr
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, expect

from index import Store
from index.vectors import SentenceEncoder
from rag import Engine, Settings
from tests.page.conftest import Typewriter, serving
from ui.server import listen

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_a_foreign_chat_front_end_shows_answers_with_references(
    browser: Browser,
    folder: Path,
    home: Path,
    encoder: SentenceEncoder,
    writer: Typewriter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    settings = Settings(index=folder, home=home)
    with Engine(settings, Store.open(folder, encoder), encoder, writer) as engine, serving(engine) as url:
        chat = gr.load_chat(f"{url}/v1/", model="paperchat", token="none", file_types=None)
        with listen(port=0) as listener, browser.new_context() as person:
            server = uvicorn.Server(uvicorn.Config(mounted(chat), log_level="warning"))
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            page = person.new_page()
            page.goto(f"http://127.0.0.1:{port_of(listener)}")
            page.get_by_test_id("textbox").fill("What is UL2?")
            page.keyboard.press("Enter")
            answer = page.get_by_test_id("bot").last
            expect(answer).to_contain_text("UL2 mixes several denoisers in one single objective [1].")
            expect(answer.get_by_role("listitem")).to_contain_text("UL2: Unifying Language Learning Paradigms")
            page.goto("about:blank")
            server.should_exit = True
            thread.join()


def mounted(chat: gr.ChatInterface) -> FastAPI:
    whole: FastAPI = gr.mount_gradio_app(FastAPI(), chat, path="/", ssr_mode=False)
    return whole


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
