"""The papers of an `Answer` in, the HTML of their cards out. Knows nothing of Gradio, engines or sessions.

Every text that comes from a paper or a person is escaped here: what these functions return is markup of our own. Ids
begin with the turn's number: `e2` holds the evidence of the second turn, `t2-c1` is the card of its citation [1],
`t2-m3` that of the third paper that was found for it.
"""

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote_plus

from index.papers import Paper, is_web
from rag.answer import Answer, Citation, Match, Quote
from rag.lists import PaperList

AWAY = ' target="_blank" rel="noopener noreferrer"'
"""Of every link that leaves the page."""


def evidence(number: int, answer: Answer, chosen: bool = True) -> str:
    """Return the cards of a turn: the papers it cites in order of their numbers, then the others that were found.

    Only the evidence of the chosen turn is seen; that of the others is there for when they are.
    """
    cited = [_cited(number, citation, answer) for citation in answer.citations]
    numbers = {citation.paper.id for citation in answer.citations}
    found = [
        _found(f"t{number}-m{rank}", rank, match)
        for rank, match in enumerate(answer.matches, 1)
        if match.paper.id not in numbers
    ]
    if not answer.done and answer.matches and not cited:
        cited = ['<li class="card to-come">The papers that the answer cites come here.</li>']
    named = f'aria-label="Evidence of answer {number}"'
    return (
        f'<section class="evidence-of" id="e{number}" data-turn="{number}" {named}{"" if chosen else " hidden"}>'
        f'<p class="evidence-for">{escape(answer.question)}</p>'
        f"{_group('Cited', cited)}{_group(_found_title(answer), found)}</section>"
    )


def earlier_evidence(answers: Sequence[Answer]) -> str:
    """Return the cards of earlier turns, all unseen."""
    return "".join(evidence(number, answer, chosen=False) for number, answer in enumerate(answers, 1))


def similar(paper: Paper, matches: Sequence[Match]) -> str:
    """Return the cards of the papers that are like one."""
    found = [_found(f"like-{rank}", rank, match) for rank, match in enumerate(matches, 1)]
    return (
        '<section class="like"><button type="button" data-do="close_similar">Close</button>'
        f"{_group(f'Like “{escape(paper.title)}”', found)}</section>"
    )


def no_evidence() -> str:
    """Return what stands in place of the evidence before the first question."""
    return '<p class="no-evidence">The papers behind an answer appear here.</p>'


def card(paper: Paper, quotes: Iterable[Quote] = (), label: str = "", card_id: str = "", end: str = "") -> str:
    """Return the open card of a paper: all that is known of it, and what can be done with it.

    Args:
        paper: The paper.
        quotes: Sentences of its abstract that are highlighted.
        label: Markup in front of its title.
        card_id: By which links lead to it.
        end: Markup below.
    """
    url, title = paper.page, escape(paper.title)
    linked = f'<a href="{escape(url)}"{AWAY}>{title}</a>' if url else title
    named = f' id="{escape(card_id)}"' if card_id else ""
    return f'<article class="card"{named} tabindex="-1"><h3>{label}{linked}</h3>{details(paper, quotes)}{end}</article>'


def actions(paper: Paper) -> str:
    """Return the buttons of a paper: copy its BibTeX, look for more like it, ask about it."""
    bibtex, named = escape(PaperList("", (Match(paper, 1.0),)).to_bibtex()), escape(paper.title)
    return (
        f'<div class="tools" role="group" aria-label="{named}">'
        f'<button type="button" data-copy="{bibtex}">Cite</button>'
        f'<button type="button" data-do="similar" data-paper="{escape(paper.id)}">More like this</button>'
        f'<button type="button" data-do="about" data-paper="{escape(paper.id)}">Ask about this paper</button></div>'
    )


def highlighted(abstract: str, quotes: Iterable[Quote]) -> str:
    """Return an abstract with its quoted sentences marked; a quote that is not what stands there is left out.

    >>> highlighted("A < B. C.", [Quote("A < B.", 0, 6)])
    '<mark data-start="0">A &lt; B.</mark> C.'
    """
    html, at = [], 0
    for start, end in sorted({(q.start, q.end) for q in quotes if q.text and abstract[q.start : q.end] == q.text}):
        first = max(start, at)
        if end > first:
            html += [escape(abstract[at:first]), f'<mark data-start="{start}">', escape(abstract[first:end]), "</mark>"]
            at = end
    return "".join([*html, escape(abstract[at:])])


def _group(title: str, cards: Sequence[str]) -> str:
    """Return a list of cards under its title (markup), or nothing."""
    return f'<h2 class="group">{title}</h2><ol class="cards">{"".join(cards)}</ol>' if cards else ""


def _found_title(answer: Answer) -> str:
    """Return what the papers that are not cited are called."""
    if not answer.answered:
        return "Nearest papers"
    return "Also found"


def _cited(number: int, citation: Citation, answer: Answer) -> str:
    """Return the open card of a cited paper, every sentence that the answer leans on highlighted."""
    quotes = answer.quotes(citation)
    label = f'<span class="number">[{citation.number}]</span> '
    back = f'<a class="back" href="#t{number}">Back to the answer</a>'
    return f"<li>{card(citation.paper, quotes, label, f't{number}-c{citation.number}', back)}</li>"


def _found(card_id: str, rank: int, match: Match) -> str:
    """Return the folded card of a paper that is not cited: its title and best sentence, the rest on opening.

    The id stands inside, because a browser opens what is folded around the place that a link leads to.
    """
    best = match.sentences[:1]
    hint = f'<span class="hint">{escape(best[0].text)}</span>' if best else ""
    url = match.paper.page
    out = f'<p><a href="{escape(url)}"{AWAY}>Open the paper</a></p>' if url else ""
    return (
        f'<li><article class="card found"><details><summary><h3><span class="number" title="Found as number {rank}">'
        f"{rank}</span> {escape(match.paper.title)}</h3>{hint}</summary>"
        f'<div id="{card_id}" tabindex="-1">{out}{details(match.paper, best)}</div></details></article></li>'
    )


def details(paper: Paper, quotes: Iterable[Quote]) -> str:
    """Return all that is known of a paper but its title, and what can be done with it."""
    who = ", ".join(paper.authors[:6]) + (" and others" if len(paper.authors) > 6 else "")
    from_ = f"from {', '.join(paper.sources)}" if paper.sources else ""
    meta = " · ".join(escape(piece) for piece in (who, paper.published, from_) if piece)
    if not paper.page:
        search = f"https://www.semanticscholar.org/search?q={quote_plus(paper.title)}"
        meta += f'{" · " if meta else ""}<a href="{escape(search)}"{AWAY}>find it</a>'
    topics = "".join(f"<li>{escape(topic)}</li>" for topic in paper.topics)
    code = ", ".join(
        f'<a href="{escape(url)}"{AWAY}>{escape(url.split("://", 1)[1])}</a>' for url in paper.code if is_web(url)
    )
    return (
        f'<p class="meta">{meta}</p>'
        f'<p class="abstract">{highlighted(paper.abstract, quotes)}</p>'
        + ('<p class="kind">Digest in our own words, not the published abstract.</p>' if paper.kind == "digest" else "")
        + (f'<p class="code">Code: {code}</p>' if code else "")
        + (f'<ul class="topics" aria-label="Topics">{topics}</ul>' if topics else "")
        + actions(paper)
    )
