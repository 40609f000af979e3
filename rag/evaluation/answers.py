"""An answer and what is known of a right one in, figures of the answer out.

Citations are held against the papers that answer the question, as ALCE's citation figures hold them against passages
(Gao et al. 2023, arXiv:2305.14627). They reward quoting: an abstract always supports what is copied from it. So
the share that is copied stands beside them, and a control: the same answers, each with the citations of another one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import get_args

from index.papers import Paper
from index.words import tokenize
from rag.answer import Support
from rag.evaluation.cases import Case
from rag.evaluation.said import Said
from rag.facts import numbers
from rag.names import name_keys

Figures = dict[str, float]
SHOWN = 5
RUN_WORDS = 5
"""Words in a row that must stand in a cited abstract to count as copied."""


def answer_figures(said: Said, case: Case) -> Figures:
    """Return the figures of an answer to a question that papers answer; those that do not apply are left out.

    Args:
        said: The answer; of one that declines only that, what it shows, and that no fact was found.
        case: The question, its relevant papers, and the facts of a right answer.

    Returns:
        answered: 1 or 0.
        shown: Share of the relevant papers among the first five that are shown beside the answer.
        cite P, cite R: Share of the cited papers that are relevant, and of the relevant ones that are cited.
        facts: See `facts_found`.
        copied: See `copied`.
        numbers: Share of the answer's numbers that stand in the title or abstract of a paper that it cites.
        supported, unverified, quoted: Share of the sentences by what the answer itself says of them.
        uncited: Share of the sentences without a citation.
        dangling: Markers that stand for no paper.
    """
    values: Figures = {"answered": float(said.answered), "dangling": float(said.dangling)}
    values["shown"] = len(case.grades.keys() & set(said.shown[:SHOWN])) / len(case.grades)
    if case.facts:
        values["facts"] = facts_found(case.facts, said.plain, case.standalone) if said.answered else 0.0
    if not said.answered:
        return values
    stated = [s.support for s in said.statements if s.support]
    if stated:
        values |= {name: stated.count(name) / len(stated) for name in get_args(Support)}
    return {**values, **citation_figures(said, case)}


def citation_figures(said: Said, case: Case) -> Figures:
    """Return those figures of an answer that hang on what it cites: all that a control with other citations has."""
    cited = {paper.id for paper in said.cited}
    right = len(cited & case.grades.keys())
    values: Figures = {"cite R": right / len(case.grades), "copied": copied(said.plain, said.cited)}
    if cited:
        values["cite P"] = right / len(cited)
    if stated := numbers(said.plain):
        values["numbers"] = len(stated & _numbers_of(said.cited)) / len(stated)
    if said.statements:
        values["uncited"] = sum(not statement.papers for statement in said.statements) / len(said.statements)
    return values


def shuffled(answers: Sequence[Said]) -> list[Said]:
    """Return the answers, each with the citations of the one half the list away: what citing by chance would give.

    Answers that cite nothing get nothing else to cite and are passed over; of fewer than two none is returned.
    """
    citing = [said for said in answers if said.cited]
    if len(citing) < 2:
        return []
    others = [citing[(at + len(citing) // 2) % len(citing)] for at in range(len(citing))]
    return [_with_citations(said, other.cited) for said, other in zip(citing, others, strict=True)]


def facts_found(facts: Iterable[str], text: str, question: str = "") -> float:
    """Return how much of the facts an answer states, 0 to 1: the mean over the facts.

    What the question says already is not asked for again. Of what is left, a fact with numbers or names is worth the
    share of these that is there exactly (in any of their spellings); another one the share of its words, stemmed. Held
    against a reader's verdict on 85 facts of 35 answers (1, half or 0): correlation .87, mean .356 against .362.

    It cannot show that numbers and words are said of the right thing, that nothing denies them, or that a fact is told
    in words of its own: "twice as fast" does not find "halves the time".
    """
    shares = [_found(fact, text, question) for fact in facts]
    return sum(shares) / len(shares) if shares else 0.0


def copied(text: str, papers: Iterable[Paper]) -> float:
    """Return the share of a text's runs of five words that stand word for word in one of the abstracts, 0 to 1.

    The coverage of extractive fragments (Grusky, Naaman and Artzi 2018, doi:10.18653/v1/N18-1065) with a fixed length
    of fragment; 1 is an answer made of quotations. A shorter text is one run.
    """
    runs = _runs(text)
    there = {run for paper in papers for run in _runs(paper.abstract, len(runs[0]) if runs else RUN_WORDS)}
    return sum(run in there for run in runs) / len(runs) if runs else 0.0


def _found(fact: str, text: str, question: str) -> float:
    exact, words = numbers(fact) | name_keys(fact), set(tokenize(fact))
    new = exact - numbers(question) - name_keys(question)
    named = {word for name in name_keys(fact) for word in tokenize(name)}
    new_words = {word for word in words - named if word.isalpha()} - set(tokenize(question))
    if new or new_words:
        exact, words = new, new_words
    return _share(exact, numbers(text) | name_keys(text)) if exact else _share(words, set(tokenize(text)))


def _share(wanted: set[str], there: set[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 0.0


def _runs(text: str, length: int = RUN_WORDS) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    length = min(length, len(words))
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)] if words else []


def _numbers_of(papers: Iterable[Paper]) -> set[str]:
    return {number for paper in papers for number in numbers(f"{paper.title}. {paper.abstract}")}


def _with_citations(said: Said, papers: tuple[Paper, ...]) -> Said:
    """Return an answer whose citations, one by one, are replaced by other papers."""
    swap = {paper.id: papers[at % len(papers)].id for at, paper in enumerate(said.cited)}
    statements = tuple(
        replace(statement, papers=tuple(dict.fromkeys(swap[paper_id] for paper_id in statement.papers)), support=None)
        for statement in said.statements
    )
    used = {paper_id for statement in statements for paper_id in statement.papers}
    return replace(said, statements=statements, cited=tuple(paper for paper in papers if paper.id in used))
