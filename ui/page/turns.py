"""A question and its `Answer` in, the HTML of a turn of the chat out. Knows nothing of Gradio, engines or sessions.

Every text that comes from a paper, a model or a person is escaped here: what these functions return is markup of our
own. A turn is known by its number, so that the ids of several turns never meet: `t2` is the second turn.
"""

import json
from collections.abc import Sequence
from html import escape

from rag import suggest
from rag.answer import Answer, Citation, Quote, Sentence
from ui.feedback import Thumb
from ui.page import chips

_MARK = (
    '<span class="check" title="Supported by the cited abstract"><span aria-hidden="true">{}</span>'
    '<span class="unseen">supported</span></span>'
)


def turn(number: int, answer: Answer, error: str = "", ahead: int = 0, rated: Thumb | None = None) -> str:
    """Return the question and what there is of its answer.

    Args:
        number: From 1.
        answer: As far as it is.
        error: Stands below it as one clear line.
        ahead: Other people's answers that are written first.
        rated: What a person has said of it.
    """
    busy = not (answer.done or error)
    body = _declined(number, answer) if answer.done and not answer.answered else _text(number, answer)
    if busy and not answer.text:
        body = f'<p class="waiting">{_waiting(answer, ahead)}…</p>'
    papers = json.dumps([citation.paper.id for citation in answer.citations])
    return (
        f'<article class="turn" id="t{number}" tabindex="-1" data-turn="{number}" data-papers="{escape(papers)}">'
        f'<h2 class="question">{escape(answer.question)}</h2>{chips.of_turn(number, answer.filter, busy)}'
        f'<div class="answer" aria-busy="{str(busy).lower()}">{body}'
        + (f'<p class="error" role="alert">{escape(error)}</p>' if error else "")
        + (f'<p class="note">{escape(answer.note)}</p>' if answer.note else "")
        + f"</div>{_timings(answer)}{'' if busy else _tools(number, answer, rated)}</article>"
    )


def refused(error: str) -> str:
    """Return one clear line in place of an answer to what is no question."""
    return f'<p class="error" role="alert">{escape(error)}</p>'


def turns(answers: Sequence[Answer], ratings: Sequence[Thumb | None] = ()) -> str:
    """Return whole turns, oldest first."""
    rated = [*ratings, *[None] * len(answers)]
    return "".join(turn(number, answer, rated=rated[number - 1]) for number, answer in enumerate(answers, 1))


def follow_ups(answer: Answer) -> str:
    """Return buttons for what can be asked next."""
    buttons = "".join(
        f'<button type="button" data-do="ask" data-question="{escape(question)}">{escape(question)}</button>'
        for question in suggest.follow_ups(answer)
    )
    return f'<div class="follow-ups"><h3>Ask next</h3>{buttons}</div>' if buttons else ""


def scope(titles: Sequence[str]) -> str:
    """Return the line that says which papers the next question is asked of; nothing when it is all of them."""
    if not titles:
        return ""
    told = f"“{titles[0]}”" if len(titles) == 1 else f"{len(titles)} chosen papers"
    return (
        f'<p class="scope"><span>Asking only <b>{escape(told)}</b></span>'
        '<button type="button" data-do="all_papers">Ask all papers</button></p>'
    )


def editing(number: int) -> str:
    """Return the line that says whose question the box holds."""
    return (
        f'<p class="scope"><span>Editing question {number}</span>'
        '<button type="button" data-do="edit">Cancel</button></p>'
    )


def start() -> str:
    """Return what stands in the chat before the first question."""
    return (
        "<h2>Ask the papers</h2><p>Answers cite their sources. ✓ marks a sentence that the cited abstract supports; "
        "what stands between “ ” is quoted from it word for word.</p>"
    )


def plain_text(answer: Answer) -> str:
    """Return an answer as a person pastes it: its text, then the papers that it cites."""
    papers = [f"[{each.number}] {each.paper.title}" + f" {each.paper.url or ''}".rstrip() for each in answer.citations]
    return "\n\n".join(filter(None, (answer.text, "\n".join(papers))))


def _waiting(answer: Answer, ahead: int) -> str:
    if ahead:
        return f"Waiting for {ahead} answer{'s' * (ahead > 1)} before yours"
    return "Reading the papers" if answer.matches else "Looking for papers"


def _text(number: int, answer: Answer) -> str:
    """Return the sentences with their marks, and the piece at the end that is still being written."""
    whole = "".join(_sentence(number, at, sentence, answer) for at, sentence in enumerate(answer.sentences, 1))
    rest = answer.unfinished
    return f'<p class="text">{whole}{escape(rest)}</p>' if whole or rest else ""


def _sentence(number: int, at: int, sentence: Sentence, answer: Answer) -> str:
    """Return one sentence: its words, its markers, and the mark of one that was verified."""
    lead = sentence.lead if at > 1 else ""
    quotes = dict(zip(sentence.numbers, sentence.quotes, strict=False))
    papers = {citation.number: citation for citation in answer.citations}
    markers = "".join(_marker(number, papers[n], quotes.get(n)) for n in sentence.numbers if n in papers)
    words = f'<span class="words">{escape(sentence.words)}</span>'
    check = _MARK.format(sentence.mark) if sentence.mark else ""
    return f'{escape(lead)}<span class="sentence {sentence.support}">{words}{markers}{check}</span>'


def _marker(number: int, citation: Citation, quote: Quote | None) -> str:
    """Return a link to the card of a citation; what a person is told who hovers over it or focuses it goes along."""
    shown = quote or citation.quote
    return (
        f'<a class="marker" href="#t{number}-c{citation.number}" data-title="{escape(citation.paper.title)}" '
        f'data-quote="{escape(shown.text)}" data-start="{shown.start}" '
        f'aria-label="Citation {citation.number}: {escape(citation.paper.title)}">[{citation.number}]</a>'
    )


def _declined(number: int, answer: Answer) -> str:
    """Return the sentence that declines, and links to the papers that came nearest."""
    nearest = "".join(
        f'<li><a href="#t{number}-m{rank}">{escape(match.paper.title)}</a></li>'
        for rank, match in enumerate(answer.matches[:5], 1)
    )
    listed = f'<h3 class="nearest">Nearest papers</h3><ol class="nearest">{nearest}</ol>' if nearest else ""
    return f'<p class="text declined">{escape(answer.text)}</p>{listed}'


def _timings(answer: Answer) -> str:
    """Return when the papers, the first word and the end came."""
    times = answer.timings
    named = (("papers", times.papers_s), ("first word", times.first_token_s), ("done", times.total_s))
    told = " · ".join(f"{name} {seconds:.1f} s" for name, seconds in named if seconds is not None)
    return f'<p class="timings">{told}</p>'


def _tools(number: int, answer: Answer, rated: Thumb | None) -> str:
    """Return what can be done with an answer that is whole."""
    quiet = f'data-turn="{number}" type="button"'
    pressed = {thumb: f'aria-pressed="{str(thumb == rated).lower()}"' for thumb in ("up", "down")}
    return (
        f'<div class="tools" role="group" aria-label="Answer {number}">'
        f'<button {quiet} data-show="{number}">Evidence</button>'
        f'<button {quiet} data-copy="{escape(plain_text(answer))}">Copy</button>'
        f'<button {quiet} data-do="retry">Retry</button>'
        f'<button {quiet} data-do="edit" data-question="{escape(answer.question)}">Edit</button>'
        f'<button {quiet} data-do="rate" data-thumb="up" {pressed["up"]} aria-label="Good answer">▲</button>'
        f'<button {quiet} data-rate-down {pressed["down"]} aria-label="Bad answer">▼</button></div>'
    )
