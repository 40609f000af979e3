"""Papers, or an answer with its evidence, in; questions that the index can answer out. By rule, without a model."""

import re
from collections.abc import Mapping, Sequence

from index.papers import Paper
from rag.answer import Answer

_EXAMPLES = ("What is {} and how well does it work?", "How does {} work?", "What problem does {} solve?")
_NAME_CHARS = 24
_LOOKED_AT = 2000
_NAMED = re.compile(r"[a-z0-9-][A-Z]|[A-Z]{2}|\d")
_RESULT = re.compile(r"\b(?:results?|how (?:much|many|well|far)|accuracy|improve\w*|perform\w*|gains?)\b", re.I)
_WORKS = re.compile(r"\bhow (?:does|do)\b", re.I)


def short_name(paper: Paper) -> str:
    """Return what a title calls its method in front of a colon, empty where that is no name.

    >>> short_name(Paper("title:ul2", "UL2: Unifying Language Learning", ""))
    'UL2'
    >>> short_name(Paper("title:u", "Unlock the Power: Competitive Distillation", ""))
    ''
    """
    at = paper.title.find(":")
    name = paper.title[:at].strip() if 0 < at <= _NAME_CHARS else ""
    return name if " " not in name or _NAMED.search(name) else ""


def examples(papers: Sequence[Paper], topics: Mapping[str, int], limit: int) -> list[str]:
    """Return questions about named methods spread over the papers, behind a list on the commonest topic.

    Args:
        papers: Of the index; of many, some are looked at.
        topics: How many papers have each.
        limit: How many questions.
    """
    some = papers[:: len(papers) // _LOOKED_AT + 1]
    names = list(filter(None, map(short_name, some)))
    step = max(len(names) // max(limit, 1), 1)
    asked = [_EXAMPLES[at % len(_EXAMPLES)].format(name) for at, name in enumerate(names[step // 2 :: step])]
    commonest = sorted(filter(None, topics), key=lambda topic: -topics[topic])[:1]
    return [*[f"Which papers study {topic}?" for topic in commonest], *asked][:limit]


def follow_ups(answer: Answer, limit: int = 3) -> list[str]:
    """Return questions that what was found for an answer can answer next: results, workings, a list on its topic.

    >>> follow_ups(Answer("Who wrote it?", "Who wrote it?"))
    []
    """
    cited = [citation.paper for citation in answer.citations]
    others = [match.paper for match in answer.matches if match.paper.id not in {paper.id for paper in cited}]
    asked: list[str] = []
    for paper in cited[:1]:
        if name := short_name(paper):
            asked += [f"Which results does {name} report?"] * (_has_unsaid_number(answer, paper))
            asked += [f"How does {name} work?"] * (not _WORKS.search(answer.question))
    asked += [f"How does {name} work?" for name in map(short_name, others[:3]) if name][:1]
    topics = [topic for paper in cited or others[:1] for topic in paper.topics]
    asked += [f"Which papers study {topic}?" for topic in topics[:1]]
    said = answer.question.casefold()
    return [question for question in dict.fromkeys(asked) if question.casefold() != said][:limit]


def _has_unsaid_number(answer: Answer, paper: Paper) -> bool:
    """Tell whether an abstract has a number that the answer doesn't give, and results weren't what was asked for."""
    said = set(re.findall(r"\d+(?:\.\d+)?", answer.text))
    there = set(re.findall(r"(?<!\d)\d++(?:\.\d++)?(?=\s?(?:%|x\b|times|points?|percent))", paper.abstract))
    return bool(there - said) and not _RESULT.search(answer.question)
