"""The page in a real browser, on a real engine and index. Nothing sleeps: every step waits for what a person sees."""

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect, sync_playwright

from index import Paper, Store, update
from index.errors import ModelError, UserError
from index.vectors import SentenceEncoder
from rag import CANNOT_ANSWER, Engine, Settings
from rag.loader import WriterLoader
from rag.writer import Message, Piece, open_writer
from ui.server import Server, listen

ALONE = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
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
    "UL2": "UL2 mixes several denoisers in one objective. It is state of the art on 50 tasks.\n",
    "DP-LoRA": "DP-LoRA adds noise to the gradients of low-rank adapters. Private documents leak in training.\n",
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
def url(folder: Path, encoder: SentenceEncoder, writer: Typewriter) -> Iterator[str]:
    with Engine(Settings(index=folder), Store.open(folder, encoder), encoder, writer) as engine, serving(engine) as url:
        yield url


@contextmanager
def serving(engine: Engine) -> Iterator[str]:
    server = Server(engine, listen(port=0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("No chromium on this machine. Install it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ALONE)
        yield browser
        browser.close()


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


@pytest.mark.browser
@pytest.mark.model
def test_papers_come_first_then_words_then_checked_sentences(visit: Callable[..., Page], writer: Typewriter) -> None:
    writer.go.clear()
    page = visit()
    expect(page.locator("#status")).to_have_text("paperchat4 papers · typewriter")
    ask(page, "What is UL2?")
    expect(page.locator("#cards h3").first).to_contain_text("UL2: Unifying Language Learning Paradigms")
    expect(page.locator("#t1 .text")).to_have_text("UL2 mixes several denoisers in one")
    expect(page.locator("#t1 .answer")).to_have_attribute("aria-busy", "true")
    expect(page.locator(".marker")).to_have_count(0)
    writer.go.set()
    turn = whole(page)
    expect(turn.locator(".sentence.supported")).to_have_count(2)
    expect(turn.locator(".timings")).to_have_text(
        re.compile(r"papers \d+\.\d s · first word \d+\.\d s · done \d+\.\d s")
    )
    expect(page.locator("#cards h2")).to_have_text(["Cited", "Also found"])


@pytest.mark.browser
@pytest.mark.model
def test_every_marker_opens_its_quoted_sentence(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page, 1)
    ask(page, "How does DP-LoRA work?")
    whole(page, 2)
    expect(page.locator("#earlier-cards summary").first).to_have_text("What is UL2?")
    markers = page.locator(".marker")
    assert markers.count() == 4
    for marker in markers.all():
        card = page.locator(marker.get_attribute("href") or "")
        marker.click()
        expect(card).to_be_in_viewport()
        expect(card).to_be_focused()
        assert card.evaluate("card => card.matches(':target')")
        title, sentence = re.fullmatch(r"(.+): “(.+)”", marker.get_attribute("title") or "").groups()  # type: ignore[union-attr]
        expect(card.locator("h3")).to_contain_text(title)
        assert sentence in card.locator(".abstract").inner_text()
        assert any(sentence in mark for mark in card.locator("mark").all_inner_texts())
    doubtful = page.locator("#t2 .sentence.partial")
    expect(doubtful).to_contain_text("partly supported")


@pytest.mark.browser
@pytest.mark.model
def test_declined_question_lists_nearest_papers_that_open(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is the capital of France?")
    turn = whole(page)
    expect(turn.locator(".text")).to_have_text(CANNOT_ANSWER)
    nearest = turn.locator("ol.nearest a").last
    nearest.click()
    card = page.locator(nearest.get_attribute("href") or "")
    expect(card.locator(".abstract")).to_be_visible()


@pytest.mark.browser
@pytest.mark.model
def test_stop_keeps_what_was_written(visit: Callable[..., Page], writer: Typewriter) -> None:
    writer.go.clear()
    page = visit()
    ask(page, "What is UL2?")
    expect(page.locator("#t1 .text")).to_have_text("UL2 mixes several denoisers in one")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible(timeout=1500)
    expect(page.locator("#t1")).to_contain_text("UL2 mixes several denoisers in one")
    expect(page.locator("#t1 .note")).to_have_text("Stopped.")


@pytest.mark.browser
@pytest.mark.model
def test_new_chat_forgets_also_an_answer_that_is_being_written(visit: Callable[..., Page], writer: Typewriter) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    writer.go.clear()
    ask(page, "How does DP-LoRA work?")
    expect(page.locator("#t2 .text")).to_have_text("DP-LoRA adds noise to the gradients")
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_role("heading", name="Ask the papers")).to_be_visible()
    writer.go.set()
    page.locator("#start button").first.click()
    whole(page, 1)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator("#earlier-cards")).to_have_text("")


@pytest.mark.browser
@pytest.mark.model
def test_text_never_becomes_markup(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, f"What is EvilNet {HOSTILE}?")
    turn = whole(page)
    for place in (turn.locator("h2"), page.locator("#t1-c1 h3"), page.locator("#t1-c1 .abstract")):
        expect(place).to_contain_text(HOSTILE)
    for piece in HOSTILE.split("!"):  # which ends a sentence, and a marker follows
        expect(turn.locator(".text")).to_contain_text(piece)
    assert page.locator(".turn img, .turn script, #evidence img, #evidence script").count() == 0
    assert page.evaluate("window.pwned") is None


@pytest.mark.browser
@pytest.mark.model
def test_two_people_are_answered_at_once_and_apart(visit: Callable[..., Page], writer: Typewriter) -> None:
    writer.go.clear()
    one, two = visit(), visit()
    ask(one, "What is UL2?")
    ask(two, "How does DP-LoRA work?")
    expect(one.locator("#t1 .text")).to_have_text("UL2 mixes several denoisers in one")
    expect(two.locator("#t1 .text")).to_have_text("DP-LoRA adds noise to the gradients")
    writer.go.set()
    for page, other in ((one, "DP-LoRA adds"), (two, "UL2 mixes")):
        whole(page)
        expect(page.locator("#talk")).not_to_contain_text(other)
    ask(two, "What is UL2?")
    whole(two, 2)
    expect(one.locator(".turn")).to_have_count(1)


@pytest.mark.browser
@pytest.mark.model
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_runs_over_the_edge(visit: Callable[..., Page], width: int) -> None:
    page = visit(width, 844)
    ask(page, "What is EvilNet?")
    whole(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    talk, evidence = (page.locator(place).bounding_box() for place in ("#talk", "#evidence"))
    assert talk and evidence
    if width == 390:
        assert evidence["y"] >= talk["y"] + talk["height"]
    else:
        assert evidence["x"] >= talk["x"] + talk["width"]


@pytest.mark.browser
@pytest.mark.model
def test_error_is_one_clear_line_and_gives_the_question_back(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "x" * 2001)
    expect(page.get_by_role("alert")).to_contain_text("The question has 2001 characters, at most 2000 are taken.")
    expect(page.get_by_label("Question")).to_have_value("x" * 2001)
    ask(page, "What is UL2?")
    whole(page, 1)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.model
def test_real_model_streams_and_stops(browser: Browser, folder: Path, encoder: SentenceEncoder) -> None:
    settings = Settings(index=folder, model="smollm2-135m-instruct", offline=True, answer_tokens=4000)
    try:
        writer = open_writer(settings)
    except ModelError as error:
        pytest.skip(str(error))
    with (
        Engine(settings, Store.open(folder, encoder), encoder, writer) as engine,
        serving(engine) as url,
        browser.new_context() as person,
    ):
        page = person.new_page()
        page.goto(url)
        ask(page, "What is UL2, and which papers compare it with other methods?")
        expect(page.locator("#cards h3").first).to_contain_text("UL2", timeout=2000)
        expect(page.locator("#t1 .text")).to_have_text(re.compile(r"\w"), timeout=60_000)
        page.get_by_role("button", name="Stop").click(timeout=5_000)
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible(timeout=2000)
        for marker in page.locator(".marker").all():
            expect(page.locator(marker.get_attribute("href") or "")).to_be_visible()


@pytest.mark.browser
@pytest.mark.model
def test_status_tells_when_the_model_is_there(
    browser: Browser, folder: Path, encoder: SentenceEncoder, writer: Typewriter
) -> None:
    there = threading.Event()

    def load() -> Typewriter:
        there.wait()
        return writer

    loader = WriterLoader(load)
    loader.start()
    settings = Settings(index=folder, model="slow-model")
    with (
        Engine(settings, Store.open(folder, encoder), encoder, loader) as engine,
        serving(engine) as url,
        browser.new_context() as person,
    ):
        page = person.new_page()
        page.goto(url)
        expect(page.locator("#status")).to_contain_text("4 papers · slow-model (loading…)")
        ask(page, "What is UL2?")
        expect(whole(page).locator(".note")).to_contain_text("The language model is still loading.")
        there.set()
        expect(page.locator("#status")).to_have_text("paperchat4 papers · typewriter")


def test_taken_port_is_named_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = rf"Port {port} on 127\.0\.0\.1 is in use\. Choose another: paperchat serve --port {port + 1}"
        with pytest.raises(UserError, match=message):
            listen(port=port)


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(UserError, match=r"Cannot serve on 192\.0\.2\.1: "):
        listen("192.0.2.1")
