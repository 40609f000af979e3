"""A list of papers, or a single one, in; what a person reads of it on the screen."""

from collections.abc import Iterable, Sequence

from index.papers import Paper
from rag.answer import Quote
from rag.lists import PaperList
from ui.terminal.printable import page_of
from ui.terminal.screen import Run, Screen

_AUTHORS = 6
_PLAIN_MARK = "**"
"""Stands around what is highlighted where there are no colours."""


def show_list(papers: PaperList, screen: Screen, notes: Screen) -> None:
    """Write a numbered list, each paper with the sentence that says why."""
    room = len(str(len(papers))) + 1
    for number, match in enumerate(papers.matches, 1):
        title = Run(match.paper.title, "title", page_of(match.paper))
        screen.line(Run(f"{number}.", "mark"), " ", title, start=room - len(f"{number}."), indent=room + 1)
        if about := _about(match.paper):
            screen.line(about, start=room + 1)
        if match.sentences:
            screen.line(Run(f"“{match.sentences[0].text}”", "faint"), start=room + 1)
    if papers.note:
        notes.line(Run(papers.note, "faint"))


def show_paper(number: int, paper: Paper, quotes: Sequence[Quote], screen: Screen) -> None:
    """Write all that is known of a paper, what is quoted of its abstract highlighted."""
    page = page_of(paper)
    marker = f"[{number}]"
    screen.line(Run(marker, "mark"), " ", Run(paper.title, "title", page), indent=len(marker) + 1)
    facts = [_about(paper), page, ", ".join(paper.topics), *[f"Code: {url}" for url in paper.code]]
    for fact in filter(None, facts):
        screen.line(Run(fact, "faint", page if fact == page else ""), start=4)
    screen.end()
    screen.line(*_highlighted(paper.abstract, quotes, "" if screen.colours else _PLAIN_MARK), start=4)
    if paper.kind == "digest" or paper.sources:
        screen.end()
    if paper.kind == "digest":
        screen.line(Run("Digest in our own words, not the published abstract.", "faint"), start=4)
    if paper.sources:
        screen.line(Run(f"From {', '.join(paper.sources)}.", "faint"), start=4)


def _about(paper: Paper) -> str:
    """Return authors and date, as far as they are known."""
    who = ", ".join(paper.authors[:_AUTHORS]) + (" and others" if len(paper.authors) > _AUTHORS else "")
    return " · ".join(filter(None, (who, paper.published)))


def _highlighted(abstract: str, quotes: Iterable[Quote], mark: str) -> list[Run]:
    """Return an abstract with its quoted sentences marked; a quote that is not what stands there is left out."""
    runs, at = [], 0
    for start, end in sorted({(q.start, q.end) for q in quotes if q.text and abstract[q.start : q.end] == q.text}):
        if end > (first := max(start, at)):
            runs += [Run(abstract[at:first]), Run(f"{mark}{abstract[first:end]}{mark}", "found")]
            at = end
    return [*runs, Run(abstract[at:])]
