"""What the reader learns from: public questions whose answering sentence is marked, and our own on abstracts."""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.chunks import sentences
from index.vectors import Encoder
from index.words import tokenize

SHARES = {
    "evidence_inference": 1.0,
    "qasper_spans": 1.5,
    "pubmedqa_conclusion": 0.5,
    "squad2_dev_half": 0.4,
    "squad2_train_10": 0.25,
    "squad1_train_part": 0.3,
    "squadshifts_wiki": 0.3,
    "xquad_en": 0.5,
    "selqa": 0.7,
    "qed_nq": 1.0,
    "policyqa": 0.3,
}
"""How often an example of each public set is seen in an epoch.

Only sets whose licence, or that of the data they were made from, allows use beyond research: evidence_inference, selqa,
policyqa, pubmedqa (MIT, Apache 2.0), qasper, squadshifts (CC BY 4.0), SQuAD 1.1 and 2.0, xquad, qed (CC BY-SA). The
other sets are held out: they only measure.
"""
_OWN = 2.0
_TITLES = 2500
_ABSTRACTS = 12000
_NEIGHBOURS = 20
_TRIED = 60
_STRANGER = 0.2
T = TypeVar("T")


@dataclass(frozen=True)
class Example:
    """A question and a passage.

    `labels` are the positions of the sentences that answer it, none where none does; `known` says whether they were
    marked at all, `answered` whether the passage as a whole answers.
    """

    group: str
    question: str
    title: str
    sentences: tuple[str, ...]
    labels: tuple[int, ...]
    answered: bool
    known: bool = True


def read(path: Path) -> list[Example]:
    """Return the examples of a gzip'd file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [
            Example(
                row["set"],
                row["question"],
                row["title"],
                tuple(row["sentences"]),
                tuple(row["labels"]),
                answered=bool(row["labels"]),
            )
            for row in map(json.loads, lines)
        ]


class Abstracts:
    """Some abstracts of a corpus, those of our own questions among them, and which are near a text."""

    def __init__(self, corpus: Path, wanted: set[str], encoder: Encoder, kept: Path, seed: int) -> None:
        """Read `_ABSTRACTS` of a gzip'd corpus of JSON lines; their embeddings are kept in a file."""
        chance = random.Random(seed)
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            rows = [row for row in map(json.loads, lines) if 400 <= len(row["abstract"]) <= 2400]
        named = [row for row in rows if row["title"] in wanted]
        others = [row for row in rows if row["title"] not in wanted]
        rows = named + chance.sample(others, max(0, _ABSTRACTS - len(named)))
        self.titles = [row["title"] for row in rows]
        self.texts = [row["abstract"] for row in rows]
        self._encoder, self._kept = encoder, kept

    def sentences(self, at: int) -> tuple[str, ...]:
        """Return the sentences of an abstract."""
        return tuple(self.texts[at][span.start : span.end] for span in sentences(self.texts[at]))

    def near(self, texts: Sequence[str], count: int) -> NDArray[Any]:
        """Return the positions of the nearest abstracts of each text, int64 `(texts, count)`."""
        similar = self._encoder.encode(list(texts)) @ self._vectors.T
        part = np.argpartition(-similar, count, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(similar, part, 1), axis=1)
        return np.take_along_axis(part, order, 1)

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        if not self._kept.exists():
            texts = [f"{title}. {text}" for title, text in zip(self.titles, self.texts, strict=True)]
            np.save(self._kept, self._encoder.encode(texts))
        vectors: NDArray[np.float32] = np.load(self._kept)
        return vectors


def epoch(public: Sequence[Example], questions: Path, abstracts: Abstracts, seed: int) -> list[Example]:
    """Return the examples of one epoch in random order, passages that do not answer among them.

    Args:
        public: Examples of the sets named in `SHARES`; others are left out.
        questions: Our own, on single abstracts, as JSON lines.
        abstracts: The abstracts they are on, and others.
        seed: Another one makes another epoch.
    """
    chance = random.Random(seed)
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in public:
        if example.group in SHARES:
            groups[example.group].append(example)
    chosen = []
    for group, members in sorted(groups.items()):
        for example in _drawn(members, SHARES[group], chance):
            chosen.append(example)
            if chance.random() < _STRANGER:
                chosen += _stranger(example, members, chance)
    own = list(_own(questions, abstracts))
    near = abstracts.near([example.question for example in own], _NEIGHBOURS)
    for at in _drawn(range(len(own)), _OWN, chance):
        chosen.append(own[at])
        chosen += _neighbour(own[at], near[at], abstracts, chance)
    titles = chance.sample(range(len(abstracts.titles)), _TITLES)
    near = abstracts.near([abstracts.titles[at] for at in titles], _NEIGHBOURS)
    for at, neighbours in zip(titles, near, strict=True):
        example = Example("title", abstracts.titles[at], "", abstracts.sentences(at), (), answered=True, known=False)
        chosen += [
            example,
            *(replace(each, title="", known=False) for each in _neighbour(example, neighbours, abstracts, chance)),
        ]
    chance.shuffle(chosen)
    return chosen


def _drawn(members: Sequence[T], share: float, chance: random.Random) -> list[T]:
    return [*(list(members) * int(share)), *chance.sample(members, round(len(members) * (share % 1)))]


def _own(questions: Path, abstracts: Abstracts) -> Iterator[Example]:
    places = {title: at for at, title in reversed(list(enumerate(abstracts.titles)))}
    with questions.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["title"] in places:
                found = abstracts.sentences(places[row["title"]])
                if len(found) == row["of"]:
                    labels = tuple(row["labels"])
                    yield Example("own", row["question"], row["title"], found, labels, bool(labels))


def _neighbour(example: Example, near: NDArray[Any], abstracts: Abstracts, chance: random.Random) -> list[Example]:
    """Return the question with an abstract like its own: it is taken not to answer."""
    others = [at for at in near if abstracts.titles[at] not in (example.title, example.question)]
    at = chance.choice(others)
    return [Example(example.group, example.question, abstracts.titles[at], abstracts.sentences(at), (), answered=False)]


def _stranger(example: Example, group: Sequence[Example], chance: random.Random) -> list[Example]:
    """Return the question with the passage of another one, the most like it of some: nothing there answers."""
    asked = _stems(example.question)
    own = set(example.sentences)
    tried = [each for each in chance.sample(group, min(_TRIED, len(group))) if own.isdisjoint(each.sentences)]
    if not tried:
        return []

    def shared(each: Example) -> int:
        return len(asked & _stems(f"{each.title} {' '.join(each.sentences)}"))

    return [replace(max(tried, key=shared), question=example.question, labels=(), answered=False)]


@lru_cache(maxsize=65536)
def _stems(text: str) -> frozenset[str]:
    return frozenset(tokenize(text))
