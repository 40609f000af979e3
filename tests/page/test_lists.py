"""Lists of papers in a real browser: found, sorted, filtered, ticked, handed on, asked."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from index import Paper, Store, update
from index.vectors import SentenceEncoder
from rag import Engine, Settings
from rag.lists import FORMATS, PaperList
from tests.page.conftest import HOSTILE, Typewriter, ask, serving, whole
from ui.page.lists import ENDINGS
from ui.page.table import EXPORTS

pytestmark = [pytest.mark.browser, pytest.mark.model]

OVER_THE_EDGE = """[...document.querySelectorAll('.papers *')].map((each) => each.getBoundingClientRect().right)
    .filter((right) => right > innerWidth + 1)"""
TOO_SMALL = """[...document.querySelectorAll('#lists :is(button, select, label.tick, input:not([type=checkbox]))')]
    .filter((each) => each.offsetWidth && (each.offsetWidth < 24 || each.offsetHeight < 24))
    .map((each) => each.outerHTML)"""
REQUEST = "curriculum learning"
PAPERS = [
    Paper(
        "arxiv:0901.00001",
        "Curriculum Learning",
        "Curriculum learning shows a model easy examples before hard ones. It converges faster.",
        authors=("Ada Tide", "Bo Stream"),
        published="2009-06-14",
        code=("https://github.com/example/curriculum",),
        topics=("curriculum learning", "optimisation"),
        sources=("old.txt",),
    ),
    Paper(
        "title:speech",
        "A Curriculum for Speech Recognition",
        "Utterances are ordered from short to long: curriculum learning for speech recognition. Errors fall by 11 %.",
        published="2016",
        topics=("curriculum learning", "speech"),
        sources=("old.txt", "new.txt"),
    ),
    Paper(
        "title:reinforced",
        "Zigzag Lessons for Robots",
        "Robots learn by reinforcement along a curriculum of lessons. A teacher chooses the next lesson.",
        published="2021-02",
        topics=("robots",),
        sources=("new.txt",),
    ),
    Paper(
        "title:evil",
        f"EvilNet {HOSTILE}",
        f"EvilNet has a curriculum {HOSTILE} of lessons.",
        url="javascript:window.pwned=1",
        topics=("robots", HOSTILE),
        sources=("new.txt",),
    ),
]


@pytest.fixture(scope="module")
def folder(encoder: SentenceEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists") / "index"
    update(folder, PAPERS, encoder)
    return folder


@pytest.fixture
def engine(folder: Path, home: Path, encoder: SentenceEncoder, writer: Typewriter) -> Iterator[Engine]:
    with Engine(Settings(index=folder, home=home), Store.open(folder, encoder), encoder, writer) as engine:
        yield engine


@pytest.fixture
def url(engine: Engine) -> Iterator[str]:
    with serving(engine) as url:
        yield url


def listed(page: Page, request: str = REQUEST, count: str = "10") -> Locator:
    """Ask for a list by the keyboard, and return it once it is there."""
    page.get_by_role("tab", name="Lists").click()
    page.get_by_label("How many").select_option(count)
    page.get_by_label("Papers on", exact=True).fill(request)
    page.keyboard.press("Enter")
    expect(page.locator(".list-title")).to_have_text(request)
    return page.locator("section.list")


def titles(page: Page) -> list[str]:
    """Return the first words of the papers shown, in their order."""
    shown = page.locator("tbody.paper:not([hidden]) .title").all_inner_texts()
    return [title.split()[0] for title in shown]


def exported(page: Page, label: str) -> tuple[str, str]:
    """Return the name and the text of the file that a button gives."""
    with page.expect_download() as download:
        page.get_by_role("group", name="Export").get_by_role("button", name=label).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes().decode()


def test_a_list_shows_why_a_paper_is_on_it_and_unfolds_its_abstract(visit: Callable[..., Page], engine: Engine) -> None:
    page = visit()
    listed(page)
    found = engine.papers(REQUEST, 10)
    expect(page.locator("#list-told")).to_have_text("4 papers found.")
    expect(page.locator("#list-told [role=status]")).to_have_count(1)
    expect(page.locator(".papers tbody td.of-why")).to_have_text([match.sentences[0].text for match in found.matches])
    expect(page.locator(".papers tbody td.of-by")).to_have_text([", ".join(match.found_by) for match in found.matches])
    first = page.locator("tbody.paper").first
    expect(first.get_by_role("link", name="Curriculum Learning")).to_have_attribute(
        "href", "https://arxiv.org/abs/0901.00001"
    )
    expect(first.locator(".abstract")).to_be_hidden()
    fold = first.get_by_role("button", name="Abstract")
    fold.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(first.locator(".abstract")).to_contain_text(found.matches[0].paper.abstract)
    expect(first.locator("mark")).to_have_text(found.matches[0].sentences[0].text)
    expect(first.locator(".meta")).to_have_text("Ada Tide, Bo Stream · 2009-06-14 · from old.txt")
    expect(first.locator(".code")).to_contain_text("github.com/example/curriculum")
    fold.press("Enter")
    expect(first.locator(".abstract")).to_be_hidden()


def test_a_list_ends_where_relevance_does_unless_a_number_is_asked_for(
    visit: Callable[..., Page], engine: Engine
) -> None:
    page = visit()
    listed(page, count="")
    expect(page.locator("tbody.paper")).to_have_count(len(engine.papers(REQUEST)))


def test_each_column_sorts_both_ways_and_the_unknown_comes_last(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page)
    ranked = titles(page)
    for column, ascending, descending in (
        ("Paper", ["A", "Curriculum", "EvilNet", "Zigzag"], ["Zigzag", "EvilNet", "Curriculum", "A"]),
        ("Date", ["Curriculum", "A", "Zigzag", "EvilNet"], ["Zigzag", "A", "Curriculum", "EvilNet"]),
        ("Rank", ranked, ranked[::-1]),
    ):
        head = page.get_by_role("columnheader", name=column, exact=True)
        for way, order in (("ascending", ascending), ("descending", descending)):
            head.get_by_role("button").click()
            expect(head).to_have_attribute("aria-sort", way)
            expect(page.locator("thead [aria-sort]")).to_have_count(1)
            assert titles(page) == order
    for column in ("Why", "Topics", "Found by"):
        head = page.get_by_role("columnheader", name=column, exact=True)
        head.get_by_role("button").click()
        of = {"Why": "of-why", "Topics": "of-topics", "Found by": "of-by"}[column]
        cells = page.locator(f"tbody.paper td.{of}")
        values = [cell.get_attribute("data-sort") or cell.inner_text() for cell in cells.all()]
        assert values == sorted(values, key=str.lower)


def test_filters_narrow_the_list_down_together(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page)
    count = page.locator(".list-count")
    expect(count).to_have_text("4 papers")
    clear = page.get_by_role("button", name="Clear", exact=True)
    expect(clear).to_be_disabled()
    page.get_by_label("Word").fill("TEACHER lesson")
    expect(count).to_have_text("1 of 4 shown")
    assert titles(page) == ["Zigzag"]
    page.get_by_label("Word").fill("abstract cite")  # what buttons say is not searched
    expect(count).to_have_text("0 of 4 shown")
    expect(page.locator(".list-none")).to_contain_text("No paper fits.")
    page.get_by_role("button", name="Clear the filters").click()
    expect(count).to_have_text("4 papers")
    expect(page.get_by_label("Word")).to_be_focused()
    page.get_by_label("Topic", exact=True).select_option("curriculum learning")
    assert sorted(titles(page)) == ["A", "Curriculum"]
    page.get_by_label("Source").select_option("new.txt")
    assert titles(page) == ["A"]
    clear.click()
    page.get_by_label("From year").fill("2016")
    assert sorted(titles(page)) == ["A", "Zigzag"]
    page.get_by_label("To year").fill("2020")
    assert titles(page) == ["A"]
    page.get_by_label("From year").fill("")
    assert sorted(titles(page)) == ["A", "Curriculum"]


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_ticked_becomes_a_file_in_the_order_shown(
    visit: Callable[..., Page], engine: Engine, name: str
) -> None:
    page = visit()
    listed(page)
    found = engine.papers(REQUEST, 10)
    assert exported(page, EXPORTS[name]) == (f"curriculum-learning.{ENDINGS[name]}", FORMATS[name](found))
    head = page.get_by_role("columnheader", name="Date", exact=True)
    head.get_by_role("button").click()
    for title in ("Zigzag Lessons for Robots", "Curriculum Learning"):
        page.get_by_role("checkbox", name=f"Tick {title}").check()
    expect(page.locator(".list-scope")).to_have_text("2 ticked")
    by_id = {match.paper.id: match for match in found.matches}
    chosen = PaperList(REQUEST, (by_id["arxiv:0901.00001"], by_id["title:reinforced"]), found.note)
    for _ in range(2):  # the same file can be had again
        assert exported(page, EXPORTS[name])[1] == FORMATS[name](chosen)


def test_with_none_ticked_only_what_is_shown_is_exported(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page)
    page.get_by_label("Word").fill("speech")
    expect(page.locator(".list-scope")).to_have_text("1 shown")
    matches = json.loads(exported(page, "JSON")[1])["matches"]
    assert [match["paper"]["id"] for match in matches] == ["title:speech"]
    page.get_by_label("Word").fill("nothing has this")
    for label in EXPORTS.values():
        expect(page.get_by_role("group", name="Export").get_by_role("button", name=label)).to_be_disabled()


def test_the_box_in_the_head_ticks_all_that_are_shown(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page)
    every = page.get_by_role("checkbox", name="Tick all papers shown")
    count = page.locator(".list-count")
    page.get_by_label("Topic", exact=True).select_option("robots")
    every.check()
    expect(count).to_have_text("2 of 4 shown · 2 ticked")
    page.get_by_label("Topic", exact=True).select_option("speech")
    expect(count).to_have_text("1 of 4 shown · 2 ticked (2 not shown)")
    expect(every).not_to_be_checked()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(count).to_have_text("4 papers · 2 ticked")
    assert every.evaluate("box => box.indeterminate")
    every.check()
    expect(count).to_have_text("4 papers · 4 ticked")
    every.uncheck()
    expect(count).to_have_text("4 papers")


def test_the_ticked_papers_are_asked(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page)
    button = page.get_by_role("button", name="Ask the ticked papers")
    expect(button).to_be_disabled()
    for title in ("Zigzag Lessons for Robots", "A Curriculum for Speech Recognition"):
        page.get_by_role("checkbox", name=f"Tick {title}").check()
    button.click()
    expect(page.get_by_role("tab", name="Chat")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#scope")).to_contain_text("2 chosen papers")
    ask(page, "How does curriculum learning order examples?")
    whole(page)
    expect(page.locator("#cards .card").first).to_be_visible()
    expect(page.locator("#cards")).not_to_contain_text("easy examples before hard ones")


def test_a_paper_of_a_list_is_cited_asked_about_and_likened(visit: Callable[..., Page], engine: Engine) -> None:
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    listed(page)
    first = page.locator("tbody.paper").first
    first.get_by_role("button", name="Cite").first.click()
    expect(page.locator("#told")).to_have_text("Copied")
    bibtex = PaperList("", engine.papers(REQUEST, 10).matches[:1]).to_bibtex()
    assert page.evaluate("navigator.clipboard.readText()") == bibtex
    first.get_by_role("button", name="Abstract").click()
    first.get_by_role("button", name="Ask about this paper").click()
    expect(page.locator("#scope")).to_contain_text("Curriculum Learning")
    page.get_by_role("tab", name="Lists").click()
    first.get_by_role("button", name="More like this").click()
    expect(page.locator("#similar")).to_contain_text("Like “Curriculum Learning”")


def test_a_request_that_nothing_is_about_says_what_the_index_holds(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page, "sourdough bread with walnuts")
    expect(page.locator("#list .note")).to_have_text("None of the 4 papers is about that.")
    expect(page.locator("#list")).to_contain_text("The index holds 4 papers")
    expect(page.locator("#list-told")).to_contain_text("No papers found.")
    page.locator(".list-held").get_by_role("button", name="robots", exact=True).click()
    expect(page.locator(".list-title")).to_have_text("robots")
    expect(page.get_by_label("Papers on", exact=True)).to_have_value("robots")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("  ", "The request is blank. Say what the papers should be about."),
        ("x" * 2001, "The question has 2001 characters, at most 2000 are taken."),
    ],
)
def test_a_request_that_cannot_be_is_one_clear_line(visit: Callable[..., Page], request_: str, said: str) -> None:
    page = visit()
    listed(page)
    page.get_by_label("Papers on", exact=True).fill(request_)
    page.get_by_role("button", name="List papers").last.click()
    expect(page.locator("#list").get_by_role("alert")).to_contain_text(said)
    expect(page.locator("tbody.paper")).to_have_count(0)
    expect(page.get_by_label("Papers on", exact=True)).to_have_value(request_)


def test_the_chat_asks_for_a_list(visit: Callable[..., Page]) -> None:
    page = visit()
    for _ in range(2):  # also where the same list was asked for before
        ask(page, f"/list {REQUEST}")
        expect(page.locator(".list-title")).to_have_text(REQUEST)
        expect(page.get_by_label("Papers on", exact=True)).to_have_value(REQUEST)
        listed(page, "robots")
        page.get_by_role("tab", name="Chat").click()


def test_a_list_in_place_of_another_begins_with_nothing_ticked_or_filtered(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page)
    page.get_by_role("checkbox", name="Tick all papers shown").check()
    page.get_by_label("Word").fill("curriculum")
    page.get_by_role("columnheader", name="Paper", exact=True).get_by_role("button").click()
    page.get_by_role("tab", name="Chat").click()
    ask(page, "/list robots along a curriculum")  # without a line in between that says to wait
    expect(page.locator(".list-title")).to_have_text("robots along a curriculum")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    expect(page.get_by_label("Word")).to_have_value("")
    expect(page.get_by_role("columnheader", name="Rank", exact=True)).to_have_attribute("aria-sort", "ascending")
    assert page.locator("td.of-rank").all_inner_texts()[0] == "1"
    page.get_by_label("Word").fill("teacher")
    assert titles(page) == ["Zigzag"]


def test_no_text_of_a_list_becomes_markup(visit: Callable[..., Page]) -> None:
    page = visit()
    listed(page, HOSTILE)
    listed(page)
    evil = page.locator("tbody.paper").filter(has_text="EvilNet")
    evil.get_by_role("button", name="Abstract").click()
    for place in (".title", "td.of-topics", ".abstract"):
        expect(evil.locator(place)).to_contain_text(HOSTILE)
    assert page.locator("#lists img, #lists script").count() == 0
    assert evil.locator("a[href^='javascript']").count() == 0
    assert page.evaluate("window.pwned") is None


def test_two_people_have_lists_of_their_own(visit: Callable[..., Page]) -> None:
    one, two = visit(), visit()
    listed(one, REQUEST)
    listed(two, "robots")
    expect(one.locator(".list-title")).to_have_text(REQUEST)
    assert json.loads(exported(one, "JSON")[1])["request"] == REQUEST
    assert json.loads(exported(two, "JSON")[1])["request"] == "robots"


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_is_for_everybody(visit: Callable[..., Page], width: int, scheme: str) -> None:
    page = visit(width, 844)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    listed(page)
    page.locator("tbody.paper").filter(has_text="EvilNet").get_by_role("button", name="Abstract").click()
    page.get_by_role("checkbox", name="Tick Curriculum Learning").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVER_THE_EDGE) == []
    assert page.evaluate(TOO_SMALL) == []
    found = Axe().run(page, context="#lists").response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
