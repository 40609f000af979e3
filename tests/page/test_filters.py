"""Chips of the filter in a real browser: seen above answer and list, taken away by mouse and keyboard, at any width."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rag import CANNOT_ANSWER
from rag.answer import Answer
from rag.filters import Filter
from rag.inforce import InForce
from tests.page.conftest import HOSTILE, ask, whole
from ui.page import turns

TAKE_AWAY = ": ask again without this filter"
TOO_SMALL = "[...document.querySelectorAll('.chip')].filter((each) => each.offsetHeight < 24).length"


def serious(page: Page, context: str) -> list[str]:
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")  # colours on their way
    found = Axe().run(page, context=context).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.browser
@pytest.mark.model
def test_the_filter_of_a_question_is_a_chip_whose_cross_asks_again_without_it(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2 since 2023?")
    turn = whole(page)
    expect(turn.locator(".text")).to_have_text(CANNOT_ANSWER)
    expect(turn.locator(".note")).to_have_text(
        "None of the 4 papers is since 2023; 3 without a date were left aside; the newest is of 10 May 2022. "
        "Ask without that filter, or for more."
    )
    chip = turn.get_by_role("button", name=f"since 2023{TAKE_AWAY}")
    expect(chip).to_have_text("since 2023 ✕")
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#t1 .sentence")).to_have_count(2)
    turn = whole(page)
    expect(turn.locator(".question")).to_have_text("What is UL2 since 2023?")
    expect(turn.locator(".chip")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(1)
    turn.get_by_role("button", name="Retry").click()  # still as asked
    expect(page.locator("#t1 .sentence")).to_have_count(2)
    expect(whole(page).locator(".chip")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.model
@pytest.mark.parametrize("width", [1280, 390])
def test_one_of_several_chips_goes_and_all_are_easy_to_hit_and_read(visit: Callable[..., Page], width: int) -> None:
    page = visit(width)
    ask(page, "What is UL2 in papers by Yi Tay since 2020, newest first?")
    turn = whole(page)
    chips = turn.locator(".chip")
    expect(chips).to_have_text(["since 2020 ✕", "by Yi Tay ✕", "newest first ✕"])
    expect(turn.locator(".note")).to_have_text("Only papers since 2020, by Yi Tay, newest first: 1 of 4.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_SMALL) == 0
    assert serious(page, "#t1") == []
    page.get_by_role("button", name="Light or dark").click()
    assert serious(page, "#t1") == []
    chips.nth(1).click()
    expect(page.locator("#t1 .chip")).to_have_text(["since 2020 ✕", "newest first ✕"])
    expect(whole(page).locator(".note")).to_contain_text("Only papers since 2020, newest first: 1 of 4")


@pytest.mark.browser
@pytest.mark.model
def test_the_filter_of_a_list_is_a_chip_too(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("tab", name="Lists").click()
    page.get_by_label("How many").select_option("10")
    page.get_by_label("Papers on", exact=True).fill("pretraining of language models since 2023")
    page.keyboard.press("Enter")
    chip = page.locator("section.list").get_by_role("button", name=f"since 2023{TAKE_AWAY}")
    expect(page.locator("section.list .note")).to_contain_text("None of the 4 papers is since 2023")
    assert serious(page, "#lists") == []
    chip.click()
    expect(page.locator("tbody.paper")).to_have_count(4)
    expect(page.locator("section.list .chip")).to_have_count(0)


def test_words_of_a_filter_stay_text() -> None:
    told = InForce(Filter(authors=(HOSTILE,)), papers=1, total=4)
    html = turns.turn(1, Answer("q", "q", done=True, filter=told))
    assert "<script" not in html and "<img" not in html and "&lt;script&gt;" in html
    busy = turns.turn(1, Answer("q", "q", filter=told))
    assert "chip" not in busy and "&lt;script&gt;" in busy


def test_an_order_alone_does_not_say_that_papers_are_left_out() -> None:
    row = "<span>{}</span>".format
    assert row("Papers") in turns.turn(1, Answer("q", "q", done=True, filter=InForce(Filter(newest_first=True))))
    assert row("Only papers") in turns.turn(1, Answer("q", "q", done=True, filter=InForce(Filter("2024"))))
