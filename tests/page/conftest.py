"""A page on a real engine and index, and browsers to visit it. Nothing sleeps: every step waits for what one sees."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from index import Paper, Store, update
from index.errors import ModelError
from index.vectors import SentenceEncoder
from rag import CANNOT_ANSWER, Engine, Settings
from rag.writer import Message, Piece
from ui.server import Server, listen

expect.set_options(timeout=15_000)  # for machines that have other things to do
HOSTILE = "<script>window.pwned=1</script> <img src=x onerror=window.pwned=1> [a](javascript:alert(1)) ![i](http://e.example/i.png)"
WIDE = "un" + "breakable" * 30
PAPERS = [
    Paper(
        "arxiv:2205.05131",
        "UL2: Unifying Language Learning Paradigms",
        "Pretraining objectives are often fitted to one kind of task. UL2 mixes several denoisers in one objective. "
        "Scaled to 20 billion parameters, UL2 is state of the art on 50 tasks.",
        authors=("Yi Tay", "Mostafa Dehghani"),
        published="2022-05-10",
        code=("https://github.com/google-research/ul2",),
        topics=("pretraining",),
        sources=("starter",),
    ),
    Paper(
        "title:dp-lora",
        "DP-LoRA: Private Fine-Tuning of Low-Rank Adapters",
        "Fine-tuning on private text leaks it. DP-LoRA adds noise to the gradients of low-rank adapters. "
        "It keeps 96 % of the accuracy at a privacy budget of 3.",
        kind="digest",
    ),
    Paper("title:rivers", "Rivers Seen from Space", "Satellites measure the width of rivers. We map 2 million rivers."),
    Paper("title:evil", f"EvilNet {HOSTILE}", f"EvilNet is a network {HOSTILE} of layers. It learns {WIDE} quickly."),
]
ANSWERS = {
    "UL2": "UL2 mixes several denoisers in one single objective. It is state of the art on 50 tasks.\n",
    "DP-LoRA": "DP-LoRA adds noise to the gradients of its low-rank adapters. Private documents leak in training.\n",
    "EvilNet": f"EvilNet is a network {HOSTILE} of layers. It learns {WIDE} quickly.\n",
}


class Typewriter:
    """A writer that types the answer whose key is asked for; without `go` it waits after six words."""

    name = "typewriter"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()

    def count(self, text: str) -> int:
        return len(text.split())

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        question = messages[-1].content.rsplit("Question:", 1)[-1]
        text = next((answer for key, answer in ANSWERS.items() if key in question), CANNOT_ANSWER)
        for at, word in enumerate(re.findall(r"\S+\s*", text)):
            while at == 6 and not self.go.wait(0.02) and not cancel.is_set():
                pass
            if cancel.is_set():
                return
            yield Piece(word)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    try:
        return SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True)
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def folder(encoder: SentenceEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "index"
    update(folder, PAPERS, encoder)
    return folder


@pytest.fixture
def writer() -> Typewriter:
    return Typewriter()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder where the server keeps chats."""
    return tmp_path / "home"


@pytest.fixture
def url(folder: Path, home: Path, encoder: SentenceEncoder, writer: Typewriter) -> Iterator[str]:
    settings = Settings(index=folder, home=home)
    with Engine(settings, Store.open(folder, encoder), encoder, writer) as engine, serving(engine) as url:
        yield url


@contextmanager
def serving(engine: Engine, port: int = 0) -> Iterator[str]:
    """Serve every face of an engine, and yield the address."""
    server = Server(engine, listen(port=port))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Opens the page as another person each time; fails at the end if anything was asked of another machine."""
    elsewhere: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            elsewhere.append(request.url)

    with ExitStack() as people:

        def visit(width: int = 1280, height: int = 800) -> Page:
            person = people.enter_context(browser.new_context(viewport={"width": width, "height": height}))
            person.on("request", note)
            page = person.new_page()
            page.goto(url)
            expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
            return page

        yield visit
    assert elsewhere == []


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.keyboard.press("Enter")


def whole(page: Page, number: int = 1) -> Locator:
    """Wait until the answer of a turn is whole, and return the turn."""
    turn = page.locator(f"#t{number}")
    expect(turn.locator(".answer")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    return turn
