"""An `Inventory`, an adding and what surrounds the map in, the HTML of the corpus view out.

Every text that comes from a paper or a person is escaped here. Knows nothing of Gradio, engines or sessions; what
the buttons do stands in look/corpus.js.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from rag.inventory import Counts, Inventory
from ui.adding import Progress, Report

SHOWN = 20
"""Rows of a table of counts; further ones are summed."""

_LEFT_OUT_SHOWN = 20
_HELD = "{} kept their abstracts, of which other ones were given. To take these in: paperchat index SOURCE"


def view(upload_mib: float) -> str:
    """Return the frame of the view; the script fills it when it is opened."""
    return f"""
<section class="atlas" aria-labelledby="atlas-title">
  <h2 id="atlas-title">Map of the papers</h2>
  <p class="about" id="atlas-about">Papers that are alike lie near each other; each group is named by the words that
    tell it from the others. Drag to move, zoom by wheel or buttons, click a point to open its paper.</p>
  <div class="atlas-body">
    <div class="atlas-stage" aria-busy="true">
      <canvas tabindex="0" role="application" aria-label="Map of the papers" aria-describedby="atlas-keys"></canvas>
      <p class="atlas-wait" role="status">Laying out the map…</p>
      <p class="unseen" id="atlas-keys">Arrow keys move the map, plus and minus zoom, 0 shows all of it. The search
        beside the map lists the same papers.</p>
      <div class="atlas-tip" hidden></div>
      <div class="atlas-zoom" role="group" aria-label="Zoom">
        <button type="button" data-zoom="in" aria-label="Zoom in">+</button>
        <button type="button" data-zoom="out" aria-label="Zoom out">&minus;</button>
        <button type="button" data-zoom="all">All</button>
      </div>
      <p class="atlas-answered" hidden><span class="ring" aria-hidden="true"></span><span class="which"></span></p>
    </div>
    <div class="atlas-side">
      <label for="atlas-find">Find papers by their titles</label>
      <input id="atlas-find" type="search" autocomplete="off" spellcheck="false">
      <p class="atlas-only" hidden><span class="which"></span> <button type="button" data-only="">Show all</button></p>
      <p class="atlas-count" role="status"></p>
      <div class="atlas-card"></div>
      <ul class="atlas-found" aria-label="Papers found"></ul>
    </div>
  </div>
  <ul class="atlas-groups" aria-label="Groups of the map"></ul>
</section>
<section class="holds" aria-label="What the index holds"></section>
<section class="adding" aria-labelledby="adding-title">
  <h2 id="adding-title">Add papers</h2>
  <p class="about">Saved pages (text or HTML), JSON, BibTeX, RIS, tables or PDFs, packed or not; {upload_mib:g} MiB at
    most. Everybody can go on asking meanwhile.</p>
  <p class="about adding-closed" hidden>Only those who may upload here can add papers.</p>
  <div class="adding-ways" hidden>
    <label class="file"><span>Files to upload</span><input type="file" multiple></label>
    <form class="named" hidden><label>Or a file or folder in <code></code>
      <input type="text" autocomplete="off" spellcheck="false" required></label>
      <button type="submit">Add</button></form>
  </div>
  <div class="adding-now" hidden>
    <progress aria-label="Papers being added"></progress><span class="how"></span>
    <button type="button" class="cancel" hidden>Cancel</button>
  </div>
  <div class="adding-done" role="status"></div>
</section>"""


def holds(inventory: Inventory) -> str:
    """Return what an index holds: figures, and how many papers are of each topic, year and source."""
    kinds = {"digest": "digests in other words", "abstract": "abstracts as published"}
    facts = [("Papers", f"{inventory.papers:,}")]
    facts += [("Texts", ", ".join(f"{count:,} {kinds.get(kind, kind)}" for kind, count in inventory.kinds) or "none")]
    updated = datetime.fromisoformat(inventory.updated)
    facts += [("Last updated", f"{updated.day} {updated:%B %Y, %H:%M} UTC"), ("Encoder", inventory.encoder)]
    listed = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    tables = (
        _table("topics", "Topics", inventory.topics)
        + _table("years", "Years", inventory.years)
        + _table("sources", "Sources", inventory.sources)
    )
    return f'<h2>What the index holds</h2><dl>{listed}</dl><div class="tables">{tables}</div>'


def progress_line(progress: Progress) -> str:
    """Return one line of plain text on how far an adding is."""
    if progress.stage == "reading":
        return "Reading…"
    if not progress.busy:
        return ""
    if progress.total is None:
        return f"Embedding, {progress.done:,} texts done…"
    if progress.done >= progress.total:
        return "Writing the index…"
    line = f"Embedding {progress.done:,} of {progress.total:,} texts"
    if progress.left_s is None:
        return f"{line}…"
    return f"{line}, {progress.per_s:.0f} a second, {_time(progress.left_s)} left"


def report(report: Report) -> str:
    """Return what an adding did."""
    if report.error:
        lines = escape(report.error).splitlines()
        return f'<p class="error">{"<br>".join(lines)}</p>'
    if report.cancelled:
        return "<p>Cancelled. The index is what it was; what was embedded is kept for the next time.</p>"
    known = report.papers - report.new - report.changed
    repeats = report.records - report.papers
    did = [f"{report.new:,} new", f"{report.changed:,} brought up to date or merged", f"{known:,} known already"]
    return (
        f"<p><strong>{_many(report.new, 'new paper')}.</strong> Read {_many(report.records, 'record')} of "
        f"{_many(report.papers, 'paper')}"
        + (f" ({_many(repeats, 'repeat')} merged)" if repeats > 0 else "")
        + f": {', '.join(did)}. The index holds {_many(report.total, 'paper')} now; {_many(report.embedded, 'text')} "
        f"embedded in {_time(report.seconds)}.</p>"
        + (f"<p>{_HELD.format(_many(report.held, 'paper'))}</p>" if report.held else "")
        + _listed("Left out", [str(each) for each in report.left_out])
        + _listed("Kept apart", report.bridges)
    )


def _listed(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    shown = "".join(f"<li>{escape(line)}</li>" for line in lines[:_LEFT_OUT_SHOWN])
    more = len(lines) - _LEFT_OUT_SHOWN
    return f"<p>{title}:</p><ul>{shown}{f'<li>and {more:,} more</li>' if more > 0 else ''}</ul>"


def _table(kind: str, title: str, counts: Counts) -> str:
    """Return a table of counts with bars; names can be pressed, so that their papers stand out on the map."""
    most = max((count for _, count in counts), default=1)
    rows = [
        f'<tr><th scope="row"><button type="button" aria-pressed="false" data-only="{kind}" data-name="{escape(name)}">'
        f"{escape(name)}</button></th>{_bar(count, most)}</tr>"
        for name, count in counts[:SHOWN]
    ]
    if rest := counts[SHOWN:]:
        total = sum(count for _, count in rest)
        rows.append(f'<tr class="rest"><th scope="row">{len(rest):,} others</th><td></td><td>{total:,}</td></tr>')
    head = '<thead class="unseen"><tr><th scope="col">Name</th><td></td><th scope="col">Papers</th></tr></thead>'
    return f"<table><caption>{title}</caption>{head}<tbody>{''.join(rows)}</tbody></table>"


def _bar(count: int, most: int) -> str:
    share = round(100 * count / most, 1)
    return f'<td class="bar" aria-hidden="true"><span style="width:{share}%"></span></td><td>{count:,}</td>'


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
