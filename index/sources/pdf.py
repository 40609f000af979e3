"""The first pages of a PDF in, the paper whose they are out: its title and abstract, and what else is sure."""

import re
from collections.abc import Iterator

from index.identity import title_key
from index.paper import Paper
from index.sources.fields import names
from index.sources.opening import Document
from index.sources.pages import FirstPages, Line, PageReader
from index.sources.reading import LeftOut
from index.sources.record import Record, to_paper
from index.sources.text import Unreadable

_PDF_BYTES = 256 * 1024 * 1024
_ABSTRACT_CHARS = range(150, 6000)  # shorter or longer is something else
_TITLE_CHARS = range(8, 350)
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_HEADING = re.compile(
    r"(?:(?i:a ?b ?s ?t ?r ?a ?c ?t|summary)\s*[.:\u2013\u2014-]?$"  # on a line of its own
    r"|(?i:abstract)\s*[.:\u2013\u2014-]+|(?:Abstract|ABSTRACT)(?=\s+(?:We|This|In|The|An?|Recent)\b))\s*"  # or before
)
_END = re.compile(
    r"""(?:(?:1|I)\s*+(?:[.:]\s*+)?)?(?:i\ ?ntroduction|motivation|background)\b.{0,20}
    | (?:1|I)[.\s]\s*[A-Z][\w\s,:'&-]{3,60}
    | (?:key\s?words?|index\ terms|ccs\ concepts|categories\ and\ subject|general\ terms|acm\ reference|contents
        |jel\ class|pacs|msc\ class|mathematics\ subject|keywords\ and\ phrases|correspondence\ to|preprint)\b.*
    | \d{4}\ mathematics\ subject.*""",
    re.I | re.X,
)
_STAMP = re.compile(
    r"arXiv:\s?(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v\d+)?\s*\[([\w.-]+)\]\s*(\d{1,2} [A-Z][a-z]{2} \d{4})"
)
_FILE_ID = re.compile(r"(?:^|.*[/_ -])((?:0[7-9]|[1-9]\d)(?:0[1-9]|1[0-2])\.\d{4,5})(?:v\d+)?\.pdf", re.I)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}]*[^\s\"<>{}.,;:)\]]")
_NO_TITLE = re.compile(
    r"(?:untitled|microsoft word|paper|main|template|title|manuscript|\S*\.(?:tex|dvi|docx?|pdf))\b.*", re.I
)


def read_pdf(document: Document, reader: PageReader) -> Iterator[Paper | LeftOut]:
    """Yield the one paper of a PDF.

    Raises:
        Unreadable: It can't be read, or its title or abstract was not found; the message says what to do.
        OSError: The file can't be read.
    """
    with document.open() as file:
        data = file.read(_PDF_BYTES + 1)
    if len(data) > _PDF_BYTES:
        raise Unreadable(f"a PDF of more than {_PDF_BYTES >> 20} MiB. Save its first pages as a PDF of their own")
    if not data:
        raise Unreadable("empty")
    if b"%PDF-" not in data[:1024]:
        raise Unreadable("not a PDF, although it is called one. Get the file again")
    yield to_paper(_record(reader.read(data), document.source), document.source)


def _record(found: FirstPages, source: str) -> Record:
    """Return what the first pages say of the paper."""
    lines = [Line(line.text.translate(_LIGATURES), line.size) for page in found.pages for line in page]
    text = "\n".join(line.text for line in lines)
    stamp, named = _STAMP.search(text), _FILE_ID.fullmatch(source)
    lines = [line for line in lines if not _STAMP.search(line.text)]
    heading = next((at for at, line in enumerate(lines) if _HEADING.match(line.text)), None)
    if heading is None:
        raise _not_found("no heading “Abstract” was found on its first pages")
    abstract = _abstract(lines[heading:], text)
    if len(abstract) not in _ABSTRACT_CHARS:
        raise _not_found("where its abstract ends was not found")
    title = _title(lines[:heading], found.title)
    if not title:
        raise _not_found("its title was not found")
    dois = set(_DOI.findall("\n".join(line.text for line in found.pages[0])))
    arxiv = stamp[1] if stamp else named[1] if named else ""
    first = bool(stamp and stamp[2] in (None, "v1"))
    return Record(
        title,
        abstract,
        authors=_authors(found.author, text),
        published=stamp[4] if stamp and first else f"20{arxiv[:2]}-{arxiv[2:4]}" if arxiv[:4].isdecimal() else None,
        ids=(arxiv, *(dois if len(dois) == 1 else ())),
        topics=(stamp[3],) if stamp else (),
        version=int(stamp[2][1:]) if stamp and stamp[2] else None,
        updated=stamp[4] if stamp else None,
    )


def _not_found(why: str) -> Unreadable:
    """Return the complaint that a PDF is not laid out as a paper is."""
    return Unreadable(f"a PDF that is not laid out as a paper: {why}. Save title and abstract as a .txt file")


def _abstract(lines: list[Line], text: str) -> str:
    """Return what stands from the heading on, up to the next one; words that line ends cut are made whole."""
    said = _HEADING.sub("", lines[0].text, count=1)
    kept = [said] if said else []
    body = lines[0].size if kept else next((line.size for line in lines[1:] if len(line.text) > 30), lines[0].size)
    for line in lines[1:]:
        chars = sum(map(len, kept))
        if (_END.fullmatch(line.text) and chars >= _ABSTRACT_CHARS.start // 3) or chars > _ABSTRACT_CHARS.stop:
            break
        if line.size >= body - 0.9 and not re.fullmatch(r"[\d\W]{1,6}", line.text):  # neither footnote nor page number
            kept.append(line.text)
    else:
        return ""
    whole = ""
    for line_text in kept:
        whole = _joined(whole, line_text, text)
    return whole


def _joined(before: str, after: str, text: str) -> str:
    """Return two lines as one; a hyphen at the end stays only where the word has it elsewhere too."""
    cut = re.search(r"(?<!\w)(\w++)[-\u2010\u00ad]$", before)
    rest = re.match(r"[a-z]\w*", after)
    if not cut or not rest:
        return f"{before} {after}" if before else after
    if re.search(rf"\b{re.escape(cut[1])}-{re.escape(rest[0])}", text) and f"{cut[1]}{rest[0]}" not in text:
        return before + after
    return before[:-1] + after


def _title(lines: list[Line], described: str) -> str:
    """Return the title: as the file describes itself if that stands above the abstract, else its largest lines."""
    above = title_key(" ".join(line.text for line in lines))
    described = " ".join(described.split())
    if len(described) in _TITLE_CHARS and not _NO_TITLE.fullmatch(described) and title_key(described) in above:
        return described
    letters = [line for line in lines if sum(letter.isalpha() for letter in line.text) > 2]
    if not letters:
        return ""
    largest = max(line.size for line in letters)
    begin = next(at for at, line in enumerate(lines) if line.size >= largest - 0.5 and line in letters)
    title = ""
    for line in lines[begin:]:
        if line.size < largest - 0.5:
            break
        title = _joined(title, line.text, title)
    return title if len(title) in _TITLE_CHARS else ""


def _authors(described: str, text: str) -> tuple[str, ...]:
    """Return the authors as the file describes them, if each of them stands on the pages."""
    found = names(" ".join(described.split()))
    page = title_key(text)
    return found if all(title_key(name) in page for name in found) else ()
