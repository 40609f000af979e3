"""An `Answer` in, the HTML of its turn and of its evidence out. Knows nothing of Gradio, engines or sessions.

Every text that comes from a paper, a model or a person is escaped here, and only here: what these functions return is
markup of our own. A turn is known by its number, so that the ids of several turns never meet: `t2` is the second
turn, `t2-c1` the card of its citation [1], `t2-m3` the third paper that was found for it.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote_plus

from index.papers import Paper
from rag.answer import Answer, Citation, Match, Quote, Sentence

SUPPORT = {"partial": "partly supported", "unsupported": "not found in the papers"}
"""What is said after a sentence that is not wholly supported; supported ones go without a word."""

_MARKER = re.compile(r"\s*\[\d+\]")


def turn(number: int, answer: Answer, error: str = "") -> str:
    """Return the question and what there is of its answer; `error` stands below it as one clear line."""
    busy = not (answer.done or error)
    body = _declined(number, answer) if answer.done and not answer.answered else _text(number, answer)
    if busy and not answer.text:
        body = f'<p class="waiting">{"Reading the papers" if answer.matches else "Looking for papers"}…</p>'
    return (
        f'<article class="turn" id="t{number}" tabindex="-1"><h2 class="question">{escape(answer.question)}</h2>'
        f'<div class="answer" aria-live="polite" aria-busy="{str(busy).lower()}">{body}'
        + (f'<p class="error" role="alert">{escape(error)}</p>' if error else "")
        + (f'<p class="note">{escape(answer.note)}</p>' if answer.note else "")
        + f"</div>{_timings(answer)}</article>"
    )


def evidence(number: int, answer: Answer) -> str:
    """Return the cards of a turn: the papers it cites in order of their numbers, then the others that were found."""
    cited = [_cited(number, citation, answer.sentences) for citation in answer.citations]
    numbers = {citation.paper.id for citation in answer.citations}
    found = [
        _found(number, rank, match) for rank, match in enumerate(answer.matches, 1) if match.paper.id not in numbers
    ]
    return _group("Cited", cited) + _group(_found_title(answer), found)


def turns(answers: Sequence[Answer]) -> str:
    """Return whole turns, oldest first."""
    return "".join(turn(number, answer) for number, answer in enumerate(answers, 1))


def earlier_evidence(answers: Sequence[Answer]) -> str:
    """Return the cards of earlier turns, newest first, each turn folded under its question."""
    folded = [
        f'<details class="earlier"><summary>{escape(answer.question)}</summary>{evidence(number, answer)}</details>'
        for number, answer in enumerate(answers, 1)
        if answer.matches or answer.citations
    ]
    return f'<h2 class="group">Earlier questions</h2>{"".join(reversed(folded))}' if folded else ""


def status_line(papers: int, writer: str, state: str) -> str:
    """Return the line on top: the name, the size of the index, the model and how it is."""
    model = "no language model, quoted sentences only" if writer == "none" else writer
    how = {"ready": "", "loading": " (loading…)"}.get(state, f" ({state})")
    return f"<h1>paperchat</h1><p>{papers:,} papers · {escape(model)}{escape(how) if writer != 'none' else ''}</p>"


def start() -> str:
    """Return what stands in the chat before the first question."""
    return "<h2>Ask the papers</h2><p>Every sentence of an answer links to the abstract that bears it.</p>"


def no_evidence() -> str:
    """Return what stands in place of the evidence before the first question."""
    return '<p class="no-evidence">The papers behind an answer appear here.</p>'


def _text(number: int, answer: Answer) -> str:
    """Return the sentences with their marks, and the piece at the end that is still being written."""
    whole = "".join(_sentence(number, at, sentence, answer) for at, sentence in enumerate(answer.sentences, 1))
    rest = unfinished(answer)
    return f'<p class="text">{whole}{escape(rest)}</p>' if whole or rest else ""


def unfinished(answer: Answer) -> str:
    """Return what stands in the text after the last checked sentence.

    >>> unfinished(Answer("q", "q", "It works [1]. And it", sentences=(Sentence("It works.", (1,), "supported"),)))
    ' And it'
    """
    plain, at = _MARKER.sub("", answer.text), 0
    for words in (_MARKER.sub("", sentence.text) for sentence in answer.sentences):
        if (found := plain.find(words, at)) >= 0:
            at = found + len(words)
    return plain[at:]


def _sentence(number: int, at: int, sentence: Sentence, answer: Answer) -> str:
    """Return one sentence: its words, its markers and, unless it is wholly supported, what the check said."""
    lead = sentence.lead if at > 1 else ""
    quotes = dict(zip(sentence.numbers, sentence.quotes, strict=False))
    papers = {citation.number: citation for citation in answer.citations}
    markers = "".join(_marker(number, papers[n], quotes.get(n)) for n in sentence.numbers if n in papers)
    verdict = SUPPORT.get(sentence.support)
    badge = f' <span class="badge">{verdict}</span>' if verdict else ""
    words = f'<span class="words">{escape(sentence.text)}</span>'
    return f'{escape(lead)}<span class="sentence {sentence.support}">{words}{markers}{badge}</span>'


def _marker(number: int, citation: Citation, quote: Quote | None) -> str:
    """Return a link to the card of a citation; hovering tells the paper and the sentence."""
    tip = f"{citation.paper.title}: “{(quote or citation.quote).text}”"
    return f'<a class="marker" href="#t{number}-c{citation.number}" title="{escape(tip)}">[{citation.number}]</a>'


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


def _group(title: str, cards: Sequence[str]) -> str:
    """Return a list of cards under its title, or nothing."""
    return f'<h2 class="group">{title}</h2><ol class="cards">{"".join(cards)}</ol>' if cards else ""


def _found_title(answer: Answer) -> str:
    """Return what the papers that are not cited are called."""
    if not answer.answered:
        return "Nearest papers"
    return "Also found" if answer.citations else "Found"


def _cited(number: int, citation: Citation, sentences: Iterable[Sentence]) -> str:
    """Return the open card of a cited paper, every sentence that an answer leans on highlighted."""
    quotes = [citation.quote]
    for sentence in sentences:
        quotes += [q for n, q in zip(sentence.numbers, sentence.quotes, strict=False) if n == citation.number]
    paper = citation.paper
    title, label = escape(paper.title), f'<span class="number">[{citation.number}]</span>'
    url = _link(paper)
    linked = f'<a href="{escape(url)}"{_AWAY}>{title}</a>' if url else title
    return (
        f'<li><article class="card" id="t{number}-c{citation.number}" tabindex="-1"><h3>{label} {linked}</h3>'
        f'{_details(paper, quotes)}<a class="back" href="#t{number}">Back to the answer</a></article></li>'
    )


def _found(number: int, rank: int, match: Match) -> str:
    """Return the folded card of a paper that is not cited: its title and best sentence, the rest on opening.

    The id stands inside, because a browser opens what is folded around the place that a link leads to.
    """
    best = match.sentences[:1]
    hint = f'<span class="hint">{escape(best[0].text)}</span>' if best else ""
    url = _link(match.paper)
    link = f'<p><a href="{escape(url)}"{_AWAY}>Open the paper</a></p>' if url else ""
    return (
        f'<li><article class="card found"><details><summary><h3><span class="number" title="Found as number {rank}">'
        f"{rank}</span> {escape(match.paper.title)}</h3>{hint}</summary>"
        f'<div id="t{number}-m{rank}" tabindex="-1">{link}{_details(match.paper, best)}</div></details></article></li>'
    )


_AWAY = ' target="_blank" rel="noopener noreferrer"'


def _link(paper: Paper) -> str | None:
    """Return the page of a paper, as far as it is known and its address is one of the web."""
    if paper.url and _is_web(paper.url):
        return paper.url
    kind, _, name = paper.id.partition(":")
    return {"arxiv": f"https://arxiv.org/abs/{name}", "doi": f"https://doi.org/{name}"}.get(kind)


def _is_web(url: str) -> bool:
    return url.lower().startswith(("https://", "http://"))


def _details(paper: Paper, quotes: Iterable[Quote]) -> str:
    """Return all that is known of a paper but its title: who, when, where from, about what, abstract, links."""
    who = ", ".join(paper.authors[:6]) + (" and others" if len(paper.authors) > 6 else "")
    from_ = f"from {', '.join(paper.sources)}" if paper.sources else ""
    meta = " · ".join(escape(piece) for piece in (who, paper.published, from_) if piece)
    if not _link(paper):
        search = f"https://www.semanticscholar.org/search?q={quote_plus(paper.title)}"
        meta += f'{" · " if meta else ""}<a href="{escape(search)}"{_AWAY}>find it</a>'
    topics = "".join(f"<li>{escape(topic)}</li>" for topic in paper.topics)
    code = ", ".join(
        f'<a href="{escape(url)}"{_AWAY}>{escape(url.split("://", 1)[1])}</a>' for url in paper.code if _is_web(url)
    )
    return (
        f'<p class="meta">{meta}</p>'
        f'<p class="abstract">{highlighted(paper.abstract, quotes)}</p>'
        + ('<p class="kind">Digest in our own words, not the published abstract.</p>' if paper.kind == "digest" else "")
        + (f'<p class="code">Code: {code}</p>' if code else "")
        + (f'<ul class="topics" aria-label="Topics">{topics}</ul>' if topics else "")
    )


def highlighted(abstract: str, quotes: Iterable[Quote]) -> str:
    """Return an abstract with its quoted sentences marked; a quote that is not what stands there is left out.

    >>> highlighted("A < B. C.", [Quote("A < B.", 0, 6)])
    '<mark>A &lt; B.</mark> C.'
    """
    html, at = [], 0
    for start, end in sorted({(q.start, q.end) for q in quotes if q.text and abstract[q.start : q.end] == q.text}):
        start = max(start, at)
        if end > start:
            html += [escape(abstract[at:start]), "<mark>", escape(abstract[start:end]), "</mark>"]
            at = end
    return "".join([*html, escape(abstract[at:])])
