"""Chats that are kept, in a real browser: found again after a reload and a restart, named, deleted, a person's own."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from index import Store
from index.vectors import SentenceEncoder
from rag import Engine, Settings
from tests.page.conftest import Typewriter, ask, serving, whole

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_a_chat_is_there_again_after_a_reload_with_its_evidence(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    ask(page, "How does DP-LoRA work?")
    whole(page, 2)
    expect(page).to_have_url(re.compile(r"\?chat=[\w-]{22}$"))
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator("#t1 .sentence")).to_have_count(2)
    page.locator("#t1 .marker").first.click()
    expect(page.locator("#t1-c1")).to_be_focused()
    expect(page.locator("#t1-c1 mark.now")).to_have_text("UL2 mixes several denoisers in one objective.")


def test_chats_survive_a_restart_of_the_server(
    browser: Browser, folder: Path, home: Path, encoder: SentenceEncoder, writer: Typewriter
) -> None:
    settings = Settings(index=folder, home=home)
    with browser.new_context() as person:
        page = person.new_page()
        for start in (1, 2):
            with (
                Engine(settings, Store.open(folder, encoder), encoder, writer) as engine,
                serving(engine) as url,
            ):
                page.goto(url)
                if start == 1:
                    ask(page, "What is UL2?")
                    whole(page)
                else:
                    page.locator(".chats .open", has_text="What is UL2?").click()
                expect(page.locator("#t1 .sentence")).to_have_count(2)
                expect(page.locator("#cards .card h3").first).to_contain_text("UL2: Unifying")
                page.goto("about:blank")


def test_chats_are_listed_searched_renamed_and_deleted(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, "How does DP-LoRA work?")
    whole(page)
    chats = page.locator(".chats .open")
    expect(chats).to_have_text(["How does DP-LoRA work?", "What is UL2?"])
    page.get_by_label("Find a chat").fill("denoisers")
    expect(chats).to_have_text(["What is UL2?"])
    page.get_by_label("Find a chat").fill("")
    expect(chats).to_have_count(2)
    page.get_by_label("More for What is UL2?").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("Denoisers <b>mixed</b>")
    page.keyboard.press("Enter")
    expect(chats).to_have_text(["How does DP-LoRA work?", "Denoisers <b>mixed</b>"])
    chats.nth(1).click()
    expect(page.locator("#t1 h2")).to_have_text("What is UL2?")
    page.get_by_label("More for Denoisers").click()
    page.locator("li.current").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(chats).to_have_text(["How does DP-LoRA work?"])
    expect(page.locator(".turn")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("chat="))


def test_nobody_sees_the_chats_of_another(visit: Callable[..., Page]) -> None:
    one, two = visit(), visit()
    ask(one, "What is UL2?")
    whole(one)
    expect(one).to_have_url(re.compile("chat="))
    two.goto(one.url)
    expect(two.get_by_role("heading", name="Ask the papers")).to_be_visible()
    expect(two.locator(".turn")).to_have_count(0)
    expect(two.locator("#history")).to_have_text("Your chats are kept here.")


@pytest.mark.parametrize(("kind", "begins"), [("Markdown", "# What is UL2?"), ("JSON", "{"), ("BibTeX", "@")])
def test_a_chat_is_exported_with_its_bibliography(visit: Callable[..., Page], kind: str, begins: str) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    page.get_by_label("More for What is UL2?").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=kind).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert "UL2: Unifying Language Learning Paradigms" in text


def test_a_thumb_is_kept_with_its_reason(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    page.get_by_role("button", name="Good answer").click()
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Bad answer").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("It leaves out T5.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")


def test_an_edited_question_goes_on_in_a_new_chat_and_loses_nothing(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    ask(page, "How does DP-LoRA work?")
    whole(page, 2)
    page.locator("#t1").get_by_role("button", name="Edit").click()
    expect(page.get_by_label("Question")).to_have_value("What is UL2?")
    expect(page.locator("#scope")).to_contain_text("Editing question 1")
    ask(page, "What is EvilNet?")
    expect(page.locator("#t1 h2")).to_have_text("What is EvilNet?")
    whole(page, 1)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".chats .open")).to_have_text(["What is EvilNet?", "What is UL2?"])
    page.locator(".chats .open").nth(1).click()
    expect(page.locator(".turn h2")).to_have_text(["What is UL2?", "How does DP-LoRA work?"])


def test_the_last_question_is_asked_once_more_in_its_place(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    page.locator("#t1").get_by_role("button", name="Retry").click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_hidden()
    whole(page, 1)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".chats .open")).to_have_count(1)
    page.get_by_label("Question").focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Question")).to_have_value("What is UL2?")


def test_two_windows_on_one_chat_lose_nothing(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    expect(page).to_have_url(re.compile("chat="))
    other = page.context.new_page()
    other.goto(page.url)
    ask(other, "How does DP-LoRA work?")
    whole(other, 2)
    page.locator("#t1").get_by_role("button", name="Retry").click()
    expect(page.locator(".chats .open")).to_have_count(2)
    other.reload()
    expect(other.locator(".turn h2")).to_have_text(["What is UL2?", "How does DP-LoRA work?"])
    other.close()


def test_a_chat_deleted_in_another_window_goes_on_as_a_new_one(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "What is UL2?")
    whole(page)
    expect(page).to_have_url(re.compile("chat="))
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("More for What is UL2?").click()
    other.get_by_role("button", name="Delete").click()
    other.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(other.locator(".turn")).to_have_count(0)
    other.close()
    ask(page, "How does DP-LoRA work?")
    whole(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".chats .open")).to_have_count(1)
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
