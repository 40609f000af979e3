"""A file's bytes in, clean Unicode text out, or the reason why not. Knows nothing of papers."""

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path

_LINE_BYTES = 64 * 1024 * 1024
_WHOLE_BYTES = 256 * 1024 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Control characters but those that are white space; bidirectional overrides, embeddings and isolates; halves of
# surrogate pairs; byte order marks that ended up inside a text.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_LINE_BREAK = re.compile("(?<![ \t])[ \t]*+[\n\v\f\x1c-\x1f\x85\u2028\u2029]\\s*|\t")
_TO_UTF8 = "Convert it to UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8"


class Unreadable(Exception):
    """This file, or the rest of it, can't be used; the message is the reason."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def head(start: bytes, is_all: bool) -> str:
    """Return the first characters of a file, by its first bytes, and refuse what is not plain text.

    Args:
        start: The first bytes.
        is_all: Whether there are no more.

    Raises:
        Unreadable: The file is empty or binary.
    """
    if start.startswith(_UTF16) and not start.startswith(_UTF32):
        text = start.decode("utf-16", errors="ignore")
    elif b"\0" in start:
        line = start.count(b"\n", 0, start.index(b"\0")) + 1
        raise Unreadable(
            f"binary, or UTF-16 without its byte order mark: a NUL at byte {start.index(0)}. Save it as UTF-8", line
        )
    else:
        text = start.decode("utf-8-sig", errors="replace")
    if is_all and not text.strip():
        raise Unreadable("empty")
    return text


def lines_of(file: io.BufferedIOBase) -> Iterator[tuple[int, str | Unreadable]]:
    """Yield (line number, line) one at a time; a line that is not text comes as the reason why.

    Lines end with a line feed, a carriage return or both. UTF-8, with or without its mark; UTF-16 with its mark.

    Raises:
        Unreadable: The file can't be decoded any further, or a line has more than 64 MiB.
        OSError: The file can't be read.
    """
    number, offset = 1, 0
    while raw := file.readline(_LINE_BYTES):
        if not offset and raw.startswith(_UTF16):
            yield from _read_utf16(file, raw)
            return
        if len(raw) == _LINE_BYTES:
            raise Unreadable(f"a line of more than {_LINE_BYTES >> 20} MiB. Write a record a line", number)
        for part in raw.splitlines(keepends=True) if b"\r" in raw else (raw,):
            yield number, _decode(part, offset)
            offset += len(part)
            number += 1


def read_lines(path: Path) -> Iterator[tuple[int, str | Unreadable]]:
    """Yield the lines of a file as `lines_of` does."""
    with path.open("rb") as file:
        yield from lines_of(file)


def read_whole(file: io.BufferedIOBase) -> str:
    """Return the text of a file; its lines keep their numbers and end with a line feed.

    Raises:
        Unreadable: A line is not text, or there is more than 256 MiB of it.
        OSError: The file can't be read.
    """
    lines, chars = [], 0
    for number, line in lines_of(file):
        if isinstance(line, Unreadable):
            raise Unreadable(line.reason, number)
        lines.append(line)
        chars += len(line) + 1
        if chars > _WHOLE_BYTES:
            reason = (
                f"more than {_WHOLE_BYTES >> 20} MiB, too much for its form. Split it, or write JSON, a record a line"
            )
            raise Unreadable(reason, number)
    return "\n".join(lines)


def _read_utf16(file: io.BufferedIOBase, first: bytes) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) of a file in UTF-16, whose first bytes have been read."""
    number, text = 1, ""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-16")(), translate=True)
    try:
        while more := first or file.read(_LINE_BYTES // 64):
            first = b""
            *lines, text = (text + decoder.decode(more)).split("\n")
            for line in lines:
                yield number, line
                number += 1
            if len(text) > _LINE_BYTES:
                raise Unreadable(f"a line of more than {_LINE_BYTES >> 20} MiB. Write a record a line", number)
        if text := text + decoder.decode(b"", final=True):
            yield number, text.rstrip("\n")
    except UnicodeError as error:
        raise Unreadable("its UTF-16 breaks off here. Save it as UTF-8", number) from error


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
