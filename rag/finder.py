"""A question in, the papers found for it out, and why none of them can answer it; the index is always the newest."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from index.current import CurrentStore
from index.errors import UserError
from index.vectors import Encoder, Vectors
from rag.answer import Answer, Turn
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

    def find(
        self, question: str, limit: int, weights: Weights = WEIGHTS, within: Collection[str] | None = None
    ) -> Found:
        """Return the papers nearest to a question.

        Args:
            question: What they should be about.
            limit: How many.
            weights: Of the signals.
            within: Ids of the papers to choose from; None takes all.

        Raises:
            UserError: No paper of `within` is in the index.
        """
        settings, store = self._settings, self._current.get()
        reach = max(limit, DEPTH) if self._reranker else limit
        candidates = max(settings.candidates, reach)
        places = None if within is None else [at for each in within if (at := store.place(each)) is not None]
        if places == []:
            raise UserError("None of the chosen papers is in the index. Choose others, or ask all papers.")
        found = search(store, self._encoder, question, reach, candidates, settings.dense_weight, weights, places)
        if self._reranker:
            found = replace(found, ranked=rerank(self._reranker, question, found.ranked)[:limit])
        return found

    def follow(
        self, answer: Answer, part: str, history: Sequence[Turn], within: Collection[str] | None
    ) -> tuple[Answer, Found]:
        """Search for a question; one that nothing is about is searched for once more behind the question before.

        That counts only where a paper that comes has a word of the question itself: else what is found is about the
        question before.

        Args:
            answer: That has begun, with the question made to stand alone.
            part: What of the person's words is asked.
            history: Earlier turns, oldest first.
            within: As in `find`.

        Returns:
            The answer, its question as it was searched for in the end, and what was found.
        """
        found = self.find(answer.standalone, SHOWN_PAPERS, within=within)
        if found.relevant or not history or answer.standalone != part:
            return answer, found
        behind = f"{history[-1].question} {part}"
        again = self.find(behind, SHOWN_PAPERS, within=within)
        if again.relevant and coverage(self._current.get(), part, [hit.paper for hit in again.ranked[:3]]):
            return replace(answer, standalone=behind), again
        return answer, found

    def why_not(self, question: str, found: Found) -> str:
        """Say why nothing of what was found can answer a question; "" where something may."""
        store = self._current.get()
        unknown = nobody_mentions(store, question, [hit.paper for hit in found.ranked])
        return unknown or ("" if found.relevant else none_is_about(len(store.papers)))

    def like(self, paper_id: str, limit: int) -> tuple[Vectors, tuple[Ranked, ...]]:
        """Return the vector of a paper as a whole, and the papers nearest to it by theirs, best first.

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
        return vector, tuple(Ranked(paper, cosine, found_by=(MEANING,)) for paper, cosine in near)
