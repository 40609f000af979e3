"""Lines of a saved listing page in, its papers out.

A listing is what a browser's "select all, copy" gives of a page such as Hugging Face's daily papers: a header, then
title and abstract in turn, with or without empty lines between, then perhaps a footer. Knows nothing of files.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from index.papers import Paper, code_links, paper_id
from index.sources.reading import LeftOut
from index.sources.text import Unreadable, clean_line, clean_paragraphs

_TITLE_CHARS = 350  # longer is no title
_ABSTRACT_CHARS = 20_000  # longer is no abstract but an essay

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
_DATE = (
    rf"{_DAY}(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH} \d{{4}}|\d{{4}}-\d\d(?:-\d\d)?)"
)
_INVITATION = r"get trending papers in your email inbox(?: once a day)?!?"
_BY_LINE = r"by ?ak and the research community"
# Lines that open a page, or a day within it.
_HEADER = re.compile(
    rf"new|{_INVITATION}|(?:daily|trending) papers|{_BY_LINE}|{_DATE}(?: ?[-\u2013\u2014] ?{_DATE})?", re.I
)
_GLUED_HEADER = re.compile(
    rf"(?:(?i:({_INVITATION})|daily papers|{_BY_LINE})(?=[^\W_a-z])|(?>(?i:{_DATE}))(?=[^\W\d_a-z]|\d[A-Z]))"
)
# "Subscribe" is a button of the header, which some browsers glue to the line below. On the first line of a file it
# is cut where a word starts within the word; after the invitation, where the button must come, also before a small
# letter, but never from "Subscribers …", "Subscribed …", "Subscribe to …" or "Subscribe: …".
_GLUED_BUTTON = {
    "may come": re.compile(r"Subscribe(?=[^\W_a-z])"),
    "must come": re.compile(r"Subscribe(?!(?:rs?|d|s)\b|\ [a-z]|\ ?$|[-\u2013\u2014,.:;!?'\u2019]) ?"),
    "is past": re.compile(r"(?!)"),
}
# Lines that stand between papers or below them, and never are a title.
_FURNITURE = re.compile(
    r"""subscribe | hugging\ face
    | models | datasets | spaces | buckets | community | docs | enterprise | pricing | papers
    | log\ in | sign\ up | system\ theme | (?:light|dark)\ theme | company | tos | terms(?:\ of\ service)? | privacy
    | about | careers | jobs | website | (?:©|\(c\)|copyright)\ .{0,60} | previous | next | load\ more | show\ more
    | daily | weekly | monthly | today | yesterday | upvotes? | collections | abstract | view\ (?:pdf|paper|arxiv\ page)
    | submitted\ by(?:\ \S+)? | published\ (?:on|at)\ .{4,40} | \d+\ (?:minutes?|hours?|days?|weeks?|months?)\ ago
    | [·•|]?\s*\+?[\d.,]+\s*k? | [\W_]+
    | [·•|]?\s*\d+\ (?:authors?|comments?|upvotes?|likes?|papers?|replies|models?|datasets?|spaces?|collections?)""",
    re.I | re.X,
)

_FULL_STOP = re.compile(r"(?:(?<!\b[A-Z])(?<!\bal)\.|…|。)[\"'”\u2019)\]}»$]*$")
_SENTENCE_BREAK = re.compile(r"(?<!\b[A-Z])(?<!\bvs)(?<!\bal)(?<!\b[Nn]o)(?<!\bDr)\.[\"'”\u2019)]* +[A-Z“\"(]|。.")
_CAPITAL_SHARE = 0.7  # of a title's longer words, in titles such as This Is


@dataclass
class _Record:
    """A title and the paragraphs found for it so far."""

    line: int
    title: str
    paragraphs: list[str] = field(default_factory=list)


def read_listing(lines: Iterable[tuple[int, str | Unreadable]], source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a listing in its order, and what had to be left out.

    Args:
        lines: (line number, line), the number counted from 1.
        source: Name that papers and complaints carry.

    Raises:
        Unreadable: A line is not text, or nothing in the page is a title with its abstract.
    """
    titles = 0
    found: list[Paper | LeftOut] = []
    for each in _records(_content(lines)):
        titles += isinstance(each, _Record)
        found.append(_finish(each, source))
    if any(isinstance(each, Paper) for each in found):
        yield from found
    elif titles:
        raise Unreadable(f"not a listing: {titles} lines could be titles, none has an abstract below it")
    else:
        raise Unreadable("not a listing: no line is a title with its abstract below it")


def _finish(found: "_Record | LeftOut", source: str) -> Paper | LeftOut:
    """Return the paper of a record, or why there is none."""
    if isinstance(found, LeftOut):
        return LeftOut(source, found.line, found.reason)
    abstract = "\n\n".join(found.paragraphs)
    if not abstract:
        return LeftOut(source, found.line, f"no abstract below the title “{_short(found.title)}”")
    if len(abstract) > _ABSTRACT_CHARS:
        reason = f"{len(abstract):,} characters below the title “{_short(found.title)}” are no abstract"
        return LeftOut(source, found.line, reason)
    return Paper(paper_id(found.title), found.title, abstract, code=code_links(abstract), sources=(source,))


def _records(content: Iterable[tuple[int, str, bool]]) -> Iterator["_Record | LeftOut"]:
    """Group lines of content into records.

    A line is prose or it may be a title. Prose below a title is its abstract, and so is prose below prose.
    """
    lines = list(content)
    record: _Record | None = None
    for at, (line, text, follows) in enumerate(lines):
        title = clean_line(text)
        below = clean_line(lines[at + 1][1]) if at + 1 < len(lines) else ""
        if not _is_prose(title) or (_is_prose(below) and _may_head(title, first=record is None)):
            if record:
                yield record
            record = _Record(line, title)
        elif record and (follows or not record.paragraphs):
            record.paragraphs.append(clean_paragraphs(text))
        else:
            yield LeftOut("", line, f"no title above the abstract “{_short(title)}”")
    if record:
        yield record


def _content(lines: Iterable[tuple[int, str | Unreadable]]) -> Iterator[tuple[int, str, bool]]:
    """Yield (line number, text, whether it follows the last one directly) without header, footer and furniture."""
    kept = [(number, text) for number, text in _decoded(lines) if clean_line(text)]
    in_header, button, follows, name_at = True, "may come", False, -1
    for at, (number, text) in enumerate(kept):
        line = clean_line(text)
        if in_header:
            line, button = _unglue(line, button)
        if at != name_at and line and not _FURNITURE.fullmatch(line) and not _HEADER.fullmatch(line):
            yield number, line if in_header else text, follows
            in_header, button, follows = False, "is past", True
            continue
        follows = False
        in_header = in_header or bool(_HEADER.fullmatch(line))
        if re.fullmatch(_INVITATION, line, re.I):
            button = "must come"
        elif line == "Subscribe":
            button = "is past"
        elif line.casefold() == "submitted by" and _is_name(kept[at + 1 : at + 3]):
            name_at = at + 1


def _unglue(line: str, button: str) -> tuple[str, str]:
    """Cut what is glued to the start of a line in the header; also return where the button is now."""
    while not _HEADER.fullmatch(line):
        if header := _GLUED_HEADER.match(line):
            line = line[header.end() :]
            button = "must come" if header[1] else button
        elif glued := _GLUED_BUTTON[button].match(line):
            line, button = line[glued.end() :], "is past"
        else:
            break
    return line, button


def _decoded(lines: Iterable[tuple[int, str | Unreadable]]) -> Iterator[tuple[int, str]]:
    """Yield the lines, or raise at the first that is not text."""
    for number, line in lines:
        if isinstance(line, Unreadable):
            raise Unreadable(line.reason, number)
        yield number, line


def _is_name(lines: list[tuple[int, str]]) -> bool:
    """Tell whether the first of two lines is a user's name: one word, with no abstract below it."""
    texts = [clean_line(text) for _, text in lines]
    return bool(texts) and " " not in texts[0] and not any(_is_prose(text) for text in texts)


def _is_prose(line: str) -> bool:
    """Tell sentences from what may be a title."""
    if len(line) > _TITLE_CHARS or re.search(r"https?://\w", line):
        return True
    if _FULL_STOP.search(line) and (line.count(" ") >= 3 or "。" in line):
        return True
    breaks = len(_SENTENCE_BREAK.findall(line))
    return breaks > 1 or (breaks == 1 and len(line) > 200)


def _may_head(line: str, first: bool) -> bool:
    """Tell whether prose may be a title that ends with a full stop: one sentence, In Capitals or above all others."""
    if len(line) > _TITLE_CHARS or _SENTENCE_BREAK.search(line) or "://" in line:
        return False
    words = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 3]
    return first or sum(word[0].isupper() for word in words) >= max(1, _CAPITAL_SHARE * len(words))


def _short(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"
