"""The body of an answer in, its elements of XML or values of JSON out; nothing in it is expanded, fetched or obeyed."""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # the parsing itself is defusedxml's

from index.errors import SourceError
from index.sources.live.client import Unfit

_HTML = re.compile(rb"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # XML 1.0 knows no such characters, services send them


def read_json(body: bytes) -> Any:  # noqa: ANN401
    """Return a value of JSON.

    Raises:
        Unfit: It is none.
    """
    if _HTML.match(body):
        raise Unfit("a web page instead of data")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"no JSON: {error}") from error


def explain_json(body: bytes) -> str:
    """Return what a service says about a question that it refuses, "" for nothing."""
    try:
        values = read_json(body)
    except Unfit:
        return ""
    said = [values.get(name) for name in ("message", "error")] if isinstance(values, dict) else []
    return next((text for text in said if isinstance(text, str)), "")


def read_xml(body: bytes, name: str) -> Element:
    """Return the root of a document.

    Args:
        body: The document.
        name: What its root must be called, without its namespace.

    Raises:
        Unfit: It is no XML, or another document.
        SourceError: It declares what could be an attack.
    """
    if _HTML.match(body):
        raise Unfit("a web page instead of data")
    root = _parsed(_NOT_XML.sub(b"", body))
    if bare(root.tag) != name:
        raise Unfit(f"<{bare(root.tag)}> instead of <{name}>")
    return root


def pieces(body: bytes, root: str, name: str) -> Iterator[Element | str]:
    """Yield the elements called `name` of a document that as a whole is no XML: each of them, or why it can't be read.

    Raises:
        Unfit: The document is not `root` from its beginning to its end, so that some of it may be missing.
    """
    body, start, end = _NOT_XML.sub(b"", body), f"<{root}".encode(), f"</{root}>".encode()
    opened = re.search(rb"%b[\s>][^<]*" % re.escape(start), body)
    if opened is None or not body.rstrip().endswith(end):
        raise Unfit("cut off, or not what was asked for")
    piece, close = re.compile(rb"<%b[\s>]" % re.escape(name.encode())), f"</{name}>".encode()
    at = 0
    while (found := piece.search(body, at)) and (closed := body.find(close, found.end())) >= 0:
        at = closed + len(close)
        try:
            yield _parsed(opened[0] + body[found.start() : at] + end)[0]
        except Unfit as error:
            yield str(error)


def bare(tag: str) -> str:
    """Return the name of an element without its namespace."""
    return tag.rpartition("}")[2]


def _parsed(body: bytes) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise SourceError(
            "An answer declares a document type or entities, which none of these services does and an attack would: "
            "it was not read. Try again from another network."
        ) from error
    except (ParseError, ValueError, LookupError) as error:  # the last two: the encoding that it names
        raise Unfit(f"no XML: {error}") from error
    return root
