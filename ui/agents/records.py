"""What the tools give to agents as structured content; the descriptions stand in their output schemas."""

from pydantic import BaseModel, Field

from index.papers import Paper
from rag.answer import Answer, Citation, Match, Support


class Found(BaseModel):
    """A paper that was found."""

    paper_id: str = Field(description="Give it to get_paper, or to ask as one of `within`.")
    title: str
    url: str | None
    published: str | None = Field(description="ISO date: YYYY, YYYY-MM or YYYY-MM-DD.")
    score: float = Field(description="0 to 1, comparable within one result.")
    why: str | None = Field(description="The sentence of the abstract that is nearest to what was asked.")

    @classmethod
    def of(cls, match: Match) -> "Found":
        """Return a match in short."""
        paper, why = match.paper, match.sentences[0].text if match.sentences else None
        score = round(match.score, 4)
        return cls(paper_id=paper.id, title=paper.title, url=paper.url, published=paper.published, score=score, why=why)


class Cited(BaseModel):
    """What a marker [number] in the answer stands for."""

    number: int
    paper_id: str
    title: str
    url: str | None
    quote: str = Field(description="The sentence of the abstract that is nearest to what is said, word for word.")
    start: int = Field(description="Where it begins in the abstract, in characters.")
    end: int

    @classmethod
    def of(cls, citation: Citation) -> "Cited":
        """Return a citation in short."""
        paper, quote = citation.paper, citation.quote
        return cls(
            number=citation.number,
            paper_id=paper.id,
            title=paper.title,
            url=paper.url,
            quote=quote.text,
            start=quote.start,
            end=quote.end,
        )


class Claim(BaseModel):
    """A sentence of the answer."""

    text: str
    citations: list[int] = Field(description="Numbers of the citations that it rests on.")
    support: Support = Field(
        description="supported: a judge verified it against the cited abstract; quoted: it stands there word for word; "
        "unverified: neither."
    )


class Answered(BaseModel):
    """An answer whose sentences were verified against the abstracts that they cite."""

    answer: str = Field(description="The text, with markers [n].")
    answered: bool = Field(description="False when the papers do not say; then nothing is cited.")
    note: str = Field(description="How it came about, such as why it was declined or what was left out; often empty.")
    searched_for: str = Field(description="The question as searched for: a follow-up made to stand alone.")
    filter: str = Field(description="Which papers could answer, in words, such as `since 2024`; empty for all.")
    writer: str = Field(description="The language model; `none` where sentences were quoted, not written.")
    claims: list[Claim]
    citations: list[Cited] = Field(description="Numbered 1..n in order of first use.")
    nearest: list[Found] = Field(description="The papers found, best first, cited or not.")

    @classmethod
    def of(cls, answer: Answer) -> "Answered":
        """Return an answer in short."""
        claims = [
            Claim(text=each.text, citations=list(each.numbers), support=each.support) for each in answer.sentences
        ]
        return cls(
            answer=answer.text,
            answered=answer.answered,
            note=answer.note,
            searched_for=answer.standalone,
            filter=answer.filter.filter.words if answer.filter else "",
            writer=answer.writer,
            claims=claims,
            citations=[Cited.of(each) for each in answer.citations],
            nearest=[Found.of(each) for each in answer.matches],
        )


class PapersFound(BaseModel):
    """The papers on a topic, best first."""

    papers: list[Found]
    filter: str = Field(description="Which papers could be listed, in words, such as `since 2024`; empty for all.")
    note: str = Field(description="Such as why nothing was found; often empty.")


class PaperRecord(BaseModel):
    """Everything that is known of a paper."""

    paper_id: str
    title: str
    abstract: str
    authors: list[str]
    published: str | None = Field(description="ISO date: YYYY, YYYY-MM or YYYY-MM-DD.")
    url: str | None
    code: list[str] = Field(description="Links to repositories.")
    topics: list[str]
    sources: list[str] = Field(description="Which sources of the index named it.")
    kind: str = Field(description="`abstract` as published, or `digest` for a summary in other words.")
    bibtex: str
    similar: list[Found] = Field(description="The papers nearest to it, as many as were asked for.")

    @classmethod
    def of(cls, paper: Paper, bibtex: str, similar: list[Match]) -> "PaperRecord":
        """Return a paper with its neighbours."""
        values = paper.to_dict()
        return cls(paper_id=values.pop("id"), bibtex=bibtex, similar=[Found.of(each) for each in similar], **values)


class Topic(BaseModel):
    """A topic of the index."""

    topic: str
    papers: int = Field(description="How many papers have it.")


class Topics(BaseModel):
    """What the index is about."""

    papers: int = Field(description="In the index.")
    sources: list[str] = Field(description="That they came from.")
    topics: list[Topic] = Field(description="The commonest first; empty where the sources name none.")
    total: int = Field(description="How many topics there are.")
    examples: list[str] = Field(description="Questions that the index can answer.")
