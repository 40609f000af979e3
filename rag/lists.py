"""Ranked papers in, a `PaperList` out that can be handed on: Markdown, JSON, BibTeX, RIS, CSV."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from index.papers import Paper
from rag.answer import Match
from rag.escaping import address, cell, line, plain, tex, tex_name, whole
from rag.inforce import InForce


@dataclass(frozen=True)
class PaperList:
    """The papers on a topic, best first, each with the sentence that says why.

    Attributes:
        request: As asked.
        matches: The papers; the first of a match's sentences is the one that says why.
        note: What a reader should know, such as that nothing was found.
        filter: Which papers could be listed, and the words of the request that said so; None for all.
    """

    request: str
    matches: tuple[Match, ...]
    note: str = ""
    filter: InForce | None = None

    def __len__(self) -> int:
        return len(self.matches)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        matches = [match.to_dict() for match in self.matches]
        told = self.filter.to_dict() if self.filter else None
        return {"request": self.request, "note": self.note, "matches": matches, "filter": told}

    def to_json(self) -> str:
        """Return the list as JSON text."""
        return whole(json.dumps(self.to_dict(), ensure_ascii=False, indent=2))

    def to_markdown(self) -> str:
        """Return a numbered list: title, link, date, what found it, and the sentence that says why."""
        lines = [f"# {plain(self.request)}", ""] + ([plain(self.note), ""] if self.note else [])
        for number, match in enumerate(self.matches, start=1):
            lines.append(f"{number}. {linked(match.paper)}")
            by = f"found by {' and '.join(match.found_by)}" if match.found_by else ""
            about = [", ".join(match.paper.authors), match.paper.published or "", by]
            pad = " " * len(f"{number}. ")
            lines += [f"{pad}{plain(' · '.join(part for part in about if part))}"] if any(about) else []
            lines += [f"{pad}> {plain(match.sentences[0].text)}"] if match.sentences else []
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        from rag.notebook import list_html

        return list_html(self)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def to_bibtex(self) -> str:
        """Return one BibTeX entry a paper, with keys that are unique within the list."""
        taken: dict[str, int] = {}
        return "\n".join(_bibtex(match.paper, taken) for match in self.matches)

    def to_ris(self) -> str:
        """Return one RIS record a paper."""
        return "".join(_ris(match.paper) for match in self.matches)

    def to_csv(self) -> str:
        """Return a table with a header; cells that a spreadsheet would run as a formula are made text."""
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(["rank", "title", "why", "authors", "published", "url", "topics", "score", "id", "found_by"])
        for rank, match in enumerate(self.matches, start=1):
            paper, why = match.paper, match.sentences[0].text if match.sentences else ""
            cells = [
                paper.title,
                why,
                "; ".join(paper.authors),
                paper.published or "",
                paper.url or "",
                "; ".join(paper.topics),
            ]
            table.writerow([rank, *map(cell, cells), f"{match.score:.3f}", cell(paper.id), "; ".join(match.found_by)])
        return out.getvalue()


FORMATS: dict[str, Callable[[PaperList], str]] = {
    "markdown": PaperList.to_markdown,
    "json": PaperList.to_json,
    "bibtex": PaperList.to_bibtex,
    "ris": PaperList.to_ris,
    "csv": PaperList.to_csv,
}


def entry(number: int, paper: Paper, quotation: str = "") -> list[str]:
    """Return the lines of one paper of a numbered Markdown list: title, people and date, a sentence of its abstract."""
    about = " · ".join(part for part in (", ".join(paper.authors), paper.published or "") if part)
    pad = " " * len(f"{number}. ")
    lines = [f"{number}. {linked(paper)}", f"{pad}{plain(about)}", f"{pad}> {plain(quotation)}"]
    return [line for line, there in zip(lines, (True, about, quotation), strict=True) if there]


def linked(paper: Paper, shown: str = "") -> str:
    """Return Markdown, by default the title of a paper, linked to its page; bold where it has none on the web."""
    shown, url = shown or plain(paper.title) or "untitled", address(paper.page, "()<>`")
    return f"[{shown}]({url})" if url else f"**{shown}**"


def _bibtex(paper: Paper, taken: dict[str, int]) -> str:
    """Write one entry; a key is first author (or "paper"), year and first long word of the title."""
    name_parts = (paper.authors[0] if paper.authors else "").split(",")[0].split()
    author = name_parts[-1] if name_parts else "paper"
    words = [word for word in re.findall(r"\w+", _ascii(paper.title)) if len(word) > 3]
    key = (
        re.sub(r"\W", "", _ascii(f"{author}{(paper.published or '')[:4]}{words[0] if words else ''}")).lower()
        or "paper"
    )
    taken[key] = taken.get(key, 0) + 1
    if taken[key] > 1:
        key += f"-{taken[key]}"
    fields = {"title": f"{{{tex(paper.title)}}}", "author": " and ".join(filter(None, map(tex_name, paper.authors)))}
    fields |= {"year": tex((paper.published or "")[:4]), "url": address(paper.page)}
    kind, _, name = paper.id.partition(":")
    if kind == "arxiv":
        fields |= {"eprint": address(name), "archiveprefix": "arXiv"}
    elif kind == "doi":
        fields["doi"] = address(name)
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{body}}}\n"


def _ris(paper: Paper) -> str:
    date = (paper.published or "").replace("-", "/")
    rows = [
        ("TY", "GEN"),
        ("TI", paper.title),
        *[("AU", author) for author in paper.authors],
        ("PY", date[:4]),
        ("DA", date),
    ]
    rows += [("AB", paper.abstract), ("UR", address(paper.page, ";")), *[("KW", topic) for topic in paper.topics]]
    return "".join(f"{tag}  - {value}\r\n" for tag, text in rows if (value := line(text))) + "ER  - \r\n\r\n"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
