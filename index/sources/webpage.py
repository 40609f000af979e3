"""A saved HTML page in, the papers that it names out: pages of Hugging Face, of arXiv, and pages with citation tags."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.paper import Paper
from index.sources.huggingface import hugging_face, is_entry
from index.sources.markup import unmarked
from index.sources.opening import Document
from index.sources.reading import LeftOut
from index.sources.record import Record, paper_or_reason
from index.sources.text import Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

_PAGE_BYTES = 32 * 1024 * 1024
_CHARSET = re.compile(rb"<meta[^<>]+charset\s*+=\s*+(?:[\"']\s*+)?([\w-]+)", re.I)
_ATTRIBUTE = r"[\s/]*+[^\s\"'>=/]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>]++))?+"
# A tag with so many attributes that looking for repeats among them would take hours; others are passed at once.
_CROWDED = re.compile(rf"<[a-z][^\s>/]*+(?:(?:{_ATTRIBUTE}){{0,1000}}+(?P<more>{_ATTRIBUTE})?+)", re.I)
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
    with document.open() as file:
        raw = file.read(_PAGE_BYTES + 1)
    if len(raw) > _PAGE_BYTES:
        raise Unreadable(f"an HTML page of more than {_PAGE_BYTES >> 20} MiB. Save its text as a .txt file")
    page = _parsed(_decoded(raw))
    for find in (_embedded, _cited, _listed, _shown) if page is not None else ():
        if records := list(find(page)):
            for record in records:
                yield paper_or_reason(record, document.source, None)
            return
    raise Unreadable(_NO_PAPER)


def _parsed(text: str) -> "_Element | None":
    """Return the root of a page; what is nested too deeply is cut off."""
    from lxml import etree

    if any(tag["more"] for tag in _CROWDED.finditer(text)):
        raise Unreadable("an HTML page with an element of more than 1,000 attributes. Save its text as a .txt file")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(text.encode(errors="replace"), parser)
    except etree.XMLSyntaxError:  # nothing in it
        return None


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


def _embedded(page: "_Element") -> Iterator[Record]:
    """Yield what the data behind a page of Hugging Face says of papers."""
    for data in page.xpath("//@data-props"):
        try:
            found = [json.loads(data)]
        except (ValueError, RecursionError):
            continue
        while found:
            values = found.pop()
            if isinstance(values, dict) and is_entry(values):
                yield hugging_face(values)
            elif isinstance(values, dict | list):
                found += reversed(list(values.values()) if isinstance(values, dict) else values)


def _cited(page: "_Element") -> Iterator[Record]:
    """Yield the paper of a page with citation tags, which arXiv and most publishers write."""
    tags: dict[str, list[str]] = {}
    for node in page.xpath("//meta[@name and @content]"):
        tags.setdefault(node.get("name").lower(), []).append(node.get("content"))

    def first(*named: str) -> str:
        return next((tags[name][0] for name in named if name in tags), "")

    title = first("citation_title")
    if not title:
        return
    shown = _text(_first(page, f"//blockquote[{_has_class('abstract')}]")).removeprefix("Abstract:")
    topics = [topic for each in tags.get("citation_keywords", []) for topic in re.split("[;,]", each)]
    yield Record(
        unmarked(title),
        unmarked(first("citation_abstract") or shown or first("dc.description", "dcterms.abstract")),
        authors=tuple(map(_given_first, tags.get("citation_author", []))),
        published=first("citation_date", "citation_publication_date", "citation_online_date", "citation_year"),
        ids=(first("citation_arxiv_id"), first("citation_doi")),
        url=first("citation_abstract_html_url", "citation_public_url"),
        topics=(*topics, *_CATEGORY.findall(_text(_first(page, f"//td[{_has_class('subjects')}]")))),
        tex=True,
    )


def _listed(page: "_Element") -> Iterator[Record]:
    """Yield the papers of a listing of arXiv; only those of new ones show abstracts."""
    for entry in page.xpath("//dl/dd"):
        title = _text(_first(entry, f".//*[{_has_class('list-title')}]")).removeprefix("Title:")
        link = _first(entry, "preceding-sibling::dt[1]//a[contains(@href, '/abs/')]")
        if not title or link is None:
            continue
        subjects = _text(_first(entry, f".//*[{_has_class('list-subjects')}]"))
        yield Record(
            title,
            _text(_first(entry, f".//p[{_has_class('mathjax')}]")),
            authors=tuple(map(_text, entry.xpath(f".//*[{_has_class('list-authors')}]//a"))),
            ids=(link.get("href").rpartition("/abs/")[2],),
            topics=tuple(_CATEGORY.findall(subjects)),
            tex=True,
        )


def _shown(page: "_Element") -> Iterator[Record]:
    """Yield the papers that a page of Hugging Face shows, where the data behind it is not there."""
    for article in page.xpath("//article"):
        for link in article.xpath(".//h3//a[@href] | .//h2//a[@href]"):
            if found := _PAPER_LINK.fullmatch(link.get("href")):
                yield Record(_text(link), _text(_first(article, ".//p")), ids=(found[1],), tex=True)
    address = next(iter(page.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")), "")
    abstract = _first(page, "//*[self::h2 or self::h3][normalize-space() = 'Abstract']/following-sibling::*[1]")
    if (named := _PAPER_LINK.fullmatch(address)) and abstract is not None:
        yield Record(_text(_first(page, "//h1")), _text(abstract), ids=(named[1],), tex=True)


def _first(node: "_Element", path: str) -> "_Element | None":
    """Return the first element of an XPath."""
    return next(iter(node.xpath(path)), None)


def _has_class(name: str) -> str:
    """Return the condition of XPath that an element has a class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


def _text(node: "_Element | None") -> str:
    """Return the text of an element on one line."""
    return "" if node is None else " ".join("".join(node.itertext()).split())


def _given_first(name: str) -> str:
    """Return a name such as "Owl, Ada" in the order of speech."""
    last, comma, given = name.partition(",")
    return f"{given.strip()} {last.strip()}" if comma and "," not in given else name
