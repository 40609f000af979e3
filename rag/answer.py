"""The records of an answer: `Turn`, `Match`, `Sentence`, `Citation`, `Answer`. Knows nothing of models or searching."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from index.papers import Paper
from rag.inforce import InForce

CANNOT_ANSWER = "The papers do not say."
"""The one sentence of an answer that declines; prompt, code and tests share it."""

Support = Literal["supported", "unverified", "quoted"]
"""supported: the judge finds that the cited abstract supports the sentence (the mark, ✓); quoted: it stands in it word
for word; unverified: neither."""


@dataclass(frozen=True)
class Quote:
    """A sentence of an abstract: `text == abstract[start:end]`.

    `score` is the reader's probability that it answers; where it supports a generated sentence, its cosine with that.
    """

    text: str
    start: int
    end: int
    score: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Match:
    """A paper that was found.

    Attributes:
        paper: The paper.
        score: 0 to 1, comparable within one search.
        sentences: Of its abstract, best first.
        found_by: What found it: "words", "meaning" or both, "neighbours" where it is there for what it shares with the
            papers that are; empty where nothing was searched for.
    """

    paper: Paper
    score: float
    sentences: tuple[Quote, ...] = ()
    found_by: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "paper": self.paper.to_dict(),
            "score": self.score,
            "sentences": [quote.to_dict() for quote in self.sentences],
            "found_by": list(self.found_by),
        }

    def _repr_html_(self) -> str:
        from rag.notebook import match_html

        return match_html(self)

    def _repr_markdown_(self) -> str:
        from rag.notebook import match_markdown

        return match_markdown(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Match":
        """Return the match that `to_dict` wrote."""
        sentences = tuple(Quote(**quote) for quote in values["sentences"])
        return cls(Paper.from_dict(values["paper"]), values["score"], sentences, tuple(values.get("found_by", ())))


@dataclass(frozen=True)
class Turn:
    """An earlier question and the text of its answer."""

    question: str
    answer_text: str

    def shortened(self, chars: int) -> "Turn":
        """Return the turn with both texts cut to `chars` characters and white space collapsed."""
        return Turn(*(" ".join(text.split())[:chars] for text in (self.question, self.answer_text)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Sentence:
    """A sentence of an answer.

    Attributes:
        text: Without markers.
        numbers: The citations it rests on.
        support: See `Support`.
        quotes: The sentence of each cited abstract that is nearest to it, in the order of `numbers`.
        lead: What stands between the sentence before and this one: "", " " or line breaks.
    """

    text: str
    numbers: tuple[int, ...]
    support: Support
    quotes: tuple[Quote, ...] = ()
    lead: str = " "

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        values = {"text": self.text, "numbers": list(self.numbers), "support": self.support, "lead": self.lead}
        return {**values, "quotes": [quote.to_dict() for quote in self.quotes]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Sentence":
        """Return the sentence that `to_dict` wrote; one of the first edition, which had no judge, is unverified."""
        quotes = tuple(Quote(**quote) for quote in values["quotes"])
        judged = "repaired" not in values and values["support"] in get_args(Support)
        support: Support = values["support"] if judged else "unverified"
        return cls(values["text"], tuple(values["numbers"]), support, quotes, values.get("lead", " "))

    @property
    def words(self) -> str:
        """The text as a reader sees it: that of an abstract between quotation marks."""
        return f"“{self.text}”" if self.support == "quoted" else self.text

    @property
    def mark(self) -> str:
        """The mark of a sentence that was verified; "" for any other."""
        return "✓" if self.support == "supported" else ""

    @property
    def marked(self) -> str:
        """The sentence with its markers, in front of the full stop; behind a quotation."""
        markers = "".join(f"[{number}]" for number in self.numbers)
        if self.support == "quoted":
            return f"{self.words} {markers}"
        at = len(self.text.rstrip().rstrip("\"'”’)").rstrip(".!?…").rstrip())
        return f"{self.text[:at]} {markers}{self.text[at:].strip()}" if markers else self.text


@dataclass(frozen=True)
class Citation:
    """A cited paper, its number in the text, and the sentence of it that was quoted first."""

    number: int
    paper: Paper
    quote: Quote

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"number": self.number, "paper": self.paper.to_dict(), "quote": self.quote.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Citation":
        """Return the citation that `to_dict` wrote."""
        return cls(values["number"], Paper.from_dict(values["paper"]), Quote(**values["quote"]))


@dataclass(frozen=True)
class Timings:
    """Seconds since the question, None for what did not happen; tokens as the model counts them."""

    papers_s: float | None = None
    first_token_s: float | None = None
    total_s: float | None = None
    prompt_tokens: int = 0
    answer_tokens: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """An answer, growing or whole.

    Attributes:
        question: As asked.
        standalone: As searched for: a follow-up made to stand alone.
        text: What a person reads: the sentences with their markers, `[n]`.
        answered: False when the papers do not say; `text` is then `CANNOT_ANSWER` and nothing is cited.
        sentences: The checked sentences; the last piece of a growing `text` may not be among them yet.
        citations: Numbered 1..n in order of first use; every marker in `text` has one.
        matches: The papers that were found, best first, cited or not.
        timings: When what happened.
        writer: The model that wrote it; "none" for an extractive answer, made of quoted sentences.
        note: What a reader should know about how it came about, such as why it is extractive; often empty.
        done: True for the last answer of a stream.
        filter: Which papers could answer, and the words of the question that said so; None for all.
    """

    question: str
    standalone: str
    text: str = ""
    answered: bool = True
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    matches: tuple[Match, ...] = ()
    timings: Timings = field(default_factory=Timings)
    writer: str = "none"
    note: str = ""
    done: bool = False
    filter: InForce | None = None

    @property
    def checked(self) -> str:
        """What `text` begins with: the checked sentences with their markers."""
        return "".join(sentence.lead + sentence.marked for sentence in self.sentences).lstrip()

    @property
    def unfinished(self) -> str:
        """What stands in `text` behind them: the sentence that is being written, or all of it where it declines."""
        return self.text.removeprefix(self.checked)

    def quotes(self, citation: Citation) -> tuple[Quote, ...]:
        """Return every sentence of a cited paper that the answer leans on, each once, that of the citation first."""
        quotes = [citation.quote]
        for sentence in self.sentences:
            pairs = zip(sentence.numbers, sentence.quotes, strict=False)
            quotes += [quote for number, quote in pairs if number == citation.number]
        return tuple(dict.fromkeys(quotes))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **{
                name: getattr(self, name)
                for name in ("question", "standalone", "text", "answered", "writer", "note", "done")
            },
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "citations": [citation.to_dict() for citation in self.citations],
            "matches": [match.to_dict() for match in self.matches],
            "timings": self.timings.to_dict(),
            "filter": self.filter.to_dict() if self.filter else None,
        }

    def _repr_html_(self) -> str:
        from rag.notebook import answer_html

        return answer_html(self)

    def _repr_markdown_(self) -> str:
        from rag.notebook import answer_markdown

        return answer_markdown(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Answer":
        """Return the answer that `to_dict` wrote.

        Raises:
            KeyError, TypeError: A field is missing or unknown.
        """
        records = {
            "sentences": tuple(Sentence.from_dict(each) for each in values["sentences"]),
            "citations": tuple(Citation.from_dict(each) for each in values["citations"]),
            "matches": tuple(Match.from_dict(each) for each in values["matches"]),
            "timings": Timings(**values["timings"]),
            "filter": InForce.from_dict(values["filter"]) if values.get("filter") else None,
        }
        return cls(**{**values, **records})
