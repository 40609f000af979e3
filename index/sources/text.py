"""A file's bytes in, clean Unicode text out, or the reason why not. Knows nothing of papers."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

_SNIFFED_BYTES = 4096
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_PACKED = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\x1f\x8b": "a gzip file",
    b"SQLite format 3": "a database",
}
_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
# Control characters but those that are white space; bidirectional overrides, embeddings and isolates; halves of
# surrogate pairs; byte order marks that ended up inside a text.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_LINE_BREAK = re.compile("[ \t]*[\n\v\f\x1c-\x1f\x85\u2028\u2029]\\s*|\t")
_TO_UTF8 = "Convert it to UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8"


class Unreadable(Exception):
    """This file, or the rest of it, can't be used; the message is the reason."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def check(path: Path) -> str:
    """Return the first characters of a file and refuse what is not plain text.

    Raises:
        Unreadable: The file is empty, binary, or an HTML page.
        OSError: The file can't be opened.
    """
    with path.open("rb") as file:
        start = file.read(_SNIFFED_BYTES)
    for magic, name in _PACKED.items():
        if start.startswith(magic):
            raise Unreadable(f"{name}, not text. Save its text as a .txt file")
    if start.startswith(_UTF16) and not start.startswith(_UTF32):
        head = start.decode("utf-16", errors="ignore")
    elif b"\0" in start:
        line = start.count(b"\n", 0, start.index(b"\0")) + 1
        raise Unreadable(
            f"binary, or UTF-16 without its byte order mark: a NUL at byte {start.index(0)}. Save it as UTF-8", line
        )
    else:
        head = start.decode("utf-8-sig", errors="replace")
    if not head.strip() and path.stat().st_size <= _SNIFFED_BYTES:
        raise Unreadable("empty")
    if _HTML.match(head):
        raise Unreadable("an HTML page. Open it in a browser, copy all of its text and save that as a .txt file", 1)
    return head


def read_lines(path: Path) -> Iterator[tuple[int, str | Unreadable]]:
    """Yield (line number, line) one at a time; a line that is not text comes as the reason why.

    Lines end with a line feed, a carriage return or both. UTF-8, with or without its mark; UTF-16 with its mark.

    Raises:
        Unreadable: The file can't be decoded any further.
        OSError: The file can't be read.
    """
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            yield from _read_utf16(path)
            return
        file.seek(0)
        number, offset = 1, 0
        for raw in file:
            for part in raw.splitlines(keepends=True):  # bytes split at \n, \r and \r\n only
                yield number, _decode(part, offset)
                offset += len(part)
                number += 1


def _read_utf16(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) of a file in UTF-16."""
    number = 0
    try:
        with path.open(encoding="utf-16", newline=None) as file:
            for number, line in enumerate(file, 1):
                yield number, line.rstrip("\n")
    except UnicodeError as error:
        raise Unreadable("its UTF-16 breaks off here. Save it as UTF-8", number + 1) from error


def _decode(raw: bytes, offset: int) -> str | Unreadable:
    """Return a line of UTF-8 without its end, or what is wrong with it; `offset` is where it starts in the file."""
    if b"\0" in raw:
        return Unreadable(f"binary: a NUL at byte {offset + raw.index(0)}")
    try:
        line = raw.decode()
    except UnicodeDecodeError as error:
        value = raw[error.start]
        return Unreadable(f"not UTF-8: byte {offset + error.start} of the file is 0x{value:02x}. {_TO_UTF8}")
    return (line if offset else line.removeprefix("\ufeff")).rstrip("\r\n")


def clean_line(text: str) -> str:
    r"""Return text on one line: no control characters, runs of white space as one space.

    >>> clean_line("  A\u00a0title\x07 \n of two lines ")
    'A title of two lines'
    """
    return " ".join(_UNWANTED.sub("", text).split())


def clean_paragraphs(text: str) -> str:
    r"""Return text without control characters, a paragraph a line, an empty line between paragraphs.

    >>> clean_paragraphs("We ask\r\nwhy  $x$.\n \n\nIt holds.\n")
    'We ask why  $x$.\n\nIt holds.'
    """
    text = _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    paragraphs = (_LINE_BREAK.sub(" ", paragraph.strip()) for paragraph in _PARAGRAPHS.split(text))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
