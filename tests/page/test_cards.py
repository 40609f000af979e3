"""The markup of answers: what stands in it, where its links lead, and that no text becomes markup."""

import doctest
import re
from dataclasses import replace

import pytest

from index.papers import Paper
from rag.answer import CANNOT_ANSWER, Answer, Citation, Match, Quote, Sentence, Support, Timings
from tests.page.outline import Outline
from ui.page import cards, frame, turns

HOSTILE = (
    '<script>window.pwned=1</script><img src=x onerror="window.pwned=1">" onmouseover=\'x\' ![i](http://e.example/i)'
)
OURS = {"a", "article", "button", "details", "div", "h1", "h2", "h3", "li", "mark", "ol", "p", "section", "span"}
OURS |= {"b", "summary", "ul"}


def paper(name: str, abstract: str, url: str | None = None) -> Paper:
    return Paper(f"title:{name.lower()}", name, abstract, url=url)


def quote(paper: Paper, text: str) -> Quote:
    start = paper.abstract.index(text)
    return Quote(text, start, start + len(text))


UL2 = paper("UL2", "We mix denoisers. UL2 beats T5 on 50 tasks. Code is open.", url="https://arxiv.org/abs/2205.05131")
LORA = paper("LoRA", "Adapters are low-rank. They save memory.")
MAP = paper("Maps", "We draw maps.")


BEATS, SAVE = quote(UL2, "UL2 beats T5 on 50 tasks."), quote(LORA, "They save memory.")
WHOLE = Answer(
    question="What is UL2?",
    standalone="What is UL2?",
    text="UL2 beats T5 [1]. It saves memory [2].",
    sentences=(
        Sentence("UL2 beats T5.", (1,), "supported", (BEATS,), ""),
        Sentence("It saves memory.", (2,), "unverified", (SAVE,)),
    ),
    citations=(Citation(1, UL2, BEATS), Citation(2, LORA, SAVE)),
    matches=(Match(MAP, 0.9, (quote(MAP, "We draw maps."),)), Match(UL2, 0.8), Match(LORA, 0.7)),
    timings=Timings(0.12, 4.84, 9.0),
    done=True,
)


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(cards).failed == doctest.testmod(turns).failed == 0


def test_markers_lead_to_cards_of_their_turn_and_tell_paper_and_sentence() -> None:
    outline = Outline(turns.turn(3, WHOLE))
    markers = [attributes for tag, attributes in outline.tags if tag == "a"]
    assert [(m["href"], m["data-title"], m["data-quote"]) for m in markers] == [
        ("#t3-c1", "UL2", "UL2 beats T5 on 50 tasks."),
        ("#t3-c2", "LoRA", "They save memory."),
    ]
    assert markers[0]["aria-label"] == "Citation 1: UL2"
    marked = Outline(cards.evidence(3, WHOLE)).values("data-start")
    assert [m["data-start"] for m in markers] == marked[:2] == ["18", "23"]
    assert {"t3-c1", "t3-c2", "t3-m1"} <= set(Outline(cards.evidence(3, WHOLE)).values("id"))


def test_evidence_lists_cited_papers_first_and_none_twice() -> None:
    headings = re.findall(r"<h[23].*?</h[23]>", cards.evidence(1, WHOLE))
    told = [" ".join(Outline(heading).text.split()) for heading in headings]
    assert told == ["Cited", "[1] UL2", "[2] LoRA", "Also found", "1 Maps"]


def test_card_holds_whole_abstract_with_every_quoted_sentence_marked() -> None:
    both = (quote(UL2, "UL2 beats T5 on 50 tasks."), quote(UL2, "We mix denoisers."))
    sentences = tuple(Sentence("x", (1,), "supported", (q,)) for q in both)
    html = cards.evidence(1, replace(WHOLE, sentences=sentences))
    html = re.sub(' data-start="[0-9]+"', "", html)
    assert "<mark>We mix denoisers.</mark> <mark>UL2 beats T5 on 50 tasks.</mark> Code is open." in html


@pytest.mark.parametrize(
    ("quotes", "expected"),
    [
        ([Quote("b c", 2, 5), Quote("c d", 4, 7)], "a <mark>b c</mark><mark> d</mark> e"),
        ([Quote("a b c", 0, 5), Quote("b", 2, 3)], "<mark>a b c</mark> d e"),
        ([Quote("not there", 2, 5)], "a b c d e"),
        ([Quote("", 2, 2)], "a b c d e"),
        ([], "a b c d e"),
    ],
)
def test_highlights_survive_overlaps_and_wrong_offsets(quotes: list[Quote], expected: str) -> None:
    assert re.sub(' data-start="[0-9]+"', "", cards.highlighted("a b c d e", quotes)) == expected


@pytest.mark.parametrize(
    ("support", "shown"),
    [
        ("supported", "UL2 beats T5 on 50 tasks.[1]✓supported"),
        ("unverified", "UL2 beats T5 on 50 tasks.[1]"),
        ("quoted", "“UL2 beats T5 on 50 tasks.”[1]"),
    ],
)
def test_a_verified_sentence_has_a_mark_and_a_quoted_one_quotation_marks(support: Support, shown: str) -> None:
    sentence = Sentence("UL2 beats T5 on 50 tasks.", (1,), support, (BEATS,), "")
    html = turns.turn(1, replace(WHOLE, sentences=(sentence,), text=sentence.marked))
    assert Outline(re.findall(r'<p class="text">.*?</p>', html)[0]).text == shown
    assert ("Supported by the cited abstract" in html) is (support == "supported")


def test_the_empty_chat_says_what_the_marks_mean() -> None:
    told = Outline(turns.start()).text
    assert "✓ marks a sentence that the cited abstract supports" in told
    assert "between “ ” is quoted from it word for word" in told


def test_a_whole_answer_can_be_copied_retried_edited_and_rated() -> None:
    outline = Outline(turns.turn(2, WHOLE, rated="up"))
    assert outline.values("data-do") == ["retry", "edit", "rate"] and set(outline.values("data-turn")) == {"2"}
    assert outline.values("aria-pressed") == ["true", "false"]
    (copied,) = outline.values("data-copy")
    assert copied.startswith(f"{WHOLE.text}\n\n[1] UL2 https://arxiv.org/abs/2205.05131\n[2] LoRA")
    assert "data-do" not in turns.turn(2, replace(WHOLE, done=False))


def test_what_can_be_asked_next_comes_from_the_evidence() -> None:
    named = Paper("title:t", "TideNet: Sea Levels", "It forecasts. The error falls by 31%.", topics=("oceans",))
    other = Paper("title:o", "Orchard: Jobs", "It schedules.")
    said = Answer("What is TideNet?", "", "It forecasts [1].", citations=(Citation(1, named, quote(named, "It")),))
    html = turns.follow_ups(replace(said, matches=(Match(named, 1.0), Match(other, 0.5))))
    assert Outline(html).values("data-question") == [
        "Which results does TideNet report?",
        "How does TideNet work?",
        "How does Orchard work?",
    ]
    assert turns.follow_ups(Answer("q", "q")) == ""


def test_who_waits_is_told_behind_how_many() -> None:
    assert "Waiting for 2 answers before yours…" in turns.turn(1, Answer("q", "q"), ahead=2)


def test_growing_answer_shows_papers_then_words_then_checked_sentences() -> None:
    begun = replace(WHOLE, text="", sentences=(), citations=(), done=False, timings=Timings(0.1))
    assert "Reading the papers…" in turns.turn(1, begun)
    assert re.findall(r"group..([^<]+)</h2>", cards.evidence(1, begun)) == ["Cited", "Also found"]
    growing = replace(WHOLE, done=False, text="UL2 beats T5 [1]. It sav", sentences=WHOLE.sentences[:1])
    outline = Outline(turns.turn(1, growing))
    assert "UL2 beats T5.[1]✓supported It sav" in outline.text
    assert outline.values("aria-busy") == ["true"]


def test_marker_without_citation_is_left_out() -> None:
    html = turns.turn(1, replace(WHOLE, citations=WHOLE.citations[:1]))
    assert Outline(html).values("href") == ["#t1-c1"]


def test_declined_answer_names_the_nearest_papers() -> None:
    declined = replace(WHOLE, text=CANNOT_ANSWER, answered=False, sentences=(), citations=())
    outline = Outline(turns.turn(2, declined))
    assert CANNOT_ANSWER in outline.text and "Nearest papers" in outline.text
    assert outline.values("href") == ["#t2-m1", "#t2-m2", "#t2-m3"]
    assert set(outline.values("href")) <= {f"#{i}" for i in Outline(cards.evidence(2, declined)).values("id")}


def test_notes_errors_and_timings_are_told() -> None:
    html = turns.turn(1, replace(WHOLE, note="The model is still loading."), error="Too long. Shorten it.")
    told = "Too long. Shorten it.The model is still loading.papers 0.1 s · first word 4.8 s · done 9.0 s"
    assert told in Outline(html).text


@pytest.mark.parametrize(
    ("paper_id", "url", "link"),
    [
        ("title:x", "https://aclanthology.org/1", "https://aclanthology.org/1"),
        ("arxiv:2205.05131", None, "https://arxiv.org/abs/2205.05131"),
        ("doi:10.1/x", "javascript:alert(1)", "https://doi.org/10.1/x"),
        ("title:x", None, "https://www.semanticscholar.org/search?q=A+%26+B"),
    ],
)
def test_card_links_to_the_paper_or_a_search_for_it(paper_id: str, url: str | None, link: str) -> None:
    one = Paper(paper_id, "A & B", "We do.", url=url)
    html = cards.evidence(1, Answer("q", "q", citations=(Citation(1, one, quote(one, "We do.")),)))
    assert Outline(html).values("href")[0] == link
    assert (">find it<" in html) == ("semanticscholar" in link)


def test_card_tells_what_is_known_of_the_paper() -> None:
    known = replace(
        UL2, authors=tuple("ABCDEFG"), published="2022-05", sources=("a.txt", "b.txt"), topics=("pretraining",),
        code=("https://github.com/g/ul2", "javascript:alert(1)"), kind="digest",
    )  # fmt: skip
    text = Outline(cards.evidence(1, Answer("q", "q", matches=(Match(known, 1.0),)))).text
    assert "A, B, C, D, E, F and others · 2022-05 · from a.txt, b.txt" in text
    assert "Digest in our own words, not the published abstract." in text
    assert "Code: github.com/g/ul2" in text and "pretraining" in text and "javascript" not in text


def test_evidence_of_earlier_turns_is_there_unseen() -> None:
    first, second = re.findall("<section[^>]+>", cards.earlier_evidence([WHOLE, replace(WHOLE, question="Second?")]))
    assert first.endswith(" hidden>") and 'id="e1"' in first and 'id="e2"' in second
    assert "hidden" not in cards.evidence(3, WHOLE)
    assert cards.earlier_evidence([]) == ""


def test_ids_are_unique_over_turns() -> None:
    several = [WHOLE, WHOLE, WHOLE]
    ids = Outline(turns.turns(several) + cards.earlier_evidence(several[:2]) + cards.evidence(3, several[2])).values(
        "id"
    )
    assert len(ids) == len(set(ids)) == 3 * 5


def test_no_text_becomes_markup() -> None:
    evil = Paper("title:x", HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,), (HOSTILE,))
    whole = Quote(HOSTILE, 0, len(HOSTILE))
    sentence = Sentence(HOSTILE, (1,), "quoted", (whole,), HOSTILE)
    hostile = Answer(
        HOSTILE, HOSTILE, f"{HOSTILE} [1]. {HOSTILE}", True, (sentence, sentence),
        (Citation(1, evil, whole),), (Match(replace(evil, id="title:y"), 1.0, (whole,)),), note=HOSTILE,
    )  # fmt: skip
    for each in (hostile, replace(hostile, answered=False, done=True)):
        html = turns.turn(1, each, HOSTILE) + cards.evidence(1, each) + cards.earlier_evidence([each])
        html += cards.similar(evil, each.matches) + turns.scope([HOSTILE]) + turns.follow_ups(each)
        outline = Outline(html + frame.status_line(1, HOSTILE, HOSTILE))
        assert {tag for tag, _ in outline.tags} <= OURS
        assert {name for _, attributes in outline.tags for name in attributes} <= {
            "aria-busy", "aria-hidden", "aria-label", "aria-live", "aria-pressed", "class", "hidden", "href", "id",
            "rel", "role", "tabindex", "target", "title", "type", "data-copy", "data-do", "data-paper", "data-papers",
            "data-question", "data-quote", "data-rate-down", "data-show", "data-start", "data-thumb", "data-title",
            "data-turn",
        }  # fmt: skip
        assert all(href.startswith(("#t", "https://")) for href in outline.values("href"))


@pytest.mark.parametrize(
    ("writer", "state", "told"),
    [
        ("qwen", "ready", "1,679 papers · qwen"),
        ("qwen", "loading", "1,679 papers · qwen (loading…)"),
        ("qwen", "file is missing", "1,679 papers · qwen (file is missing)"),
        ("none", "ready", "1,679 papers · no language model, quoted sentences only"),
    ],
)
def test_status_line_tells_size_and_model(writer: str, state: str, told: str) -> None:
    assert Outline(frame.status_line(1679, writer, state)).text == f"paperchat{told}"
