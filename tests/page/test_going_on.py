"""From an answer onwards, in a real browser: its papers, suggestions, keys, copying; and for everybody's eyes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import ask, whole

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_a_question_is_asked_of_one_paper_until_all_are_asked_again(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    page.locator("#t1-c1").get_by_role("button", name="Ask about this paper").click()
    expect(page.locator("#scope")).to_contain_text("Asking only “UL2: Unifying Language Learning Paradigms”")
    expect(page.get_by_label("Question")).to_be_focused()
    ask(page, "How many tasks does UL2 lead on?")
    whole(page, 2)
    expect(page.locator("#e2 .card")).to_have_count(1)
    page.get_by_role("button", name="Ask all papers").click()
    expect(page.locator("#scope")).to_have_text("")
    ask(page, "How does DP-LoRA work?")
    whole(page, 3)
    expect(page.locator("#e3 .card").nth(1)).to_be_visible()


def test_more_papers_like_one_are_shown_and_put_away(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    page.locator("#t1-c1").get_by_role("button", name="More like this").click()
    expect(page.locator(".like h2")).to_have_text("Like “UL2: Unifying Language Learning Paradigms”")
    expect(page.locator(".like .card")).to_have_count(3)
    expect(page.locator(".like")).not_to_contain_text("Pretraining objectives are often fitted")
    page.locator(".like").get_by_role("button", name="Close").click()
    expect(page.locator(".like")).to_have_count(0)


def test_suggested_question_is_asked(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    suggested = page.locator(".follow-ups button")
    expect(suggested.first).to_be_visible()
    question = suggested.first.inner_text()
    suggested.first.click()
    expect(page.locator("#t2 h2")).to_have_text(question)
    whole(page, 2)


def test_answer_and_bibtex_are_copied(visit: Callable[..., Page]) -> None:
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "What is UL2?")
    whole(page).get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied.startswith("UL2 mixes several denoisers in one single objective [1].")
    assert "[1] UL2: Unifying Language Learning Paradigms" in copied
    page.locator("#t1-c1").get_by_role("button", name="Cite").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('@'))")
    assert "Yi Tay and Mostafa Dehghani" in str(page.evaluate("navigator.clipboard.readText()"))


def test_keys_lead_to_the_question_a_new_chat_and_their_list(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page).locator("h2").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#t1 h2").click()
    page.keyboard.press("/")
    expect(page.get_by_label("Question")).to_be_focused()
    page.locator("#t1 h2").click()
    page.keyboard.press("n")
    expect(page.locator(".turn")).to_have_count(0)


def test_keys_can_be_turned_off(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Keys without Ctrl").uncheck()
    page.get_by_role("button", name="Close").click()
    page.locator("#hello h2").click()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_label("Question")).not_to_be_focused()


def test_the_focus_stays_where_one_works(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_label("Question").fill("What is UL2?")
    page.get_by_role("button", name="Ask", exact=True).press("Enter")
    whole(page)
    expect(page.get_by_label("Question")).to_be_focused()
    expect(page.locator("#said")).to_contain_text("UL2 mixes several denoisers in one single objective.")
    page.get_by_label("More for What is UL2?").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Rename")).to_be_hidden()
    assert page.get_by_role("navigation", name="Chats").count() == page.get_by_role("complementary").count() == 1


def test_light_and_dark_are_chosen_and_remembered(visit: Callable[..., Page]) -> None:
    page = visit()
    colour = "getComputedStyle(document.body).getPropertyValue('--paper')"
    before = page.evaluate(colour)
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function(f"(before) => {colour} !== before", arg=before)
    after = page.evaluate(colour)
    page.reload()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    page.wait_for_function(f"(after) => {colour} === after", arg=after)


def test_earlier_chats_open_as_a_drawer_where_the_page_is_narrow(visit: Callable[..., Page]) -> None:
    page = visit(390, 844)
    ask(page, "What is UL2?")
    whole(page)
    expect(page.locator("#chats")).to_be_hidden()
    page.get_by_role("button", name="Earlier chats").click()
    expect(page.locator(".chats .open")).to_have_text(["What is UL2?"])
    page.keyboard.press("Escape")
    expect(page.locator("#chats")).to_be_hidden()


@pytest.mark.parametrize("by_slash", [True, False])
def test_a_list_is_asked_for_from_the_chat(visit: Callable[..., Page], by_slash: bool) -> None:
    page = visit()
    if by_slash:
        ask(page, "/list denoisers in pretraining")
    else:
        page.get_by_label("Question").fill("denoisers in pretraining")
        page.get_by_role("button", name="List papers").click()
    expect(page.get_by_role("tab", name="Lists")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#list tbody")).to_contain_text("UL2: Unifying Language Learning Paradigms")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious(visit: Callable[..., Page], width: int, scheme: Any) -> None:  # noqa: ANN401
    page = visit(width, 900)
    page.emulate_media(color_scheme=scheme)
    page.reload()
    for at, question in enumerate(("What is UL2?", "How does DP-LoRA work?", "What is the capital of France?"), 1):
        ask(page, question)
        whole(page, at)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    serious = [
        f"{each['id']}: {node['html'][:160]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    assert serious == []


def test_nothing_jumps_while_an_answer_is_written(visit: Callable[..., Page]) -> None:
    page = visit(1440, 900)
    page.evaluate(
        """() => {
            window.shifts = [];
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
                if (!entry.hadRecentInput) window.shifts.push(entry.value);
            })).observe({ type: 'layout-shift', buffered: false });
        }"""
    )
    ask(page, "What is UL2?")
    whole(page)
    shifted = page.evaluate("window.shifts.reduce((sum, each) => sum + each, 0)")
    assert shifted < 0.1, "a good score for cumulative layout shift is below 0.1 (web.dev/articles/cls)"
    expect(page.locator("#t1 .timings")).to_have_text(re.compile("done"))
