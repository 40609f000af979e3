"""The view of the corpus in a real browser: the map, the counts, adding papers while others ask."""

import json
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

import rag.map
from index import Paper, update
from index.vectors import Encoded, SentenceEncoder, Vectors
from tests.page.conftest import HOSTILE, PAPERS, ask, whole

pytestmark = [pytest.mark.browser, pytest.mark.model]

HARBOURS = {
    "title": "HarbourNet: Counting Ships from Satellites",
    "abstract": "Ships in harbours are hard to count at night. HarbourNet counts ships in 40 harbours from satellites.",
    "topics": ["remote sensing"],
}
LISTING = f"""new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

Mar 17

{HARBOURS["title"]}

{HARBOURS["abstract"]}

Bread That Knows When It Is Done

Does dough know when it is done? We train on 10,000 photographs of crust, and it seems so.
"""
"""What a browser's "select all, copy" gives of a page that lists papers."""

LISTED = [
    Paper("title:rivers-2", "Rivers in Winter", "Ice closes rivers.", topics=("water",), published="2024-02"),
    Paper("title:rivers-3", "Rivers and Dams", "Dams slow rivers.", topics=("water",), published="2024-03"),
    *[Paper(f"title:filler-{at}", f"Filler {at}", f"Filler of number {at} fills.") for at in range(8)],
]


class HeldEncoder:
    """A real encoder that waits for `go` before it embeds a text with "Held" in it."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.name, self.digest = encoder.name, encoder.digest
        self.encoder = encoder
        self.go = threading.Event()
        self.go.set()

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._when_free(texts).encode(texts)

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        return self._when_free(texts).encode_words(texts)

    def _when_free(self, texts: Sequence[str]) -> SentenceEncoder:
        if any("Held" in text for text in texts):
            assert self.go.wait(120)
        return self.encoder


@pytest.fixture
def encoder(encoder: SentenceEncoder) -> HeldEncoder:
    return HeldEncoder(encoder)


@pytest.fixture
def folder(encoder: HeldEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an index of its own; the server is started beside it."""
    monkeypatch.chdir(tmp_path)
    update(tmp_path / "index", [*PAPERS, *LISTED], encoder)
    return tmp_path / "index"


def corpus(page: Page, papers: int = 14) -> Page:
    """Open the view, and wait for its map."""
    page.get_by_role("tab", name="Corpus").click()
    expect(page.get_by_role("application", name=f"Map of {papers} papers")).to_be_visible(timeout=60_000)
    expect(page.locator(".atlas-stage")).to_have_attribute("aria-busy", "false")
    return page


def press_point(page: Page, title: str) -> None:
    """Click the point of a paper on the map."""
    page.get_by_label("Find papers by their titles").fill(title)
    expect(page.locator(".atlas-found button")).to_have_count(1)
    page.locator(".atlas-found button").hover()
    at = page.evaluate("paperchat.corpusMap.spot(paperchat.corpusMap.hovered())")
    canvas = page.locator(".atlas-stage canvas")
    canvas.click(position={"x": at[0], "y": at[1]})


def upload(page: Page, name: str, text: str) -> None:
    page.get_by_label("Files to upload").set_input_files(
        FilePayload(name=name, mimeType="text/plain", buffer=text.encode())
    )


def test_nothing_is_made_before_the_view_is_opened(visit: Callable[..., Page]) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page, "What is UL2?")
    whole(page)
    assert [url for url in asked if "component_server" in url] == []
    corpus(page)
    assert [url for url in asked if "component_server" in url]


def test_a_point_of_the_map_opens_the_card_of_its_paper(visit: Callable[..., Page]) -> None:
    page = corpus(visit())
    press_point(page, "UL2")
    card = page.locator(".atlas-card .card")
    expect(card.locator("h3")).to_have_text("UL2: Unifying Language Learning Paradigms")
    expect(card).to_be_focused()
    expect(card.get_by_role("link", name="UL2: Unifying")).to_have_attribute("href", "https://arxiv.org/abs/2205.05131")
    expect(card).to_contain_text("Yi Tay, Mostafa Dehghani")
    expect(card).to_contain_text("UL2 mixes several denoisers in one objective.")
    expect(card.get_by_role("button", name="Cite")).to_have_attribute("data-copy", re.compile("@misc.*UL2", re.S))
    card.get_by_role("button", name="Ask about this paper").click()
    expect(page.locator("#scope")).to_contain_text("Asking only “UL2: Unifying Language Learning Paradigms”")


def test_the_map_zooms_moves_and_tells_titles(visit: Callable[..., Page]) -> None:
    page = corpus(visit())
    spot = "paperchat.corpusMap.spot(0)"
    before = page.evaluate(spot)
    page.get_by_role("button", name="Zoom in").click()
    zoomed = page.evaluate(spot)
    assert zoomed != before
    box = page.locator(".atlas-stage canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 220)
    page.mouse.up()
    assert page.evaluate(spot) == pytest.approx([zoomed[0] + 40, zoomed[1] + 20])
    page.locator(".atlas-stage canvas").focus()
    page.keyboard.press("0")
    assert page.evaluate(spot) == before
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"{spot}[0] !== {before[0]}")
    page.get_by_role("button", name="All", exact=True).click()
    assert page.evaluate(spot) == before
    page.mouse.move(box["x"] + before[0], box["y"] + before[1])
    expect(page.locator(".atlas-tip")).to_be_visible()
    assert page.locator(".atlas-tip").inner_text() == page.evaluate("paperchat.corpusMap.title(0)")


def test_a_map_of_some_of_the_papers_says_so(visit: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.map, "MOST", 10)
    page = corpus(visit(), papers=10)
    expect(page.locator(".atlas-count")).to_contain_text("The map shows 10 of 14 papers")


def test_words_topics_years_and_groups_choose_papers_by_keyboard(visit: Callable[..., Page]) -> None:
    page = corpus(visit())
    find, found = page.get_by_label("Find papers by their titles"), page.locator(".atlas-found button")
    find.fill("rivers")
    expect(found).to_have_count(3)
    expect(page.locator(".atlas-count")).to_have_text("3 of 14 papers")
    page.get_by_role("button", name="water").press("Enter")
    expect(found).to_have_text(["Rivers in Winter", "Rivers and Dams"])
    expect(page.get_by_role("button", name="water")).to_have_attribute("aria-pressed", "true")
    find.fill("")
    page.get_by_role("button", name="Show all").click()
    expect(found).to_have_count(0)
    page.locator(".holds").get_by_role("button", name="2024").click()
    expect(found).to_have_count(2)
    page.locator(".holds table", has_text="Years").get_by_role("button", name="not known").click()
    expect(found).to_have_count(11)
    group = page.locator(".atlas-groups button").first
    group.click()
    expect(found).to_have_count(int(group.locator(".many").inner_text()))
    found.first.press("Enter")
    expect(page.locator(".atlas-card .card")).to_be_focused()
    page.locator(".atlas-card").get_by_role("button", name="Close").press("Enter")
    expect(find).to_be_focused()


def test_the_papers_of_the_last_answer_stand_out(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    corpus(page)
    expect(page.locator(".atlas-answered")).to_have_text("1 paper of the last answer")


def test_uploaded_papers_are_reported_drawn_and_can_be_asked(visit: Callable[..., Page]) -> None:
    page = corpus(visit())
    text = json.dumps(HARBOURS) + "\n" + json.dumps({"title": "Without an abstract"}) + "\n"
    upload(page, "harbours.jsonl", text)
    report = page.locator(".adding-done")
    expect(report).to_contain_text("1 new paper.", timeout=60_000)
    expect(report).to_contain_text("The index holds 15 papers now")
    expect(report).to_contain_text("harbours.jsonl:2: ")
    corpus(page, 15)
    expect(page.locator(".holds")).to_contain_text("harbours.jsonl")
    page.get_by_role("button", name="remote sensing").click()
    page.locator(".atlas-found button").click()
    expect(page.locator(".atlas-card")).to_contain_text("HarbourNet counts ships in 40 harbours from satellites.")
    page.get_by_role("tab", name="Chat").click()
    ask(page, "How does HarbourNet count ships?")
    whole(page)
    expect(page.locator("#e1")).to_contain_text(HARBOURS["title"])


@pytest.mark.parametrize("way", ["uploaded", "named"])
def test_a_saved_listing_page_is_added_and_can_be_asked(visit: Callable[..., Page], tmp_path: Path, way: str) -> None:
    (tmp_path / "saved.txt").write_text(LISTING, encoding="utf-8")
    page = corpus(visit())
    if way == "uploaded":
        upload(page, "saved.txt", LISTING)
    else:
        named = page.get_by_label("Or a file or folder in")
        named.fill("saved.txt")
        named.press("Enter")
    expect(page.locator(".adding-done")).to_contain_text("2 new papers.", timeout=60_000)
    page.get_by_role("tab", name="Chat").click()
    ask(page, "How does HarbourNet count ships?")
    whole(page)
    expect(page.locator("#e1")).to_contain_text(HARBOURS["title"])


def test_only_a_source_where_paperchat_runs_can_be_named(visit: Callable[..., Page]) -> None:
    page = corpus(visit())
    named = page.get_by_label("Or a file or folder in")
    named.fill("../elsewhere.jsonl")
    named.press("Enter")
    expect(page.locator(".adding-done .error")).to_contain_text("No source '../elsewhere.jsonl' in")


def test_adding_is_cancelled_while_somebody_else_asks(visit: Callable[..., Page], encoder: HeldEncoder) -> None:
    page, other = corpus(visit()), visit()
    encoder.go.clear()
    held = [{"title": f"Held Paper {at}", "abstract": f"Held for a while, number {at}."} for at in range(20)]
    upload(page, "held.json", json.dumps(held))
    expect(page.locator(".adding-now")).to_contain_text("Embedding")
    corpus(other)
    expect(other.locator(".adding-now")).to_contain_text("Embedding")
    expect(other.locator(".adding-now").get_by_role("button", name="Cancel")).to_be_hidden()
    upload(other, "mine.jsonl", json.dumps(HARBOURS))
    expect(other.locator(".adding-done")).to_contain_text("Papers are being added already.")
    other.get_by_role("tab", name="Chat").click()
    ask(other, "What is UL2?")
    expect(whole(other).locator(".sentence")).to_have_count(2)
    page.locator(".adding-now").get_by_role("button", name="Cancel").click()
    encoder.go.set()
    expect(page.locator(".adding-done")).to_contain_text("Cancelled. The index is what it was")
    expect(page.locator(".adding-now")).to_be_hidden()
    expect(page.locator(".holds dd").first).to_have_text("14")


def test_a_hostile_title_and_a_hostile_file_stay_text(visit: Callable[..., Page]) -> None:
    page = corpus(visit())
    press_point(page, "EvilNet")
    expect(page.locator(".atlas-found button")).to_contain_text(HOSTILE)
    expect(page.locator(".atlas-card h3")).to_contain_text(HOSTILE)
    page.locator(".atlas-found button").hover()
    expect(page.locator(".atlas-tip")).to_contain_text(HOSTILE)
    evil = {"title": "Harbours of Evil", "abstract": "Harbours are evil.", "topics": [HOSTILE]}
    upload(page, "<img src=x onerror=window.pwned=1>.jsonl", json.dumps(evil) + "\n{\n")
    expect(page.locator(".adding-done")).to_contain_text("1 new paper.", timeout=60_000)
    corpus(page, 15)
    page.locator(".holds").get_by_role("button", name=HOSTILE).click()
    expect(page.locator(".atlas-only")).to_contain_text(HOSTILE)
    assert page.locator("#corpus img, #corpus script").count() == 0
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_view_fits_and_everybody_can_use_it(visit: Callable[..., Page], width: int, theme: str) -> None:
    page = visit(width, 844)
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
    corpus(page)
    press_point(page, "Rivers in Winter")
    expect(page.locator(".atlas-card .card")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page, context="#corpus").response["violations"]
    assert [
        (each["id"], each["nodes"][0]["html"]) for each in violations if each["impact"] in ("serious", "critical")
    ] == []
