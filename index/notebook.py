"""A paper in, HTML for a notebook out: in the colours of the notebook, and every text of a paper stays text."""

from html import escape

from index.papers import Paper


def paper_html(paper: Paper) -> str:
    """Return a paper with its abstract."""
    paragraphs = "".join(f"<p>{escape(each)}</p>" for each in paper.abstract.split("\n\n"))
    return box(f"{heading(paper)}{paragraphs}")


def heading(paper: Paper) -> str:
    """Return the title, linked to the paper's page on the web, and below it people, date and topics."""
    known = [", ".join(paper.authors), paper.published or "", ", ".join(paper.topics)]
    about = " · ".join(escape(each) for each in known if each)
    return linked(paper, f"<b>{escape(paper.title)}</b>") + (f"<br><small>{about}</small>" if about else "")


def linked(paper: Paper, body: str, title: str = "") -> str:
    """Return HTML as a link to the paper's page, plain where it has none on the web; `title` is shown on hovering."""
    hint = f' title="{escape(title)}"' if title else ""
    if not paper.page:
        return f"<span{hint}>{body}</span>"
    return f'<a href="{escape(paper.page)}" target="_blank" rel="noopener noreferrer"{hint}>{body}</a>'


def quotation(text: str) -> str:
    """Return a sentence of an abstract, set apart from what is said about it."""
    return f'<div style="padding-left:.7em;border-left:2px solid rgba(127,127,127,.5)">“{escape(text)}”</div>'


def box(body: str, scrolls: bool = False) -> str:
    """Return HTML in a frame of its own, in which dollar signs are no mathematics."""
    style = "max-width:60em;line-height:1.5;overflow-wrap:anywhere" + ";max-height:36em;overflow:auto" * scrolls
    return f'<div class="tex2jax_ignore mathjax_ignore" style="{style}">{body}</div>'
