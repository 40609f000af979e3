"""What a notebook shows of the records: whole, linked, and with no mark-up but our own."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from index.papers import Paper
from rag import Answer, Citation, Engine, Match, PaperList, Quote, Sentence
from rag.answer import Support
from tests.test_lists import HOSTILE, TIDE

OURS = {"div", "p", "br", "b", "small", "a", "span", "ol", "li"}
ATTACK = (
    '<img src=x onerror=alert(1)>"\' onmouseover="x" $\\href{javascript:alert(1)}{x}$ [a](javascript:b) `c` &lt;i&gt;'
)


class Page(HTMLParser):
    """Keeps the tags, the attributes and the text of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.open += [tag] * (tag != "br")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(record: Answer | Match | PaperList | Paper) -> Page:
    """Return the HTML of a record, after checking that nothing in it is mark-up but ours."""
    read = Page(record._repr_html_())
    assert read.open == []
    assert {tag for tag, _ in read.tags} <= OURS
    known = {"div": {"class", "style"}, "a": {"href", "target", "rel", "title"}, "span": {"title"}, "li": {"value"}}
    for tag, attributes in read.tags:
        assert attributes.keys() <= known.get(tag, set()) | ({"style"} if tag == "ol" else set())
        assert attributes.get("href", "https://").startswith(("https://", "http://"))
    assert "mathjax_ignore" in read.tags[0][1]["class"]
    return read


def rendered(record: Answer | Match | PaperList) -> str:
    """Return the Markdown of a record as HTML, after checking that nothing in it is mark-up but ours."""
    html = str(MarkdownIt("commonmark").render(record._repr_markdown_()))
    assert set(re.findall(r"<(\w+)", html)) <= {"h1", "p", "ol", "li", "a", "strong", "em", "blockquote"}
    assert 'href="javascript' not in html
    return html


def answered(*papers: Paper, **fields: object) -> Answer:
    quotes = [Quote(paper.abstract, 0, len(paper.abstract)) for paper in papers]
    said = tuple(
        Sentence(paper.abstract, (number,), "supported", (quote,), lead=" " if number > 1 else "")
        for number, (paper, quote) in enumerate(zip(papers, quotes, strict=True), 1)
    )
    cited = tuple(Citation(n, paper, quote) for n, (paper, quote) in enumerate(zip(papers, quotes, strict=True), 1))
    text = "".join(sentence.lead + sentence.marked for sentence in said)
    answer = Answer("Why?", "Why?", text, True, said, cited, tuple(Match(paper, 0.5) for paper in papers), done=True)
    return replace(answer, **fields)  # type: ignore[arg-type]


def test_an_answer_links_its_markers_and_lists_what_it_cites(engine: Engine) -> None:
    shown = page(answered(TIDE))
    assert "TideNet forecasts sea levels. It is fast [1]." in shown.text
    marker, reference = [attributes for tag, attributes in shown.tags if tag == "a"]
    assert marker["title"] == "TideNet: Forecasting Sea Levels: “TideNet forecasts sea levels. It is fast.”"
    assert marker["href"] == reference["href"] == TIDE.url
    assert "Ada Tide, Björn Ström · 2024-01-05 · forecasting, oceans" in shown.text
    asked = page(engine.ask("How much less time does pretraining take with Compost?"))
    assert "Pretraining takes 1.5x less time on average [1]." in asked.text
    assert asked.text.count("“On average, pretraining takes 1.5x less time.”") == 1


@pytest.mark.parametrize(
    ("support", "shown"),
    [
        ("supported", "TideNet forecasts sea levels. It is fast [1]. ✓"),
        ("unverified", "TideNet forecasts sea levels. It is fast [1]."),
        ("quoted", "“TideNet forecasts sea levels. It is fast.” [1]"),
    ],
)
def test_a_verified_sentence_has_a_mark_and_a_quoted_one_quotation_marks(support: Support, shown: str) -> None:
    answer = answered(TIDE)
    sentence = replace(answer.sentences[0], support=support)
    answer = replace(answer, sentences=(sentence,), text=sentence.marked)
    for text in (page(answer).text, re.sub("<[^>]+>", "", rendered(answer))):
        assert text.startswith(shown)
        assert ("✓" in text) is ("✓" in shown)


def test_an_answer_in_markdown_has_links_and_quotations() -> None:
    assert answered(TIDE, note="Few.")._repr_markdown_() == (
        "TideNet forecasts sea levels. It is fast [\\[1\\]](https://arxiv.org/abs/2401.01234). ✓\n\n"
        "Few.\n\n"
        "1. [TideNet: Forecasting Sea Levels](https://arxiv.org/abs/2401.01234)\n"
        "   Ada Tide, Björn Ström · 2024-01-05\n"
        "   > TideNet forecasts sea levels. It is fast.\n"
    )
    html = rendered(answered(TIDE))
    assert '<a href="https://arxiv.org/abs/2401.01234">[1]</a>' in html and "<blockquote>" in html


def test_a_declined_answer_shows_the_nearest_papers(engine: Engine) -> None:
    declined = engine.ask("Zebra xylophone quiche?")
    nearest = declined.matches[0].paper.title
    for text in (page(declined).text, rendered(declined)):
        assert "The papers do not say." in text and "Nearest papers:" in text and nearest in text


def test_a_growing_answer_shows_the_sentence_that_is_not_checked_yet() -> None:
    answer = answered(TIDE)
    growing = replace(answer, text=f"{answer.text} It also <b>", done=False)
    assert page(growing).text.count("It also <b>") == 1
    assert "It also \\<b\\>" in growing._repr_markdown_()


def test_a_list_is_numbered_and_says_why(engine: Engine) -> None:
    found = engine.papers("private fine-tuning with sparse noise", limit=3)
    shown = page(found)
    assert [attributes["value"] for tag, attributes in shown.tags if tag == "li"] == ["1", "2", "3"]
    assert found.request in shown.text and "3 papers" in shown.text
    assert all(f"“{match.sentences[0].text}”" in shown.text for match in found.matches)
    assert found._repr_markdown_() == found.to_markdown()
    assert "0 papers" in page(PaperList("moss", (), "None of the papers is about that.")).text


def test_a_match_and_a_paper_show_title_and_text(engine: Engine) -> None:
    match = engine.search("word error rate on noisy speech", limit=1)[0]
    assert match.sentences[0].text in page(match).text and match.sentences[0].text in rendered(match)
    assert match.paper.title in page(match.paper).text and match.paper.abstract in page(match.paper).text


@pytest.mark.parametrize("text", [ATTACK, HOSTILE.title, "</div></ol><script>alert(1)</script>"])
def test_a_hostile_text_stays_text(text: str) -> None:
    bad = Paper("title:bad", text, text, (text,), text, f"javascript:{text}", (text,), (text,), (text,))
    linked = replace(bad, url='https://example.org/"><script>alert(1)</script> onclick=x')
    answer = answered(bad, linked, question=text, note=text)
    found = PaperList(text, answer.matches, text)
    for shown in (page(answer), page(found), page(Match(linked, 0.5, (Quote(text, 0, 1),))), page(linked)):
        assert text in shown.text
    for html in (rendered(answer), rendered(found), rendered(Match(bad, 0.5, (Quote(text, 0, 1),)))):
        assert "<script" not in html and "<img" not in html
        assert "&lt;i&gt;" not in html
