"""A question in, the papers found for it out, and why none of them can answer it; the index is always the newest."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from index.current import CurrentStore
from index.errors import UserError
from index.papers import Paper
from index.vectors import Encoder
from rag.answer import Answer, Turn
from rag.extent import extent
from rag.filters import Filter
from rag.narrowing import Narrowed, narrowed
from rag.refusal import nobody_mentions, none_is_about
from rag.rerank import DEPTH, CrossEncoderReranker, rerank
from rag.retrieve import MEANING, WEIGHTS, Found, Ranked, Weights, coverage, search
from rag.settings import Settings

SHOWN_PAPERS = 8
"""So many papers are found for an answer."""


class Finder:
    """Finds papers as the settings say."""

    def __init__(self, current: CurrentStore, encoder: Encoder, settings: Settings) -> None:
        self._current = current
        self._encoder = encoder
        self._settings = settings
        named = settings.reranker
        self._reranker = CrossEncoderReranker.from_name(named, settings.offline) if named else None

    def narrow(
        self, question: str, history: Sequence[Turn] = (), given: Filter | None = None, as_asked: bool = False
    ) -> Narrowed:
        """Read which papers a question means; arguments are those of `rag.narrowing.narrowed`."""
        return narrowed(self._current.get(), question, history, given, as_asked)

    @staticmethod
    def newest_of(narrow: Narrowed, limit: int, within: Collection[str] | None = None) -> tuple[Ranked, ...]:
        """Return the newest papers that pass a filter, whatever they are about; those without a date come last."""
        store = narrow.store
        places = np.arange(len(store.papers)) if narrow.places is None else narrow.places
        if within is not None:
            places = np.intersect1d(places, [at for each in within if (at := store.place(each)) is not None])
        order = np.argsort(-store.published()[places], kind="stable")[:limit]
        return tuple(Ranked(store.papers[int(places[at])], 1.0) for at in order)

    def find(
        self,
        question: str,
        limit: int,
        weights: Weights = WEIGHTS,
        within: Collection[str] | None = None,
        narrow: Narrowed | None = None,
    ) -> Found:
        """Return the papers nearest to a question.

        Args:
            question: What they should be about.
            limit: How many.
            weights: Of the signals.
            within: Ids of the papers to choose from; None takes all.
            narrow: Has the papers that pass a filter; None takes all.

        Raises:
            UserError: No paper of `within` is in the index.
        """
        settings, store = self._settings, narrow.store if narrow else self._current.get()
        reach = max(limit, DEPTH) if self._reranker else limit
        candidates = max(settings.candidates, reach)
        chosen = None if within is None else [at for each in within if (at := store.place(each)) is not None]
        if chosen == []:
            raise UserError("None of the chosen papers is in the index. Choose others, or ask all papers.")
        if narrow and narrow.places is not None:
            chosen = narrow.places.tolist() if chosen is None else np.intersect1d(chosen, narrow.places).tolist()
        found = search(store, self._encoder, question, reach, candidates, settings.dense_weight, weights, chosen)
        if self._reranker:
            found = replace(found, ranked=rerank(self._reranker, question, found.ranked)[:limit])
        return found

    def follow(self, answer: Answer, narrow: Narrowed, within: Collection[str] | None) -> tuple[Answer, Found]:
        """Search for a question; one that nothing is about is searched for once more behind the question before.

        That counts only where a paper that comes has a word of the question itself: else what is found is about the
        question before.

        Args:
            answer: That has begun, with the question made to stand alone.
            narrow: What of the person's words is asked, the turns before, and the papers that pass the filter.
            within: As in `find`.

        Returns:
            The answer, its question as it was searched for in the end, and what was found.
        """
        part, history = narrow.question, narrow.history
        found = self.find(answer.standalone, SHOWN_PAPERS, within=within, narrow=narrow)
        if found.relevant or not history or answer.standalone != part:
            return answer, found
        behind = f"{history[-1].question} {part}"
        again = self.find(behind, SHOWN_PAPERS, within=within, narrow=narrow)
        if again.relevant and coverage(narrow.store, part, [hit.paper for hit in again.ranked[:3]]):
            return replace(answer, standalone=behind), again
        return answer, found

    def why_not(self, question: str, found: Found, narrow: Narrowed) -> str:
        """Say why nothing of what was found can answer a question; "" where something may."""
        if narrow.leaves_none:
            return narrow.leaves_none
        if unknown := nobody_mentions(narrow.store, question, [hit.paper for hit in found.ranked]):
            return unknown
        return "" if found.relevant else self.none_is_about(narrow)

    @staticmethod
    def none_is_about(narrow: Narrowed) -> str:
        """Say that no paper is about a question, of those that pass a filter."""
        if narrow.places is None:
            return none_is_about(len(narrow.store.papers))
        count = len(narrow.places)
        about = "That one paper is not about it." if count == 1 else none_is_about(count)
        return narrow.leaves_none or f"{about} Others may be: ask without the filter."

    @staticmethod
    def ordered(ranked: Sequence[Ranked], narrow: Narrowed) -> tuple[Ranked, ...]:
        """Return papers as a filter wants them: where newest come first, those that belong to the topic by date.

        The others follow as they are; a paper without a date comes last of its part.
        """
        if not narrow.filter.newest_first:
            return tuple(ranked)
        count = extent(ranked).count
        belong = sorted(ranked[:count], key=lambda hit: hit.paper.published or "", reverse=True)
        return (*belong, *ranked[count:])

    def like(self, paper_id: str, limit: int) -> tuple[Paper, tuple[Ranked, ...]]:
        """Return a paper, and the papers nearest to it by their vectors as a whole, best first.

        Raises:
            UserError: The index has no such paper.
        """
        store = self._current.get()
        at = store.place(paper_id)
        if at is None:
            raise UserError(f"No paper {paper_id!r} in the index. Ids look like arxiv:2205.05131.")
        vector = store.wholes([at])[0]
        others = [other for other in store.nearest(vector, 3 * limit + 10) if other != at]
        cosines = store.similarities(others, vector)[:, 0]
        nearest = np.lexsort((np.asarray(others), -np.round(cosines, 6)))[:limit]
        near = [(store.papers[others[each]], float(max(cosines[each], 0.0))) for each in nearest]
        return store.papers[at], tuple(Ranked(paper, cosine, found_by=(MEANING,)) for paper, cosine in near)
