"""Makes checked sentences with citations, numbered in order of first use, of the pieces of text that a writer sends."""

import re
from collections.abc import Sequence
from dataclasses import replace

from index.chunks import sentences
from rag.answer import CANNOT_ANSWER, Answer, Citation, Quote, Sentence, Support
from rag.check import Checker, Verdict
from rag.evidence import Source

REPLACED = 0.65
"""Cosine from which on the abstract's nearest sentence stands in for one that the abstract does not support."""

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

    def __init__(self, checker: Checker, sources: Sequence[Source]) -> None:
        """Start an answer.

        Args:
            checker: Checks each sentence.
            sources: What may be cited: those that the writer was shown first, as it counts them.
        """
        self._checker = checker
        self._sources = list(sources)
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
        self._append(_MARKER.sub("", quote.text), source, quote, "quoted", " " if self.sentences else "")

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
        verdict = self._checker.check(text, self._sources, _hints(raw))
        lead = lead if self.sentences else ""
        if verdict.support and verdict.support != "quoted":
            self._append(text, verdict.source, verdict.quote, verdict.support, lead)
        else:
            self._quote(verdict, lead)

    def _quote(self, verdict: Verdict, lead: str) -> None:
        """Add the abstract's sentence that was copied, or that is near to one not supported; each only once."""
        quote, copied = verdict.quote, verdict.support == "quoted"
        there = {(of.text, of.start) for known in self.sentences for of in known.quotes}
        if (quote.text, quote.start) in there or quote.score < REPLACED:
            self.dropped += not copied
            return
        self.replaced += not copied
        self._append(_MARKER.sub("", quote.text), verdict.source, quote, "quoted", lead)

    def _append(self, text: str, source: Source, quote: Quote, support: Support, lead: str) -> None:
        number = self._numbers.setdefault(source.paper.id, len(self._numbers) + 1)
        if number > len(self.citations):
            self.citations.append(Citation(number, source.paper, quote))
        self.sentences.append(Sentence(text, (number,), support, (quote,), lead))

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
