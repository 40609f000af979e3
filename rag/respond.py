"""A question and the papers found for it in, growing `Answer`s out: written by a model and checked, or quoted."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.vectors import Encoder
from rag import prompt
from rag.answer import CANNOT_ANSWER, Answer
from rag.clock import Clock
from rag.compose import Composer
from rag.evidence import Source, embedded, fit, foremost
from rag.instructions import InstructionFilter
from rag.names import is_named
from rag.nli import Inferrer
from rag.premise import assumes
from rag.refusal import does_not_say, lacks_quantity
from rag.settings import Settings
from rag.writer import NONE, Writer

STOPPED = "Stopped."
"""The note of an answer that was ended before it was whole."""

_QUOTED_SENTENCES, _LEAST = 3, 0.05
"""At most N sentences are quoted, and none whose score is below this share of the best one's (bench/LOG.md)."""


class Responder:
    """Answers one question."""

    def __init__(
        self,
        settings: Settings,
        encoder: Encoder,
        inferrer: Inferrer | None,
        instructions: InstructionFilter,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._encoder = encoder
        self._inferrer = inferrer
        self._instructions = instructions
        self._clock = clock

    def written(
        self,
        answer: Answer,
        question: str,
        sources: Sequence[Source],
        writer: Writer,
        cancel: threading.Event,
        sure: bool = False,
    ) -> Iterator[Answer]:
        """Yield the answer of a language model as it grows.

        Args:
            answer: With what was found.
            question: What of the person's words is asked.
            sources: Best first.
            writer: The model.
            cancel: Ends the answer when set.
            sure: A paper is surely about the question: where the model has nothing to say of it, it is quoted.
        """
        answer = replace(answer, writer=writer.name)
        try:
            limits = self._settings
            close = embedded(self._encoder, sources[: limits.evidence_papers])
            readable = list(map(self._instructions.without_instructions, close))
            shown = fit(readable, answer.standalone, limits.evidence_tokens, writer.count)
            composer = Composer(self._encoder, shown, answer.standalone, self._inferrer)
            held = self._beside_the_point(question, answer)  # what may be declined yet is not shown
            messages = prompt.build(question, shown, answer.standalone.removesuffix(question).strip())
            for piece in writer.write(messages, limits.answer_tokens, cancel):
                composer.add(piece.text)
                timings = self._clock.token(answer.timings, piece.prompt_tokens, piece.text)
                answer = replace(composer.onto(answer), timings=timings)
                held = held and self._beside_the_point(question, answer)
                if piece.text and not held:
                    yield answer
        except Exception as error:  # whatever a runtime raises, the reader gets quotations and the reason
            yield self.quoted(answer, question, sources, f"The language model failed ({error}).")
            return
        composer.finish()
        if composer.sentences and not cancel.is_set():
            self._complete(composer, shown, answer.standalone)
        answer = composer.onto(answer)
        if cancel.is_set():
            yield self._done(answer, STOPPED)
        elif not answer.sentences and sure:
            yield self.quoted(answer, question, sources, "The language model found no answer in them.")
        elif not answer.sentences or self._beside_the_point(question, answer):
            yield declined(answer, does_not_say(answer.standalone, [of.paper for of in shown]), self._clock)
        else:
            yield self._done(answer, _left_out(composer.dropped, composer.replaced))

    def quoted(self, answer: Answer, question: str, sources: Sequence[Source], why: str) -> Answer:
        """Return an answer of the sentences that are likeliest to answer.

        Args:
            answer: With what was found.
            question: What of the person's words is asked.
            sources: Best first.
            why: There is no model to write it.
        """
        composer = Composer(self._encoder, sources)
        first = foremost(sources[: self._settings.evidence_papers], answer.standalone)
        likely = [
            (float(source.probabilities[at]) * source.score, source, at) for source in first for at in source.best()
        ]
        likely.sort(key=lambda each: -each[0])
        best = [(source, at) for score, source, at in likely if score >= _LEAST * likely[0][0]]
        for source, at in sorted(best[:_QUOTED_SENTENCES], key=lambda pair: (sources.index(pair[0]), pair[1])):
            composer.quote(source, source.quote(at))
        answer = replace(composer.onto(answer), writer=NONE, timings=self._clock.token(answer.timings, 0, "quoted"))
        if self._beside_the_point(question, answer):
            return declined(answer, does_not_say(answer.standalone, [of.paper for of in sources[:1]]), self._clock)
        return self._done(answer, f"Quoted from the abstracts. {why}".strip())

    def _complete(self, composer: Composer, shown: Sequence[Source], question: str) -> None:
        """Quote the papers that a question names and the model passed over: the other side of a comparison."""
        cited = {citation.paper.id for citation in composer.citations}
        for source in shown:
            if source.paper.id not in cited and is_named(source.paper.title, question):
                composer.quote(source, source.quote(source.best()[0]))

    def _beside_the_point(self, question: str, answer: Answer) -> bool:
        """Tell whether a number was asked for and none is given; one taken for granted may well not be there."""
        return not assumes(question) and lacks_quantity(question, answer.text, self._encoder)

    def _done(self, answer: Answer, note: str) -> Answer:
        return replace(answer, note=note, timings=self._clock.end(answer.timings), done=True)


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
    counts = [f"{_sentences(replaced)} replaced by the abstract's own."] if replaced else []
    counts += [f"{_sentences(dropped)} left out: no abstract supports {'them' if dropped > 1 else 'it'}."] * bool(
        dropped
    )
    return " ".join(counts)


def _sentences(count: int) -> str:
    return f"{count} sentence{'s' * (count > 1)}"
