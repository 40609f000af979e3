"""A sentence in, the named thing that it is about out, and whether the papers say it of that thing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.papers import Paper
from rag.comparison import LOSES, WINS
from rag.names import names

_LEAD = re.compile(
    r"^(?:(?:The (?:authors|paper|study)|They|We|It|This (?:paper|work|study))(?: also)? (?:\w+ )?"
    r"(?:report|show|find|found|state|claim|say|argue|demonstrate|conclude)s?(?:ed)? that |According to [^,]*, |"
    r"(?:On|In|With|For|At|From|Across|Against|Under|Compared (?:with|to)|Unlike|By|Using|When|While|After|Without|Of|"
    r"Here|Yes|No|Overall)\b(?:\s[^\s,]+){0,6}, )+",
)
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.I)
_WORD = r"(?=[\w+.*/-]*?[A-Z])[\w+.*/-]++"
_RUN = re.compile(rf"{_WORD}(?:\s(?:{_WORD}|\d[\w.]*))*")
_LIST = re.compile(r",|\s+(?:and|or) [^\s,]+,")
_VERB = re.compile(r"\s+(?:is|was|are|were|has|have|had|can|could|may|will|does|do|also|and|\w{3,}(?:s|ed))\b")
_COMPARED = (
    rf"(?:{WINS}|{LOSES}|above|over|below|than|against|unlike|like|versus|vs\.?|beyond|rivals?|compared (?:with|to))"
)
_LISTED = re.compile(
    rf"\b(?:{_COMPARED}(?:\s+(?:[a-z]+(?:-[a-z]+)*|(?=[\w.+-]*?[A-Z\d])[\w.+-]++),?){{0,6}}"
    r"|(?:with|of|from|by|using|in|for|to|on|improves|extends)(?:\s+(?:the|a|an|its|and|or|(?=[\w.+-]*?[A-Z\d])[\w.+-]++),?){0,5})"
    r"\s+\(?$"
)
"""What stands before a name that is only compared with, or is no more than a part of what is said."""


@dataclass(frozen=True)
class Subject:
    """The name that a sentence begins with, as spelt there, and in one spelling."""

    name: str
    key: str


def subject_of(sentence: str, papers: Sequence[Paper]) -> Subject | None:
    """Return the named thing that a sentence begins with, None where that is no name of these papers.

    Names are those spelt as such, and words that a paper writes with a capital within its sentences ("Oasis").
    """
    text = _ARTICLE.sub("", _LEAD.sub("", sentence))
    found = _RUN.match(text)
    if not found:
        return None
    run = re.sub(r"['’]s?$", "", found[0].rstrip(".,"))
    if _LIST.match(text[found.end() :]) or re.search(r"-[a-z]+$", found[0].split()[0]):
        return None  # "GLUE and RACE, it …", "LLM-based systems"
    if spelt := names(run):
        return Subject(spelt[0], _key(spelt[0]))
    if not _VERB.match(text[found.end() :]):
        return None  # "Transformer models": part of something longer
    within = re.compile(rf"(?:[a-z,] |\(){re.escape(run)}\b")
    if any(short_title(paper) == run or within.search(paper.abstract) for paper in papers):
        return Subject(run, _key(run))
    return None


def owner(subject: Subject, sentence: str, papers: Sequence[Paper]) -> int | None:
    """Return the position of the one paper whose method the subject is: its short title, or no other mentions it.

    None for none or several, and where the sentence names the method of another paper too: it may tell of both.
    """
    titled = [at for at, paper in enumerate(papers) if _key(short_title(paper)) == subject.key]
    found = titled or [at for at, paper in enumerate(papers) if _named(subject, f"{paper.title}. {paper.abstract}")]
    shorts = [short_title(papers[at]) for at in range(len(papers)) if at not in found]
    told = any(short and re.search(rf"\b{re.escape(short)}\b", sentence) for short in shorts)
    return found[0] if len(found) == 1 and not told else None


def wrongly_given(subject: Subject, cited: Sequence[Paper], evidence: Sequence[str]) -> bool:
    """Tell whether the papers say of another what a sentence says of its subject.

    The cited paper's own method may be meant by any of its sentences. Any other name has to stand in the sentences that
    bear this one, and not only where something is compared with it.
    """
    if any(_is_own(subject, paper) for paper in cited):
        return False
    return all(_only_compared(subject.name, text) for text in evidence if subject.name in text or _named(subject, text))


def short_title(paper: Paper) -> str:
    """Return what stands before the colon of a title, "" where there is none."""
    head, colon, _ = paper.title.partition(":")
    return head.strip() if colon else ""


def _is_own(subject: Subject, paper: Paper) -> bool:
    """Tell whether a paper is about the subject: it is in the title, an abbreviation, or what a sentence is about."""
    titles = {_key(name) for name in names(paper.title)} | {_key(short_title(paper))}
    in_title = re.search(rf"(?<![\w-]){re.escape(subject.name)}(?![\w-])", paper.title)
    if in_title or any(len(title) > 2 and subject.key.startswith(title) for title in titles):
        return True
    if f"({subject.name})" in paper.abstract:
        return True
    begins = re.search(rf"(?:^|[.!?] )(?:The |An? )?{re.escape(subject.name)}(?![\w-])", paper.abstract)
    return begins is not None and not short_title(paper)


def _named(subject: Subject, text: str) -> bool:
    return subject.key in {_key(name) for name in names(text)}


def _only_compared(name: str, text: str) -> bool:
    """Tell whether each mention of a name is one that something is compared with or made of."""
    starts = [match.start() for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
    return all(_LISTED.search(text[:start]) for start in starts)


def _key(name: str) -> str:
    return re.sub(r"[\s-]", "", name).casefold()
