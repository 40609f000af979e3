"""Papers in, `Case`s out: sentences that are true of a paper, and the same sentences bent, by rules and a seed.

The rules are those of the benchmark alone: rag/check.py knows none of their tables.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.chunks import sentences
from index.papers import Paper

TRUE = ("copied", "paraphrased", "joined", "written")
SYNONYMS = {
    "shows": "demonstrates",
    "show": "demonstrate",
    "uses": "employs",
    "proposes": "introduces",
    "large": "big",
    "improves": "enhances",
    "reduces": "lowers",
    "outperforms": "beats",
    "obtains": "gets",
    "method": "approach",
    "methods": "approaches",
    "dataset": "data set",
    "costly": "expensive",
    "many": "numerous",
    "usually": "typically",
    "needs": "requires",
    "need": "require",
    "released": "made public",
    "results": "findings",
    "strong": "solid",
    "whole": "entire",
    "builds": "constructs",
    "tests": "evaluations",
    "about": "roughly",
    "matches": "equals",
    "keeps": "retains",
    "falls": "drops",
    "rises": "goes up",
}
LEADS = ("The authors report that ", "According to the paper, ", "In this work, ", "The study finds that ", "Here, ")
OPPOSITES = [
    ("increases", "decreases"),
    ("increase", "decrease"),
    ("raises", "lowers"),
    ("raising", "lowering"),
    ("rises", "falls"),
    ("rise", "fall"),
    ("rose", "fell"),
    ("improves", "worsens"),
    ("improve", "worsen"),
    ("improved", "worsened"),
    ("improving", "worsening"),
    ("improvement", "deterioration"),
    ("grows", "shrinks"),
    ("gains", "loses"),
    ("speeds up", "slows down"),
    ("accelerates", "slows"),
    ("faster", "slower"),
    ("fast", "slow"),
    ("higher", "lower"),
    ("high", "low"),
    ("more", "less"),
    ("larger", "smaller"),
    ("better", "worse"),
    ("best", "worst"),
    ("superior", "inferior"),
    ("outperforms", "underperforms"),
    ("outperform", "underperform"),
    ("beats", "loses to"),
    ("beat", "lose to"),
    ("surpasses", "falls short of"),
    ("surpass", "fall short of"),
    ("exceeds", "stays below"),
    ("reduces", "increases"),
    ("reduce", "increase"),
    ("reducing", "increasing"),
    ("reduced", "increased"),
    ("cuts", "raises"),
    ("drops", "rises"),
    ("shorter", "longer"),
    ("cheaper", "dearer"),
    ("easier", "harder"),
    ("fewer", "more"),
    ("minimizes", "maximizes"),
    ("strong", "weak"),
    ("stronger", "weaker"),
    ("early", "late"),
    ("before", "after"),
]
_OPPOSITE = {**{b: a for a, b in OPPOSITES}, **dict(OPPOSITES)}
_NUMBER = re.compile(r"(?<![\w.-])(\d+(?:,\d{3})*(?:\.\d+)?)(?![\w-]*[A-Z])(%|x\b|×)?")
_SCALES = {"thousand": "million", "million": "billion", "billion": "million", "trillion": "billion"}
_NAME = re.compile(r"(?<![\w-])[A-Za-z\d]*(?:[a-z\d-][A-Z]|[A-Z]{2})[\w-]*\+*")
_PRONOUN = re.compile(r"^(?:It|We|This (?:work|study|paper)|The (?:method|model|framework|approach|system|authors))\b")
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|does|do|has|have|will|may)\b")
_VERB = re.compile(
    r"\b(uses|shows|improves|reduces|beats|outperforms|requires|needs|supports|learns|trains|builds|keeps|gives|"
    r"proposes|holds|covers|releases|offers|reaches|lets|adds|combines|works|makes|yields)\b"
)
_NEGATION = re.compile(r"\b(?:does not|do not|is not|are not|cannot|without|no|never|not|fails to)\b ?")
_ASIDE = re.compile(r" \([^()]*\)")
_BARE = {"uses": "use", "shows": "show", "does": "do", "reaches": "reach", "releases": "release"}


@dataclass(frozen=True)
class Case:
    """A sentence to check.

    Attributes:
        kind: What it is: one of `TRUE`, or what was bent.
        sentence: Without markers.
        paper: Whose digest it comes from.
        shown: Papers that must be among those that it is checked against.
        absent: Whether its paper is kept from them.
        question: What it answers, where that is known.
        part: Of the data, where it is fixed.
    """

    kind: str
    sentence: str
    paper: Paper
    shown: tuple[Paper, ...] = ()
    absent: bool = False
    question: str = ""
    part: str = ""

    @property
    def true(self) -> bool:
        """Whether the paper says it."""
        return self.kind in TRUE


def cases(paper: Paper, neighbours: Sequence[Paper], corpus: Sequence[Paper], chosen: random.Random) -> Iterator[Case]:
    """Yield true and bent sentences about a paper.

    Args:
        paper: Whose abstract is used.
        neighbours: Papers found beside it, nearest first.
        corpus: Where foreign names come from.
        chosen: The seed's choices; the same seed gives the same cases.
    """
    spans = [span.text for span in sentences(paper.abstract) if 6 <= len(span.text.split()) <= 45]
    if not spans:
        return
    picked = chosen.sample(spans, min(3, len(spans)))
    bare = [_ASIDE.sub("", text) for text in spans]
    yield Case("copied", picked[0], paper)
    for text in picked:
        yield Case("paraphrased", paraphrase(text, paper, chosen), paper)
    if len(picked) > 1:
        first, second = (paraphrase(text, paper, chosen, lead=False) for text in picked[:2])
        yield Case("joined", f"{first.rstrip('.')}, and {_lowered(second)}", paper)
    yield Case("paper swapped", paraphrase(picked[-1], paper, chosen), paper, absent=True)
    makers: dict[str, Callable[[str], tuple[str, tuple[Paper, ...]] | None]] = {
        "number": lambda text: _plain(_number(text, paper, chosen)),
        "unit": lambda text: _plain(_unit(text, paper)),
        "negation": lambda text: _plain(_negated(text)),
        "direction": lambda text: _plain(_flipped(text, chosen)),
        "name": lambda text: _plain(_renamed(text, paper, corpus, chosen)),
        "subject": lambda text: _other_subject(text, paper, neighbours),
    }
    for kind, maker in makers.items():
        for text in chosen.sample(bare, len(bare)):
            if bent := maker(text):
                yield Case(kind, paraphrase(bent[0], paper, chosen, resolve=kind != "subject"), paper, bent[1])
                break


def paraphrase(text: str, paper: Paper, chosen: random.Random, *, lead: bool = True, resolve: bool = True) -> str:
    """Say it in other words: the method's name for a pronoun, other words and spellings, clauses moved, a lead-in."""
    if resolve and (short := short_title(paper)):
        text = _PRONOUN.sub(short, text, count=1)
    text = _ASIDE.sub("", text)
    text = re.sub(r"(?<=\d)%", " percent", text) if chosen.random() < 0.5 else text
    text = re.sub(r"(?<=\d)x\b", "×" if chosen.random() < 0.5 else " times", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    for word, other in SYNONYMS.items():
        if chosen.random() < 0.7:
            text = re.sub(rf"\b{word}\b", other, text)
    moved = re.match(r"((?:On|In|With|For|At|From|Across|Against|Under) [^,]{4,60}), ([^,;:]+)\.$", text)
    if moved:
        text = f"{moved[2][:1].upper()}{moved[2][1:]} {_lowered(moved[1])}."
    elif lead and chosen.random() < 0.6:
        text = chosen.choice(LEADS) + _lowered(text)
    return text


def short_title(paper: Paper) -> str:
    """Return the method's name that a title begins with, "" where it has none."""
    head = paper.title.split(":")[0].strip()
    return head if ":" in paper.title and len(head.split()) <= 3 else ""


def _plain(text: str | None) -> tuple[str, tuple[Paper, ...]] | None:
    return (text, ()) if text else None


def _lowered(text: str) -> str:
    """Lower the first letter of an ordinary word."""
    first = text.split(" ")[0]
    return text[:1].lower() + text[1:] if first[1:].islower() or len(first) == 1 else text


def _number(text: str, paper: Paper, chosen: random.Random) -> str | None:
    """Change one number to another that the paper does not hold."""
    found = [match for match in _NUMBER.finditer(text) if len(match[1].replace(".", "")) > 1 or match[2]]
    if not found:
        return None
    match = chosen.choice(found)
    digits = match[1]
    for _ in range(20):
        at = chosen.choice([at for at, letter in enumerate(digits) if letter.isdigit()])
        other = digits[:at] + str((int(digits[at]) + chosen.randint(1, 8)) % 10) + digits[at + 1 :]
        if other.strip("0.,") and not other.startswith("0") and other not in f"{paper.title} {paper.abstract}":
            return text[: match.start(1)] + other + text[match.end(1) :]
    return None


def _unit(text: str, paper: Paper) -> str | None:
    """Change what a number counts: percent to times, million to billion."""
    if found := re.search(r"(?<=\d)%", text):
        return f"{text[: found.start()]}x{text[found.end() :]}"
    if found := re.search(r"(?<=\d)(?:x|×)(?!\w)", text):
        return f"{text[: found.start()]}%{text[found.end() :]}"
    found = re.search(r"\b(?:" + "|".join(_SCALES) + r")\b", text)
    if found and _SCALES[found[0]] not in paper.abstract:
        return text[: found.start()] + _SCALES[found[0]] + text[found.end() :]
    found = re.search(r"(?<=\d)[MB]\b", text)
    if found:
        return text[: found.start()] + {"M": "B", "B": "M"}[found[0]] + text[found.end() :]
    return None


def _negated(text: str) -> str | None:
    """Put a negation in, or take the one there out."""
    if found := _NEGATION.search(text):
        if found[0].strip() in ("is not", "are not"):
            return text[: found.start()] + found[0].split()[0] + " " + text[found.end() :]
        return None
    head = text.split(",")[0]
    if found := _AUXILIARY.search(head):
        return f"{text[: found.end()]} not{text[found.end() :]}"
    if found := _VERB.search(head):
        verb = _BARE.get(found[0], found[0].removesuffix("s"))
        return f"{text[: found.start()]}does not {verb}{text[found.end() :]}"
    return None


def _flipped(text: str, chosen: random.Random) -> str | None:
    """Turn one word of direction into its opposite."""
    found = [match for word in _OPPOSITE for match in re.finditer(rf"\b{word}\b", text)]
    if not found:
        return None
    match = chosen.choice(sorted(found, key=lambda match: match.start()))
    return text[: match.start()] + _OPPOSITE[match[0]] + text[match.end() :]


def _renamed(text: str, paper: Paper, corpus: Sequence[Paper], chosen: random.Random) -> str | None:
    """Exchange the name of a method or a data set for one of another paper."""
    found = [match for match in _NAME.finditer(text) if len(match[0]) > 2]
    if not found:
        return None
    match = chosen.choice(found)
    text_of = f"{paper.title} {paper.abstract}".casefold()
    for _ in range(50):
        others = [name for name in _NAME.findall(chosen.choice(corpus).abstract) if len(name) > 2]
        other = chosen.choice(others) if others else ""
        if other and other.casefold().rstrip("s") not in text_of:
            return text[: match.start()] + other + text[match.end() :]
    return None


def _other_subject(text: str, paper: Paper, neighbours: Sequence[Paper]) -> tuple[str, tuple[Paper, ...]] | None:
    """Give a sentence that begins with the method, or a word for it, to the method of a paper shown beside it."""
    own = short_title(paper)
    others = [other for other in neighbours if short_title(other) and _NAME.fullmatch(short_title(other))]
    begins = (own and text.startswith(f"{own} ")) or _PRONOUN.match(text)
    if not others or not begins or short_title(others[0]) in f"{paper.title} {paper.abstract}":
        return None
    rest = text[len(own) :] if own and text.startswith(f"{own} ") else _PRONOUN.sub("", text, count=1)
    return short_title(others[0]) + rest, (others[0],)
