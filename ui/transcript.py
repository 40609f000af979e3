"""A conversation in, a text to hand on out: Markdown, JSON or BibTeX, its papers numbered once for all its answers."""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rag.answer import Answer, Match, Quote, Sentence
from rag.escaping import plain
from rag.lists import PaperList, entry
from ui.conversations import Conversation

_NAME_CHARS = 60


def to_markdown(conversation: Conversation, answers: Sequence[Answer]) -> str:
    """Return questions as headings, each with its answer; the cited papers and what was quoted of them at the end."""
    papers = bibliography(conversation, answers)
    numbers = _numbers(papers)
    parts = [f"# {plain(conversation.title) or 'Conversation'}", f"*{_dates(conversation)}*"]
    for answer in answers:
        parts += [f"## {plain(answer.question)}", _text(answer, numbers)]
        parts += [f"*Note: {plain(answer.note)}*"] if answer.note else []
    parts += ["## Bibliography"] if len(papers) else []
    for number, match in enumerate(papers.matches, start=1):
        first, *more = match.sentences
        pad = " " * len(f"{number}. ")
        lines = entry(number, match.paper, first.text)
        parts += ["\n".join([*lines, *(f"{pad}>\n{pad}> {plain(quote.text)}" for quote in more)])]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_json(conversation: Conversation, answers: Sequence[Answer]) -> str:
    """Return all of it as JSON text; an answer keeps its own numbers, the bibliography says whose are whose."""
    papers = bibliography(conversation, answers)
    cited = [
        {"number": number, "paper": match.paper.to_dict(), "quotes": [quote.to_dict() for quote in match.sentences]}
        for number, match in enumerate(papers.matches, start=1)
    ]
    values: dict[str, Any] = {
        **conversation.to_dict(),
        "turns": [_turn(answer, _numbers(papers)) for answer in answers],
    }
    return json.dumps({**values, "bibliography": cited}, ensure_ascii=False, indent=2) + "\n"


def to_bibtex(conversation: Conversation, answers: Sequence[Answer]) -> str:
    """Return one BibTeX entry for each cited paper, in the order of the bibliography."""
    return bibliography(conversation, answers).to_bibtex()


FORMATS: dict[str, Callable[[Conversation, Sequence[Answer]], str]] = {
    "md": to_markdown,
    "json": to_json,
    "bib": to_bibtex,
}
"""By the ending of the file."""


def bibliography(conversation: Conversation, answers: Sequence[Answer]) -> PaperList:
    """Return the cited papers in order of first use, each once, with every sentence that was quoted of it.

    The score of a paper is the best of its quotations.
    """
    quotes: dict[str, dict[str, Quote]] = {}
    papers = {citation.paper.id: citation.paper for answer in reversed(answers) for citation in answer.citations}
    for answer in answers:
        for citation in answer.citations:
            of_paper = quotes.setdefault(citation.paper.id, {})
            for quote in answer.quotes(citation):
                of_paper.setdefault(quote.text, quote)
    matches = [
        Match(papers[paper_id], max(quote.score for quote in of_paper.values()), tuple(of_paper.values()))
        for paper_id, of_paper in quotes.items()
    ]
    return PaperList(conversation.title, tuple(matches))


def file_name(conversation: Conversation, ending: str) -> str:
    """Return a name for the file of a conversation: ASCII letters, digits and hyphens of its title.

    >>> file_name(Conversation("x", "What is UL2, Ström's?", "", ""), "md")
    'what-is-ul2-strom-s.md'
    """
    flat = unicodedata.normalize("NFKD", conversation.title).encode("ascii", "ignore").decode().lower()
    return f"{re.sub(r'[^a-z0-9]+', '-', flat)[:_NAME_CHARS].strip('-') or 'conversation'}.{ending}"


def _numbers(papers: PaperList) -> dict[str, int]:
    """Return the number of each paper by its id."""
    return {match.paper.id: number for number, match in enumerate(papers.matches, start=1)}


def _text(answer: Answer, numbers: dict[str, int]) -> str:
    """Return the sentences as Markdown, with the numbers of the bibliography, and what was written after them."""
    pieces = []
    for sentence in _renumbered(answer, numbers):
        mark = f" {sentence.mark}" if sentence.mark else ""
        pieces += [_lead(sentence.lead), plain(sentence.marked), mark]
    return f"{''.join(pieces).strip()} {plain(answer.unfinished)}".strip()


def _turn(answer: Answer, numbers: dict[str, int]) -> dict[str, Any]:
    """Return an answer as JSON values, with the number in the bibliography for each of its own."""
    own = {str(citation.number): numbers[citation.paper.id] for citation in answer.citations}
    return {**answer.to_dict(), "bibliography_numbers": own}


def _renumbered(answer: Answer, numbers: dict[str, int]) -> list[Sentence]:
    """Return the sentences with the numbers of the bibliography in place of the answer's own."""
    ids = {citation.number: citation.paper.id for citation in answer.citations}
    return [
        replace(sentence, numbers=tuple(numbers[ids[number]] for number in sentence.numbers if number in ids))
        for sentence in answer.sentences
    ]


def _lead(lead: str) -> str:
    """Return what stands before a sentence; a new line is a new paragraph in Markdown."""
    return "\n\n" if "\n" in lead else lead


def _dates(conversation: Conversation) -> str:
    """Return when a conversation was held."""
    first, last = (f"{time[:16].replace('T', ' ')} UTC" for time in (conversation.started, conversation.changed))
    return first if first == last else f"{first} – {last}"
