"""Answers a question from the papers that were found: written by a language model and verified, or quoted."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.vectors import Encoder
from rag import prompt
from rag.answer import CANNOT_ANSWER, Answer
from rag.check import Checker
from rag.clock import Clock
from rag.compose import Composer
from rag.evidence import Source, embedded, fit, foremost
from rag.instructions import InstructionFilter
from rag.judges import Judge
from rag.names import is_named
from rag.refusal import does_not_say
from rag.settings import Settings
from rag.writer import NONE, Writer

STOPPED = "Stopped."
"""The note of an answer that was ended before it was whole."""

_QUOTED_SENTENCES, _LEAST = 3, 0.05
"""At most N sentences are quoted, and none whose score is below this share of the best one's (bench/LOG.md)."""
_GATE, _GATE_OF_QUOTATIONS = 0.05, 0.15
"""An answer is declined where the judge finds it less likely than this that a cited paper contains it; quotations alone
say less than a sentence that was verified. At .5 it would decline a quarter of the questions that papers answer, at .15
one in twelve, at .05 one in sixty (bench/LOG.md)."""
_READ, _ANSWERING = 2, 0.25
"""Where the reader finds it less likely than this that one of the first N papers answers, nothing is quoted."""


class Responder:
    """Answers one question."""

    def __init__(
        self,
        settings: Settings,
        encoder: Encoder,
        judge: Judge | None,
        instructions: InstructionFilter,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._encoder = encoder
        self._judge = judge
        self._instructions = instructions
        self._clock = clock

    def written(
        self, answer: Answer, question: str, sources: Sequence[Source], writer: Writer, cancel: threading.Event
    ) -> Iterator[Answer]:
        """Yield the answer of a language model as it grows.

        Args:
            answer: With what was found.
            question: What of the person's words is asked.
            sources: Best first.
            writer: The model.
            cancel: Ends the answer when set.
        """
        answer = replace(answer, writer=writer.name)
        gate = Gate(self._judge, answer.standalone)
        try:
            limits = self._settings
            close = embedded(self._encoder, sources[: limits.evidence_papers])
            readable = list(map(self._instructions.without_instructions, close))
            shown = fit(readable, answer.standalone, limits.evidence_tokens, writer.count)
            composer = Composer(Checker(self._encoder, self._judge, question), shown)
            messages = prompt.build(question, shown, answer.standalone.removesuffix(question).strip())
            for piece in writer.write(messages, limits.answer_tokens, cancel):
                composer.add(piece.text)
                timings = self._clock.token(answer.timings, piece.prompt_tokens, piece.text)
                answer = replace(composer.onto(answer), timings=timings)
                if piece.text and (gate.open or (answer.sentences and gate.passed_by(answer, shown))):
                    yield answer  # what may be declined yet is not shown
            if cancel.is_set():
                yield self._done(answer if gate.open else replace(answer, text="", sentences=(), citations=()), STOPPED)
                return
            composer.finish()
            if composer.sentences:
                self._complete(composer, shown, answer.standalone)
            answer = composer.onto(answer)
            passed = gate.passed_by(answer, shown)
        except Exception as error:  # whatever a runtime raises, the reader gets quotations and the reason
            yield self.quoted(answer, sources, f"The language model failed ({error}).")
            return
        if answer.sentences and passed:
            yield self._done(answer, _left_out(composer.dropped, composer.replaced))
        elif passed and self._judge:
            yield self.quoted(answer, sources, "The language model wrote no sentence that they support.")
        else:
            yield declined(answer, does_not_say(answer.standalone, [of.paper for of in shown]), self._clock)

    def quoted(self, answer: Answer, sources: Sequence[Source], why: str) -> Answer:
        """Return an answer of the sentences that are likeliest to answer.

        Args:
            answer: With what was found.
            sources: Best first.
            why: There is no model to write it.
        """
        answer = replace(answer, writer=NONE)
        if max(source.probability for source in sources[:_READ]) < _ANSWERING:
            reason = does_not_say(answer.standalone, [of.paper for of in sources[:1]])
            return declined(answer, f"{reason} {why}".strip(), self._clock)
        composer = Composer(Checker(self._encoder), sources)
        first = foremost(sources[: self._settings.evidence_papers], answer.standalone)
        likely = [
            (float(source.probabilities[at]) * source.score, source, at) for source in first for at in source.best()
        ]
        likely.sort(key=lambda each: -each[0])
        best = [(source, at) for score, source, at in likely if score >= _LEAST * likely[0][0]]
        for source, at in sorted(best[:_QUOTED_SENTENCES], key=lambda pair: (sources.index(pair[0]), pair[1])):
            composer.quote(source, source.quote(at))
        answer = replace(composer.onto(answer), timings=self._clock.token(answer.timings, 0, "quoted"))
        return self._done(answer, f"Quoted from the abstracts. {why}".strip())

    def _complete(self, composer: Composer, shown: Sequence[Source], question: str) -> None:
        """Quote the papers that a question names and the model passed over: the other side of a comparison."""
        cited = {citation.paper.id for citation in composer.citations}
        for source in shown:
            if source.paper.id not in cited and is_named(source.paper.title, question):
                composer.quote(source, source.quote(source.best()[0]))

    def _done(self, answer: Answer, note: str) -> Answer:
        return replace(answer, note=note, timings=self._clock.end(answer.timings), done=True)


class Gate:
    """Lets an answer pass that has a marked sentence, or cites a paper that is likely to contain the answer.

    Attributes:
        open: An answer has passed; without a judge, every one does.
    """

    def __init__(self, judge: Judge | None, question: str) -> None:
        self.open = judge is None
        self._judge = judge
        self._question = question
        self._found: dict[str, float] = {}

    def passed_by(self, answer: Answer, sources: Sequence[Source]) -> bool:
        """Tell whether an answer passes; each source that it cites, or else the first, is asked about once."""
        cited = {citation.paper.id for citation in answer.citations}
        own = any(sentence.support != "quoted" for sentence in answer.sentences)
        least = _GATE if own else _GATE_OF_QUOTATIONS
        self.open = self.open or any(sentence.mark for sentence in answer.sentences)
        for source in [of for of in sources if of.paper.id in cited] or sources[:1]:
            self.open = self.open or self._probability(source) >= least
        return self.open

    def _probability(self, source: Source) -> float:
        paper = source.paper
        if self._judge and paper.id not in self._found:
            self._found[paper.id] = float(self._judge.gate([(self._question, paper.title, source.text)])[0])
        return self._found.get(paper.id, 1.0)


def declined(answer: Answer, note: str, clock: Clock) -> Answer:
    """Return the answer that the papers do not say, with what was found; `note` says what is missing."""
    return replace(
        answer,
        text=CANNOT_ANSWER,
        answered=False,
        sentences=(),
        citations=(),
        note=note,
        timings=clock.end(answer.timings),
        done=True,
    )


def _left_out(dropped: int, replaced: int) -> str:
    """Say that sentences were left out, or that the abstract's own stand in their place."""
    counts = [f"{_sentences(replaced)} replaced by a quotation."] if replaced else []
    counts += [f"{_sentences(dropped)} left out: no abstract supports {'them' if dropped > 1 else 'it'}."] * bool(
        dropped
    )
    return " ".join(counts)


def _sentences(count: int) -> str:
    return f"{count} sentence{'s' * (count > 1)}"
