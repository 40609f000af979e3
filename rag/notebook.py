"""Answers and lists in, HTML and Markdown for a notebook out; the records call it by `_repr_html_`, `_repr_markdown_`.

Every text of a question, a model or a paper stays text.
"""

import re
from collections.abc import Iterable
from html import escape

from index.notebook import box, heading, linked, quotation
from index.papers import Paper
from rag import lists
from rag.answer import Answer, Citation, Match, Sentence
from rag.escaping import plain

_MARKER = re.compile(r"\\?\[(\d+)\\?\]")
_NEAREST = 3


def answer_html(answer: Answer) -> str:
    """Return the text with its markers linked, and the cited papers; on declining, the nearest ones."""
    cited = {citation.number: citation for citation in answer.citations}

    def marker(found: re.Match[str]) -> str:
        if (citation := cited.get(int(found[1]))) is None:
            return found[0]
        return linked(citation.paper, found[0], f"{citation.paper.title}: “{citation.quote.text}”")

    def said(sentence: Sentence) -> str:
        mark = f" {sentence.mark}" if sentence.mark else ""
        return _lines(sentence.lead) + _MARKER.sub(marker, escape(sentence.marked)) + mark

    text = "".join(map(said, answer.sentences)).lstrip() + _lines(escape(answer.unfinished))
    note = f"<p><small>{escape(answer.note)}</small></p>" if answer.note else ""
    papers = _listed((each.number, each.paper, each.quote.text) for each in answer.citations)
    return box(f"<p>{text}</p>{note}{papers or _nearest_html(answer)}")


def answer_markdown(answer: Answer) -> str:
    """Return the text with its markers linked, and below it the cited papers as a numbered list with quotations."""
    cited = {citation.number: citation for citation in answer.citations}
    text = "".join(sentence.lead + _marked(sentence, cited) for sentence in answer.sentences).lstrip()
    parts = [text + plain(answer.unfinished)]
    parts += [plain(answer.note)] if answer.note else []
    parts += ["\n".join(lists.entry(each.number, each.paper, each.quote.text)) for each in answer.citations]
    if not answer.answered and answer.matches:
        near = [line for at, each in enumerate(answer.matches[:_NEAREST], 1) for line in lists.entry(at, each.paper)]
        parts += ["Nearest papers:", "\n".join(near)]
    return "\n\n".join(parts) + "\n"


def match_html(match: Match) -> str:
    """Return a paper that was found, and its best sentence."""
    return box(heading(match.paper) + (quotation(match.sentences[0].text) if match.sentences else ""))


def match_markdown(match: Match) -> str:
    """Return a paper that was found, and its best sentence."""
    return "\n".join(lists.entry(1, match.paper, match.sentences[0].text if match.sentences else "")) + "\n"


def list_html(papers: lists.PaperList) -> str:
    """Return a numbered list: title, people, date, and the sentence that says why."""
    count = f"{len(papers)} paper{'s' * (len(papers) != 1)}"
    head = " · ".join(each for each in (f"<b>{escape(papers.request)}</b>", count, escape(papers.note)) if each)
    whys = [match.sentences[0].text if match.sentences else "" for match in papers.matches]
    rows = ((at, match.paper, why) for at, (match, why) in enumerate(zip(papers.matches, whys, strict=True), start=1))
    return box(f"<p>{head}</p>{_listed(rows)}", scrolls=True)


def _marked(sentence: Sentence, cited: dict[int, Citation]) -> str:
    """Return a sentence as Markdown, its markers linked to the pages of the papers."""

    def marker(found: re.Match[str]) -> str:
        citation = cited.get(int(found[1]))
        return lists.linked(citation.paper, found[0]) if citation else found[0]

    mark = f" {sentence.mark}" if sentence.mark else ""
    return _MARKER.sub(marker, plain(sentence.marked)) + mark


def _listed(rows: Iterable[tuple[int, Paper, str]]) -> str:
    """Return numbered papers, each with its quotation; "" for none."""
    items = [
        f'<li value="{number}">{heading(paper)}{quotation(quote) if quote else ""}</li>'
        for number, paper, quote in rows
    ]
    return f'<ol style="padding-left:2em">{"".join(items)}</ol>' if items else ""


def _nearest_html(answer: Answer) -> str:
    if answer.answered:
        return ""
    near = _listed((at, match.paper, "") for at, match in enumerate(answer.matches[:_NEAREST], start=1))
    return f"<p>Nearest papers:</p>{near}" if near else ""


def _lines(text: str) -> str:
    return text.replace("\n", "<br>")
