"""A `Paper` in, its sentences and `Chunk`s out, each with character offsets into the abstract."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from index.papers import Paper

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter
    from nltk.tokenize.punkt import PunktSentenceTokenizer

CHUNK_WORDS = 80
OVERLAP_WORDS = 45
CHUNKING = f"sentences {CHUNK_WORDS}/{OVERLAP_WORDS} words, title in front"
"""How chunks are made, stamped into the manifest: another way asks for another index."""

WHOLE_PAPERS = "whole papers"
"""The same for an index of so many papers that each is one chunk."""

_ABBREVIATIONS = {
    "e.g",
    "i.e",
    "et al",
    "al",
    "cf",
    "fig",
    "figs",
    "eq",
    "eqs",
    "sec",
    "tab",
    "vs",
    "approx",
    "resp",
    "w.r.t",
}


@dataclass(frozen=True)
class Span:
    """A piece of a text: `text == source[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Chunk:
    """What gets one vector: the whole paper, or a window of a few sentences of its abstract.

    Attributes:
        id: `PAPER_ID#DIGEST`; the digest is that of `embedded`, so that an unchanged chunk keeps its id.
        paper_id: The paper it is of.
        start: Where it starts in the abstract.
        end: Where it ends in the abstract.
        embedded: The text that is embedded: the title, then the window.
    """

    id: str
    paper_id: str
    start: int
    end: int
    embedded: str


def sentences(text: str) -> list[Span]:
    """Split a text into sentences (Kiss and Strunk 2006, doi:10.1162/coli.2006.32.4.485, as NLTK's Punkt has it).

    Returns:
        The sentences in order, without the white space around them; an empty list for a blank text.

    >>> [span.text for span in sentences("It is 1.5x faster, e.g. on GLUE. So use it.")]
    ['It is 1.5x faster, e.g. on GLUE.', 'So use it.']
    """
    return [_trimmed(text, start, end) for start, end in _punkt().span_tokenize(text) if text[start:end].strip()]


def chunk(paper: Paper) -> list[Chunk]:
    """Return the chunks of a paper: the whole of it first, then windows of its abstract where that has several.

    Each window has at most `CHUNK_WORDS` words of whole sentences and repeats up to `OVERLAP_WORDS` of the one before
    (a single longer sentence is cut).
    """
    whole = whole_paper(paper)
    windows = [_make(paper, start, end) for start, end in _windows(paper.abstract)]
    return list({piece.id: piece for piece in [whole, *windows]}.values())


def whole_paper(paper: Paper) -> Chunk:
    """Return the chunk that is the whole of a paper, the first of `chunk`."""
    return _make(paper, 0, len(paper.abstract))


def _trimmed(text: str, start: int, end: int) -> Span:
    """Return a piece of a text without the white space around it, which Punkt leaves in front of the first one."""
    piece = text[start:end].strip()
    start = text.index(piece, start)
    return Span(piece, start, start + len(piece))


def _make(paper: Paper, start: int, end: int) -> Chunk:
    embedded = f"{paper.title}\n{paper.abstract[start:end]}"
    digest = hashlib.sha256(f"{start}:{embedded}".encode()).hexdigest()[:16]
    return Chunk(f"{paper.id}#{digest}", paper.id, start, end, embedded)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of LlamaIndex's chunks of a text."""
    if len(text.split()) <= CHUNK_WORDS:
        return
    at = 0
    for piece in _splitter().split_text(text):
        at = text.index(piece, at)
        yield at, at + len(piece)
        at += 1


@cache
def _splitter() -> "SentenceSplitter":
    from llama_index.core.node_parser import SentenceSplitter

    return SentenceSplitter(
        chunk_size=CHUNK_WORDS,
        chunk_overlap=OVERLAP_WORDS,
        tokenizer=str.split,
        chunking_tokenizer_fn=_with_gaps,
        include_metadata=False,
    )


def _with_gaps(text: str) -> list[str]:
    """Split into sentences that keep the white space after them, as LlamaIndex's splitter joins them by nothing."""
    starts = [0, *[span.start for span in sentences(text)][1:], len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


@cache
def _punkt() -> "PunktSentenceTokenizer":
    """Return NLTK's English sentence splitter, from the data that LlamaIndex ships, with a few more abbreviations."""
    import importlib.util

    import nltk.data
    from nltk.tokenize.punkt import PunktTokenizer

    spec = importlib.util.find_spec("llama_index.core")
    for place in spec.submodule_search_locations if spec and spec.submodule_search_locations else ():
        nltk.data.path.append(f"{place}/_static/nltk_cache")
    punkt = PunktTokenizer("english")
    punkt._params.abbrev_types |= _ABBREVIATIONS
    return punkt
