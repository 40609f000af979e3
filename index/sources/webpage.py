"""A saved HTML page in, the papers that it names out: pages of Hugging Face, of arXiv, and pages with citation tags."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from index.paper import Paper
from index.sources.huggingface import hugging_face, is_entry
from index.sources.opening import Document
from index.sources.reading import LeftOut
from index.sources.record import Record, paper_or_reason
from index.sources.text import Unreadable

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_PAGE_BYTES = 64 * 1024 * 1024
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_PAPER_LINK = re.compile(r"(?:https?://huggingface\.co)?/papers/([\w.-]+)/?")
_CATEGORY = re.compile(r"\(([a-z-]+(?:\.[A-Za-z-]+)?)\)")
_NO_PAPER = (
    "an HTML page that names no paper where one can be found: its listing pages, paper pages and abstract pages are "
    "read of Hugging Face and arXiv, and of others a page with citation_title and citation_abstract. "
    "Open it in a browser, copy all of its text and save that as a .txt file"
)


def read_page(document: Document) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a page, and those that it names without an abstract.

    Raises:
        Unreadable: It is not HTML in a known encoding, or there is no paper in it.
        OSError: The file can't be read.
    """
    from selectolax.lexbor import LexborHTMLParser

    with document.open() as file:
        raw = file.read(_PAGE_BYTES + 1)
    if len(raw) > _PAGE_BYTES:
        raise Unreadable(f"an HTML page of more than {_PAGE_BYTES >> 20} MiB. Save its text as a .txt file")
    page = LexborHTMLParser(_decoded(raw))
    for find in (_embedded, _cited, _listed, _shown):
        if records := list(find(page)):
            for record in records:
                yield paper_or_reason(record, document.source, None)
            return
    raise Unreadable(_NO_PAPER)


def _decoded(raw: bytes) -> str:
    """Return a page's text in the encoding that it names, UTF-8 unless it does."""
    named = _CHARSET.search(raw[:4096])
    encoding = "utf-8-sig" if not named or named[1].lower() == b"utf-8" else named[1].decode()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise Unreadable(
            f"an HTML page that is not in the encoding that it names ({error}). Save it as UTF-8"
        ) from error


def _embedded(page: "LexborHTMLParser") -> Iterator[Record]:
    """Yield what the data behind a page of Hugging Face says of papers."""
    for node in page.css("[data-props]"):
        try:
            found = [json.loads(node.attributes.get("data-props") or "null")]
        except (ValueError, RecursionError):
            continue
        while found:
            values = found.pop()
            if isinstance(values, dict) and is_entry(values):
                yield hugging_face(values)
            elif isinstance(values, dict | list):
                found += reversed(list(values.values()) if isinstance(values, dict) else values)


def _cited(page: "LexborHTMLParser") -> Iterator[Record]:
    """Yield the paper of a page with citation tags, which arXiv and most publishers write."""
    tags: dict[str, list[str]] = {}
    for node in page.css("meta[name][content]"):
        name = (node.attributes.get("name") or "").lower()
        tags.setdefault(name, []).append(node.attributes.get("content") or "")

    def first(*named: str) -> str:
        return next((tags[name][0] for name in named if name in tags), "")

    title = first("citation_title")
    if not title:
        return
    abstract = first("citation_abstract") or _text(page.css_first("blockquote.abstract")).removeprefix("Abstract:")
    topics = [topic for each in tags.get("citation_keywords", []) for topic in re.split("[;,]", each)]
    yield Record(
        title,
        abstract or first("dc.description", "dcterms.abstract"),
        authors=tuple(map(_given_first, tags.get("citation_author", []))),
        published=first("citation_date", "citation_publication_date", "citation_online_date", "citation_year"),
        ids=(first("citation_arxiv_id"), first("citation_doi")),
        url=first("citation_abstract_html_url", "citation_public_url"),
        topics=(*topics, *_CATEGORY.findall(_text(page.css_first("td.subjects")))),
        tex=True,
    )


def _listed(page: "LexborHTMLParser") -> Iterator[Record]:
    """Yield the papers of a listing of arXiv; only those of new ones show abstracts."""
    for entry in page.css("dl dd"):
        title = _text(entry.css_first(".list-title")).removeprefix("Title:")
        above = entry.prev
        while above and above.tag != "dt":
            above = above.prev
        if not title or not above:
            continue
        link = above.css_first('a[href*="/abs/"]')
        address = (link.attributes.get("href") or "") if link else ""
        yield Record(
            title,
            _text(entry.css_first("p.mathjax")),
            authors=tuple(map(_text, entry.css(".list-authors a"))),
            ids=(address.rpartition("/abs/")[2],),
            topics=tuple(_CATEGORY.findall(_text(entry.css_first(".list-subjects")))),
            tex=True,
        )


def _shown(page: "LexborHTMLParser") -> Iterator[Record]:
    """Yield the papers that a page of Hugging Face shows, where the data behind it is not there."""
    for article in page.css("article"):
        for link in article.css("h3 a[href], h2 a[href]"):
            if found := _PAPER_LINK.fullmatch(link.attributes.get("href") or ""):
                yield Record(_text(link), _text(article.css_first("p")), ids=(found[1],), tex=True)
    address = page.css_first('link[rel="canonical"], meta[property="og:url"]')
    named = _PAPER_LINK.fullmatch(_attribute(address, "href") or _attribute(address, "content"))
    heading = next((each for each in page.css("h2, h3") if _text(each) == "Abstract"), None)
    if named and heading:
        below = heading.next
        while below and below.tag == "-text":
            below = below.next
        yield Record(_text(page.css_first("h1")), _text(below), ids=(named[1],), tex=True)


def _text(node: "LexborNode | None") -> str:
    """Return the text of an element on one line."""
    return " ".join(node.text().split()) if node else ""


def _attribute(node: "LexborNode | None", name: str) -> str:
    """Return an attribute, "" where there is none."""
    value: Any = node.attributes.get(name) if node else None
    return value or ""


def _given_first(name: str) -> str:
    """Return a name such as "Owl, Ada" in the order of speech."""
    last, comma, given = name.partition(",")
    return f"{given.strip()} {last.strip()}" if comma and "," not in given else name
