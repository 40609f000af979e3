"""A sentence in, the named thing that it is about out, and whether the papers say it of that thing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.papers import Paper
from rag.names import name_keys, names
from rag.polarity import beaten

_LEAD = re.compile(
    r"^(?:(?:The (?:authors|paper|study)|They|We|It|This (?:paper|work|study))(?: also)? (?:\w+ )?"
    r"(?:report|show|find|found|state|claim|say|argue|demonstrate|conclude)s?(?:ed)? that |According to [^,]*, |"
    r"(?:On|In|With|For|At|From|Across|Against|Under|Compared (?:with|to)|Unlike|By|Using|When|While|After|Without|Of|"
    r"Here|Yes|No|Overall)\b[^,]*, )+",
)
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.I)
_WORD = r"[\w+.*/-]*[A-Z\d][\w+.*/-]*"
_RUN = re.compile(rf"{_WORD}(?:\s{_WORD})*")


@dataclass(frozen=True)
class Subject:
    """The name that a sentence begins with, as spelt there, and its keys."""

    name: str
    keys: frozenset[str]


def subject_of(sentence: str, papers: Sequence[Paper]) -> Subject | None:
    """Return the named thing that a sentence begins with, None where that is no name of these papers.

    Names are those spelt as such, and words that a paper writes with a capital within its sentences ("Oasis").
    """
    text = _ARTICLE.sub("", _LEAD.sub("", sentence))
    found = _RUN.match(text)
    if not found:
        return None
    run = re.sub(r"['’]s?$", "", found[0].rstrip(".,"))
    spelt = names(run)
    if spelt:
        return Subject(spelt[0], frozenset(name_keys(spelt[0])))
    within = re.compile(rf"(?:[a-z,(]|\band) {re.escape(run)}\b")
    titled = any(paper.title.split(":")[0].strip() == run for paper in papers)
    if titled or any(within.search(paper.abstract) for paper in papers):
        return Subject(run, frozenset({run.casefold()}))
    return None


def wrongly_given(subject: Subject, sentence: str, cited: Sequence[Paper], evidence: Sequence[str]) -> bool:
    """Tell whether the papers say of another what a sentence says of its subject.

    The cited paper's own method may be meant by any of its sentences. Any other name has to stand in the sentences that
    bear this one, and not only as what is beaten or compared with, and the own method is not to be where it is beaten.
    """
    own = [paper for paper in cited if _own(subject, paper)]
    near = [text for text in evidence if _holds(text, subject)]
    if near and all(beaten(subject.name, text) for text in near) and not beaten_first(subject, sentence):
        return not own
    return not own and not near


def beaten_first(subject: Subject, sentence: str) -> bool:
    """Tell whether the sentence itself says that its subject is the one beaten."""
    rest = sentence.split(subject.name, 1)[-1]
    return bool(
        re.match(r"\W*(?:\w+ )?(?:is|was|are|were) (?:\w+ )?\w+ (?:by|in|than|against)\b|\W*lags|\W*trails", rest)
    )


def _own(subject: Subject, paper: Paper) -> bool:
    """Tell whether a paper is about the subject: in its title, abbreviated from it, or often a subject itself."""
    if _holds(paper.title, subject) or f"({subject.name})" in paper.abstract[:600]:
        return True
    return bool(re.search(rf"(?:^|[.!?] ){re.escape(subject.name)}\b", paper.abstract))


def _holds(text: str, subject: Subject) -> bool:
    return subject.name in text or bool(subject.keys & name_keys(text))
