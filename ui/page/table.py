"""A `PaperList` in, the HTML of a table to work with out. Knows nothing of Gradio or engines.

Every text that comes from a paper or a person is escaped here: what these functions return is markup of our own. What
a person does with the table (sorting, filtering, ticking) happens in the browser, by `look/lists.js`, which finds its
way by the `data-…` written here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from rag.answer import Match
from rag.lists import PaperList
from ui.page import chips
from ui.page.cards import AWAY, details

COUNTS = (10, 20, 50, 100)
"""How many papers may be asked for, besides as many as are relevant."""

EXPORTS = {"bibtex": "BibTeX", "ris": "RIS", "csv": "CSV", "markdown": "Markdown", "json": "JSON"}
"""The formats of `rag.lists.FORMATS` as people call them."""

COLUMNS = {"rank": "Rank", "title": "Paper", "why": "Why", "topics": "Topics", "date": "Date", "by": "Found by"}


def form(examples: Sequence[str], request: str = "", serial: int = 0) -> str:
    """Return the box for a request, with examples below it; one of another `serial` is another form."""
    counts = "".join(f'<option value="{count}">{count} papers</option>' for count in COUNTS)
    tries = "".join(f'<button type="button" data-list-example>{escape(each)}</button>' for each in examples)
    return (
        f'<form id="list-form" data-serial="{serial}" role="search" aria-label="Find papers">'
        '<div class="list-request"><label for="list-request">Papers on</label>'
        f'<input id="list-request" type="search" autocomplete="off" value="{escape(request)}"></div>'
        '<div><label for="list-count">How many</label><select id="list-count">'
        f'<option value="">as far as relevance goes</option>{counts}</select></div>'
        '<button type="submit" class="strong">List papers</button></form>'
        + (f'<p class="list-examples"><span>Try</span>{tries}</p>' if tries else "")
    )


def table(found: PaperList) -> str:
    """Return the whole list: what can be done with it, and the papers in a table, each with a folded row of details."""
    matches = found.matches
    dated = any(match.paper.published for match in matches)
    columns = {name: label for name, label in COLUMNS.items() if name != "date" or dated}
    headers = "".join(_header(name, label) for name, label in columns.items())
    rows = "".join(_rows(rank, match, dated) for rank, match in enumerate(matches, start=1))
    tick = '<label class="tick"><input type="checkbox" data-tick-shown aria-label="Tick all papers shown"></label>'
    return (
        f'<section class="list" data-total="{len(matches)}" aria-label="Papers on {escape(found.request)}">'
        f'<h2 class="list-title">{escape(found.request)}</h2>{chips.of_list(found.request, found.filter)}'
        f"{_note(found.note)}"
        f"{_filters(matches, dated)}{_actions(len(matches))}"
        f'<table class="papers" role="table"><caption class="unseen">Papers on {escape(found.request)}; the buttons of '
        f'the head sort them</caption><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader" '
        f'class="ticks">{tick}</th>{headers}</tr></thead>{rows}</table>'
        '<p class="list-none" hidden>No paper fits. <button type="button" data-clear>Clear the filters</button></p>'
        f"{_legend(matches)}</section>"
    )


def nothing(found: PaperList, papers: int, topics: Sequence[tuple[str, int]]) -> str:
    """Return what stands in place of a list that is empty: why, and what the index holds."""
    held = "".join(
        f'<li><button type="button" data-list-example>{escape(topic)}</button> <span>{count}</span></li>'
        for topic, count in topics
    )
    return (
        f'<section class="list" aria-label="No papers"><h2 class="list-title">{escape(found.request)}</h2>'
        f"{chips.of_list(found.request, found.filter)}{_note(found.note)}<p>The index holds {_papers(papers)}"
        + (f'; its commonest topics are</p><ul class="list-held">{held}</ul></section>' if held else ".</p></section>")
    )


def working(request: str) -> str:
    """Return what is shown while papers are looked for."""
    return f'<p class="list-waiting">Looking for papers on “{escape(request)}”…</p>'


def failed(message: str) -> str:
    """Return one clear line."""
    return f'<p class="error list-failed" role="alert">{escape(message)}</p>'


def told(found: PaperList) -> str:
    """Return the line that a screen reader says of a list."""
    return escape(f"{_papers(len(found))} found." if found.matches else f"No papers found. {found.note}".strip())


def _papers(count: int) -> str:
    return f"{count:,} paper{'s' * (count != 1)}"


def _note(note: str) -> str:
    return f'<p class="note">{escape(note)}</p>' if note else ""


def _header(name: str, label: str) -> str:
    sort = ' aria-sort="ascending"' if name == "rank" else ""
    button = f'<button type="button" data-sort-by="{name}">{label}<i aria-hidden="true"></i></button>'
    return f'<th scope="col" role="columnheader" class="of-{name}"{sort}>{button}</th>'


def _filters(matches: Sequence[Match], dated: bool) -> str:
    """Return the fields that narrow the list down, as far as its papers differ in what they ask."""
    fields = [_field("Word", "word", '<input type="search" autocomplete="off"', "")]
    for label, name, values in (
        ("Topic", "topics", [topic for match in matches for topic in match.paper.topics]),
        ("Source", "sources", [source for match in matches for source in match.paper.sources]),
    ):
        counts = sorted(Counter(values).items(), key=lambda each: (-each[1], each[0]))
        options = "".join(f'<option value="{escape(value)}">{escape(value)} ({n})</option>' for value, n in counts)
        if len(counts) > 1:
            fields.append(_field(label, name, "<select", f'<option value="">All</option>{options}</select>'))
    if dated:
        years = sorted(match.paper.published[:4] for match in matches if match.paper.published)
        for label, name, year in (("From year", "from", years[0]), ("To year", "to", years[-1])):
            typed = f'inputmode="numeric" maxlength="4" size="4" placeholder="{escape(year)}"'
            fields.append(_field(label, name, f'<input type="text" {typed}', ""))
    clear = '<button type="button" data-clear disabled>Clear</button>'
    return f'<div class="list-filters tools" role="group" aria-label="Filter">{"".join(fields)}{clear}</div>'


def _field(label: str, name: str, opened: str, rest: str) -> str:
    """Return a control under its label: the beginning of its tag, and what follows it."""
    named = f'id="list-by-{name}" data-filter="{name}"'
    return f'<div><label for="list-by-{name}">{label}</label>{opened} {named}>{rest}</div>'


def _actions(count: int) -> str:
    """Return what can be done with the papers: hand them on, ask them."""
    buttons = "".join(
        f'<button type="button" data-do="export_papers" data-format="{name}" data-of="chosen">{label}</button>'
        for name, label in EXPORTS.items()
    )
    return (
        f'<div class="list-actions"><p class="list-count" role="status">{_papers(count)}</p>'
        '<div class="tools" role="group" aria-label="Export">'
        f'<span>Export <b class="list-scope">all {count}</b> as</span>{buttons}</div>'
        '<div class="tools"><button type="button" class="strong" data-do="within" data-of="ticked" disabled>'
        "Ask the ticked papers</button></div></div>"
    )


def _rows(rank: int, match: Match, dated: bool) -> str:
    """Return the row of a paper and, below it, that of its details."""
    paper, why = match.paper, match.sentences[:1]
    title, url = escape(paper.title), paper.page
    linked = f'<a href="{escape(url)}"{AWAY}>{title}</a>' if url else title
    fold = f'<button type="button" data-fold aria-expanded="false" aria-controls="list-{rank}">Abstract</button>'
    cite = f'<button type="button" data-copy="{escape(PaperList("", (match,)).to_bibtex())}">Cite</button>'
    topics = "".join(f"<li>{escape(topic)}</li>" for topic in paper.topics)
    cells = (
        f'<td role="cell" class="ticks"><label class="tick"><input type="checkbox" data-tick aria-label="Tick {title}">'
        "</label></td>"
        f'<td role="cell" class="of-rank" data-sort="{rank}">{rank}</td>'
        f'<th scope="row" role="rowheader" class="of-title" data-sort="{title}"><span class="title">{linked}</span>'
        f'<span class="tools" role="group" aria-label="{title}">{fold}{cite}</span></th>'
        f'<td role="cell" class="of-why">{escape(why[0].text) if why else ""}</td>'
        f'<td role="cell" class="of-topics" data-sort="{escape("; ".join(paper.topics))}">'
        + (f'<ul class="topics">{topics}</ul>' if topics else "")
        + "</td>"
        + (f'<td role="cell" class="of-date">{escape(paper.published or "")}</td>' if dated else "")
        + f'<td role="cell" class="of-by">{escape(", ".join(match.found_by))}</td>'
    )
    known = _data(id=paper.id, topics="\n".join(paper.topics), sources="\n".join(paper.sources))
    return (
        f'<tbody role="rowgroup" class="paper"{known} data-year="{escape((paper.published or "")[:4])}">'
        f'<tr role="row">{cells}</tr><tr role="row" class="details" id="list-{rank}" hidden>'
        f'<td role="cell" colspan="{7 if dated else 6}">{details(paper, why)}</td></tr></tbody>'
    )


def _data(**values: str) -> str:
    return "".join(f' data-{name}="{escape(value)}"' for name, value in values.items())


def _legend(matches: Iterable[Match]) -> str:
    """Return what the names in the column "found by" stand for, as far as they stand there."""
    said = {
        "words": "it has words of the request",
        "meaning": "what it says is near to it",
        "neighbours": "it is like the papers found by these",
    }
    there = {name for match in matches for name in match.found_by}
    parts = [f"<b>{name}</b> {meaning}" for name, meaning in said.items() if name in there]
    return f'<p class="list-legend">Found by: {"; ".join(parts)}.</p>' if parts else ""
