"""How soon a browser shows the page and the papers of a question, beside Gradio's own bare chat page.

    python -m bench.page [--index DIR] [--model NAME] [--loads 5] [--questions 8]

Each load is a browser that has nothing in its cache. Prints medians and worst cases in seconds, and the ratio.
"""

import argparse
import json
import shutil
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from rag import Engine
from ui.server import Server, listen

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_QUESTIONS = Path(__file__).with_name("data") / "questions.jsonl"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index")
    parser.add_argument("--model")
    parser.add_argument("--loads", type=int, default=5)
    parser.add_argument("--questions", type=int, default=8)
    options = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        Engine.open(options.index, model=options.model) as engine,
        served(lambda: Server(engine, listen(port=0))) as ours,
        served(bare) as theirs,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        loads: dict[str, list[tuple[float, float]]] = {ours: [], theirs: []}
        for _ in range(options.loads):
            for url, taken in loads.items():
                taken.append(loaded(browser, url))
        for at, what in enumerate(("first paint", "box for the question")):
            mine, others = ([each[at] for each in loads[url]] for url in (ours, theirs))
            print(line(f"{what}, paperchat", mine))
            print(line(f"{what}, gr.ChatInterface", others))
            print(f"ratio of medians {statistics.median(mine) / statistics.median(others):.2f}")
        rows = [json.loads(text) for text in _QUESTIONS.read_text(encoding="utf-8").splitlines()]
        questions = [row["question"] for row in rows if not row.get("history")][: options.questions]
        papers, whole = asked(browser, ours, questions)
        print(line("papers on screen", papers))
        print(line("whole answer on screen", whole))
        browser.close()


def bare() -> uvicorn.Server:
    """Return a server of the chat page that Gradio makes by itself."""
    listener = listen(port=0)
    blocks = gr.ChatInterface(lambda message, history: message, analytics_enabled=False)
    whole = gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)
    server = uvicorn.Server(uvicorn.Config(whole, log_level="warning"))
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"  # type: ignore[attr-defined]
    run = server.run
    server.run = lambda sockets=None: run([listener])  # type: ignore[method-assign]
    return server


@contextmanager
def served(make: Callable[[], uvicorn.Server]) -> Iterator[str]:
    """Run a server in a thread, and yield its address."""
    server = make()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield str(server.url)  # type: ignore[attr-defined]
    finally:
        server.should_exit = True
        thread.join()


def loaded(browser: Browser, url: str) -> tuple[float, float]:
    """Return the seconds until something stands on the page, and until one can type; nothing is cached."""
    with browser.new_context() as person:
        page = person.new_page()
        page.goto(url)
        page.wait_for_function("document.querySelector('textarea')?.checkVisibility()", polling=20)
        typed = float(page.evaluate("performance.now()"))
        return float(page.evaluate(_PAINT)) / 1000, typed / 1000


def asked(browser: Browser, url: str, questions: list[str]) -> tuple[list[float], list[float]]:
    """Return the seconds from Enter to the first paper, and to the end of the answer, as a browser shows them."""
    papers, whole = [], []
    for question in questions:
        with browser.new_context() as person:
            page = person.new_page()
            page.goto(url)
            page.get_by_label("Question").fill(question)
            start = float(page.evaluate("performance.now()"))
            page.keyboard.press("Enter")
            papers.append(until(page, "document.querySelector('#cards .card.found') !== null", start))
            whole.append(until(page, "document.querySelector('#t1 .answer')?.ariaBusy === 'false'", start))
    return papers, whole


def until(page: Page, condition: str, start_ms: float) -> float:
    """Return the seconds from a moment of the page to when a condition holds in it."""
    page.wait_for_function(condition, timeout=180_000)
    return (float(page.evaluate("performance.now()")) - start_ms) / 1000


def line(name: str, seconds: list[float]) -> str:
    """Return a line of a table."""
    return f"{name:42} median {statistics.median(seconds):5.2f} s  worst {max(seconds):5.2f} s  ({len(seconds)})"


if __name__ == "__main__":
    main()
