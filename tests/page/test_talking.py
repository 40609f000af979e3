"""The chat in a real browser: asking, reading, stopping, going on."""

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from index import Store
from index.errors import ModelError, UserError
from index.vectors import SentenceEncoder
from rag import CANNOT_ANSWER, Engine, Settings
from rag.loader import WriterLoader
from rag.writer import open_writer
from tests.conftest import ScriptedWriter, judged, judging
from tests.page.conftest import HOSTILE, Typewriter, ask, serving, whole
from ui.server import listen


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
    expect(turn.locator(".sentence .marker")).to_have_count(2)
    expect(turn.locator(".check")).to_have_count(0)  # there is no judge
    expect(turn.locator(".timings")).to_have_text(
        re.compile(r"papers \d+\.\d s · first word \d+\.\d s · done \d+\.\d s")
    )
    expect(page.locator("#cards h2")).to_have_text(["Cited", "Also found"])


@pytest.mark.browser
@pytest.mark.model
def test_what_the_judge_passes_has_a_mark_and_what_it_doubts_gives_way_to_a_quotation(
    browser: Browser, folder: Path, encoder: SentenceEncoder
) -> None:
    said = "UL2 mixes several denoisers in one single objective. UL2, scaled up, is state of the art on 50 tasks."
    loader = judged(ScriptedWriter(said), judging({"scaled up": 0.2}))
    with (
        Engine(Settings(index=folder), Store.open(folder, encoder), encoder, loader) as engine,
        serving(engine) as url,
        browser.new_context() as person,
    ):
        page = person.new_page()
        page.goto(url)
        ask(page, "What is UL2?")
        turn = whole(page)
        expect(turn.locator(".sentence")).to_have_text(
            [
                "UL2 mixes several denoisers in one single objective.[1]✓supported",
                "“Scaled to 20 billion parameters, UL2 is state of the art on 50 tasks.”[1]",
            ]
        )
        expect(turn.locator(".check")).to_have_attribute("title", "Supported by the cited abstract")
        expect(turn.locator(".note")).to_have_text("1 sentence replaced by a quotation.")


@pytest.mark.browser
@pytest.mark.model
def test_every_marker_opens_its_quoted_sentence(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page, 1)
    ask(page, "How does DP-LoRA work?")
    whole(page, 2)
    expect(page.locator("#e1")).to_be_hidden()
    expect(page.locator("#e2 .evidence-for")).to_have_text("How does DP-LoRA work?")
    markers = page.locator(".marker")
    assert markers.count() >= 2
    for marker in markers.all():
        card = page.locator(marker.get_attribute("href") or "")
        marker.click()
        expect(card).to_be_in_viewport()
        expect(card).to_be_focused()
        sentence = marker.get_attribute("data-quote") or ""
        expect(card.locator("h3")).to_contain_text(marker.get_attribute("data-title") or "")
        expect(card.locator("mark.now")).to_have_text(sentence)
        marker.focus()
        expect(page.get_by_role("tooltip")).to_contain_text(sentence)
        page.keyboard.press("Escape")
        expect(page.get_by_role("tooltip")).to_be_hidden()


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

    settings = Settings(index=folder, model="slow-model")
    loader = WriterLoader(load, settings)
    loader.start()
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
