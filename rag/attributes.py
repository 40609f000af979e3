"""The text of a question in, the phrases out that say who wrote papers, of which category they are, in which order.

Such as "by Hinton", "in cs.CL", "newest first".
"""

import re
from collections.abc import Iterator

from rag.filters import Filter
from rag.phrases import BETWEEN, OUTCOMES, PAPERS, PUBLISHED, Known, Phrase, is_compared, is_of_title

_SAYS = (
    r"argued?|claim(?:ed)?|concluded?|described?|discuss(?:ed)?|find|found|introduced?|mention(?:ed)?|present(?:ed)?|"
    r"proposed?|publish(?:ed)?|report(?:ed)?|say|said|show|showed|shown|suggest(?:ed)?|think|thought|write|written|wrote"
)
"""What an author does in papers."""


def authors(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "by Hinton", "by Geoffrey Hinton and Yann LeCun", "Hinton's" of papers: authors of the index."""
    wrote = rf"(?:{PAPERS}|written|authored|co-authored|published|anything|something|everything)"
    for found in re.finditer(rf"(?:(\b{wrote} )|{PUBLISHED})\b(by )(?=[^\W\d_])", text, re.I):
        start = found.start(2)
        if found[1] and re.match("written|authored|co-authored", found[1], re.I):
            start = found.start()
        people, end = _people(text, found.end(), known, sure=bool(found[1]))
        if people:
            yield Phrase(start, end, Filter(authors=people))
    for found in re.finditer(
        rf"((?:[^\W\d_][\w.-]{{0,60}} ){{0,3}}[^\W\d_][\w-]{{0,60}})['’]s (?=(?:{BETWEEN}){PAPERS}\b)", text
    ):
        words = found[1].split()
        for at in range(len(words)):
            name = " ".join(words[at:])
            if all(word[0].isupper() for word in words[at:]) and known.author(name, sure=True):
                yield Phrase(found.end(1) - len(name), found.end(), Filter(authors=(name,)))
                break


def speakers(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "Hinton" of "What does Hinton say about …?", "What has Hinton published on …?": authors of the index."""
    lead = rf"(?:\b(?:what|which (?:[\w-]+ )?{PAPERS})(?: else)? |^\W*)(?:does|did|do|has|have|had) (?=[^\W\d_])"
    for found in re.finditer(lead, text, re.I):
        people, end = _people(text, found.end(), known, sure=False)
        if people and re.match(rf" (?:(?:also|ever|\w+ly) )?(?:{_SAYS})\b", text[end:], re.I):
            instead = "papers" if len(people) > 1 else "research"
            yield Phrase(found.end(), end, Filter(authors=people), instead=instead)


def _people(text: str, end: int, known: Known, sure: bool) -> tuple[tuple[str, ...], int]:
    """Return the authors whom a text names from a place on ("Hinton and LeCun"), and where the last one ends."""
    people: list[str] = []
    while name := _name(text[end:], known, sure):
        people.append(name)
        link = re.match(r"(?:,? (?:and|or) |, )", text[end + len(name) :])
        end += len(name)
        if not link or not _name(text[end + link.end() :], known, sure=True):
            break
        end += link.end()
    return tuple(people), end


def _name(text: str, known: Known, sure: bool) -> str:
    """Return the longest name of an author that a text begins with, "" where it begins with none."""
    found = re.match(r"[^\W\d_][\w'’-]*\.?(?: (?:[^\W\d_][\w'’-]*\.?)){0,3}", text)
    words = found[0].split(" ") if found else []
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        name = name if re.search(r"\b\w\.$", name) else name.rstrip(".")
        written = all(word[0].isupper() or len(word) <= 3 for word in words[:count]) and name[0].isupper()
        if (written or (sure and count <= 2)) and known.author(name, sure and (written or len(name) > 3)):
            return name
    return ""


def categories(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "in cs.CL", "from the category stat.ML", "cs.CL papers": categories as arXiv writes them."""
    archive = r"(?:cs|math|stat|eess|physics|q-bio|q-fin|econ|cond-mat|astro-ph|nlin)"
    name = rf"({archive}\.[A-Za-z]{{2}}(?:-[a-z]+)?|hep-(?:th|ph|ex|lat)|quant-ph|gr-qc|math-ph|nucl-(?:th|ex))"
    lead = r"\b(?:in|from|under|of)(?: the)?(?: arxiv)?(?: category| categories| section| archive)? "
    behind, before = rf"{lead}{name}(?:(?:,| and| or|, or|, and) {name})?(?![\w-])", rf"\b{name} (?={PAPERS}\b)"
    for found in re.finditer(rf"{behind}|{before}", text, re.I):
        several = tuple(each for each in found.groups() if each)
        if all("." in each or known.category(each) for each in several):
            yield Phrase(*found.span(), Filter(categories=several))


def order(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "newest first", "sorted by date", "latest" of papers and what they report, "the latest on"."""
    newest = r"(?:latest|newest|most recent)"
    first = rf"{newest} (?:ones |papers )?first\b|\b(?:sorted|ordered|sort|order) by (?:date|newest|year|recency)\b"
    for found in re.finditer(rf"(?:,|(?<![\s,]))\s*+(?:\(\s*)?\b(?:{first})(?:\s*\))?", text, re.I):
        yield Phrase(*found.span(), Filter(newest_first=True))
    for found in re.finditer(rf"\b{newest} (?={BETWEEN}{OUTCOMES}\b)|\bthe latest (?=(?:on|about)\b)", text, re.I):
        if not is_of_title(text, found.start()) and not is_compared(text, found.start()):
            yield Phrase(*found.span(), Filter(newest_first=True))
