"""Pieces of text from a writer in, checked sentences with citations out, numbered in order of first use."""

import re
from collections.abc import Sequence
from dataclasses import replace

from index.chunks import sentences
from index.vectors import Encoder
from rag.answer import CANNOT_ANSWER, Answer, Citation, Quote, Sentence, Support
from rag.check import Verdict, attribute
from rag.evidence import Source
from rag.nli import Inferrer
from rag.premise import echoes

REPLACED = 0.65
"""An unsupported sentence this near to a sentence of an abstract (cosine) gives way to it."""
_REPAIRABLE = ("number", "name", "negation", "direction", "contradiction")
"""What may be wrong with it: what is said of another's method, or means something else, is of another thing."""

_ONE = r"(?:\[\s*+(?:(?:excerpt|source|paper|s)\s*+)?\^?[1-9]\d?(?:\s*(?:[,;–-]|and)\s*[1-9]\d?)*\s*\]|【[^】]{0,20}】)"
_MARKER = re.compile(rf"(?<!\s)\s*+{_ONE}(?:\s*+(?:(?:,|;|and)\s*+)?{_ONE})*", re.I)
_OPEN_MARKER = re.compile(r"(?<!\s)\s*+[\[【][^\]】]{0,20}$")
_REFERENCES = re.compile(
    r"(?:^|\n)\W*+(?P<named>(?:sources?|references?|citations?|bibliography)\b[^\w\n:]*+(?:\n|:|$))?+", re.I
)
_PREAMBLE = re.compile(
    r"^(?:based on|according to|as (?:stated|described|mentioned) in|from) (?:the |this )?(?:\w+ )?"
    r"(?:excerpts?|texts?|sources?|information|abstracts?)(?: provided| above| given)?,?\s*",
    re.I,
)
_REFUSAL = re.compile(
    r"^(?:(?:[\w-]+ ){0,8}?(?:excerpts?|papers?|abstracts?)|the (?:\w+ )?(?:texts?|sources?|information|context))"
    r"(?: \w+)? "
    r"(?:(?:(?:do|does|did)(?: not|n['’]t)|cannot|can['’]t)(?: \w+)? (?:say|mention|provide|contain|specify|give|state|"
    r"discuss|address|include|answer|describe|report)|(?:provides?|contains?|gives?) no) ?\b"
    r"|^there is no (?:\w+ )?(?:information|mention|detail)"
    r"|^(?:\w+ ){0,3}(?:information|details?) (?:is|are) not \w",
    re.I,
)
_BOLD = re.compile(r"\*\*(\S[^*]*)\*\*")
_END = re.compile(r"[.!?…:][\"'”’)\]]*$")


class Composer:
    """Grows an answer: finished sentences are attributed, checked and numbered; the unfinished one follows as it is."""

    def __init__(
        self,
        encoder: Encoder,
        sources: Sequence[Source],
        asked: str = "",
        inferrer: Inferrer | None = None,
    ) -> None:
        """Start an answer.

        Args:
            encoder: That of the index.
            sources: What may be cited: those that the writer was shown first, as it counts them.
            asked: The question.
            inferrer: Checks sentences too, if there is one.
        """
        self._encoder = encoder
        self._sources = list(sources)
        self._asked = asked
        self._inferrer = inferrer
        self._raw = ""
        self._read = 0
        self._numbers: dict[str, int] = {}
        self.sentences: list[Sentence] = []
        self.citations: list[Citation] = []
        self.dropped = 0
        self.replaced = 0

    def add(self, piece: str) -> None:
        """Take the next piece of text; what it completes is checked at once."""
        self._raw += piece
        spans = self._spans()
        for start, end in spans[:-1]:
            self._finish(start, end)

    def finish(self) -> None:
        """Check the last sentence; half a one is dropped where others stand."""
        for start, end in self._spans():
            text = _clean(self._raw[start:end])
            if _END.search(text) or not self.sentences:
                self._finish(start, end)
        self._read = len(self._raw)

    def quote(self, source: Source, quote: Quote) -> None:
        """Add a sentence of a source as it stands."""
        self._append(_MARKER.sub("", quote.text), (source,), (quote,), "supported", " " if self.sentences else "")

    def onto(self, answer: Answer) -> Answer:
        """Return the answer with the text so far."""
        pending = _clean(_OPEN_MARKER.sub("", self._text()[self._read :]))
        if not self.sentences and CANNOT_ANSWER.startswith(pending[: len(CANNOT_ANSWER)]):
            pending = ""
        lead = self._lead(self._read) if self.sentences and pending else ""
        answer = replace(answer, sentences=tuple(self.sentences), citations=tuple(self.citations))
        return replace(answer, text=answer.checked + lead + pending)

    def _text(self) -> str:
        """Return what was written up to a list of sources, if the writer added one."""
        found = next((found for found in _REFERENCES.finditer(self._raw) if found["named"]), None)
        return self._raw[: found.start()] if found else self._raw

    def _spans(self) -> list[tuple[int, int]]:
        """Return the offsets of the sentences not finished yet; lines end sentences too."""
        spans, at = [], self._read
        for line in self._text()[self._read :].splitlines(keepends=True):
            spans += [(at + span.start, at + span.end) for span in sentences(line)]
            at += len(line)
        return spans

    def _finish(self, start: int, end: int) -> None:
        raw, lead = self._raw[start:end], self._lead(self._read)
        self._read = end
        text = _clean(raw)
        if not any(letter.isalnum() for letter in text):
            return
        if text.casefold().rstrip(".") == CANNOT_ANSWER.casefold().rstrip(".") or _REFUSAL.search(text):
            return
        vector = self._encoder.encode([text])[0]
        verdict = attribute(text, vector, self._sources, _hints(raw), self._asked, self._inferrer)
        if echoes(text, self._asked):
            self._tell_instead(verdict, lead if self.sentences else "")
            return
        if verdict.support == "unsupported":
            self._repair(verdict, lead if self.sentences else "")
            return
        self._cite(text, verdict, lead if self.sentences else "")

    def _repair(self, verdict: Verdict, lead: str) -> None:
        """Put the abstract's sentence in place of one that nearly says it of the same thing, or leave that out."""
        near = verdict.why in _REPAIRABLE and verdict.quotes[0].score >= REPLACED
        if not near or not self._replace(verdict, lead):
            self.dropped += 1

    def _tell_instead(self, verdict: Verdict, lead: str) -> None:
        """Put the abstract's sentences nearest to a sentence and to the question in its place."""
        source = self._sources[verdict.sources[0]]
        for quote in (verdict.quotes[0], source.quote(source.best()[0])):
            if self._replace(replace(verdict, quotes=(quote,)), lead):
                lead = " "

    def _replace(self, verdict: Verdict, lead: str) -> bool:
        """Put the abstract's sentence in place of another; tell whether it was not there yet."""
        quote, source = verdict.quotes[0], self._sources[verdict.sources[0]]
        if (quote.text, quote.start) in {(of.text, of.start) for known in self.sentences for of in known.quotes}:
            return False
        self.replaced += 1
        self._append(_MARKER.sub("", quote.text), (source,), (quote,), "supported", lead, repaired=True)
        return True

    def _cite(self, text: str, verdict: Verdict, lead: str) -> None:
        cited = tuple(self._sources[at] for at in verdict.sources)
        self._append(text, cited, verdict.quotes, verdict.support, lead)

    def _append(
        self,
        text: str,
        cited: Sequence[Source],
        quotes: tuple[Quote, ...],
        support: Support,
        lead: str,
        *,
        repaired: bool = False,
    ) -> None:
        numbers = []
        for source, quote in zip(cited, quotes, strict=True):
            number = self._numbers.setdefault(source.paper.id, len(self._numbers) + 1)
            if number > len(self.citations):
                self.citations.append(Citation(number, source.paper, quote))
            numbers.append(number)
        self.sentences.append(Sentence(text, tuple(numbers), support, quotes, lead, repaired))

    def _lead(self, at: int) -> str:
        """Return what stands between the sentence that ended at `at` and the next: a space or line breaks."""
        gap = re.match(r"\s*", self._raw[at:])
        return "\n" if gap and "\n" in gap[0] else " "


def _clean(text: str) -> str:
    """Take a writer's own markers, preamble and emphasis out of a sentence."""
    text = _PREAMBLE.sub("", _BOLD.sub(r"\1", _MARKER.sub("", text).strip()))
    return text[:1].upper() + text[1:] if text[:1].islower() and text.split(" ")[0].islower() else text


def _hints(raw: str) -> list[int]:
    """Return the positions of the sources that a writer named itself: [1][2], [1, 2] and 【1】."""
    return [int(number) - 1 for marker in _MARKER.findall(raw) for number in re.findall(r"\d+", marker)]
