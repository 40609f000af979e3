"""Labelled rows for the judge: claims on abstracts, questions that an abstract answers or not, answering sentences.

`../shared` holds the data of others; what is fitted and shipped comes from sets with a licence (`FITTED`), the rest
only measures.
"""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.chunks import sentences
from rag.judges.tasks import ANSWERS, GATE, VERIFY

BENCH = Path(__file__).parents[1]
SHARED = BENCH.parents[1] / "shared"
SEED = 7
FITTED = {
    *("own", "own sentences", "check", "own questions"),
    *("scifact_train", "citint_train", "wice_dev", "selqa", "evidence_inference"),
}
"""Sets that a calibration is fitted on: written for paperchat (MIT), CC BY, ODC-By, MIT and Apache 2.0."""
_TRUE = {"true", "written"}
_LONGEST = 3500  # characters of a passage; longer ones are no abstracts


@dataclass(frozen=True)
class Labelled:
    """One row of a task with its label.

    Attributes:
        task: `verify`, `gate` or `answers`.
        set: The dataset.
        row: As the judge takes it, the title and passage last.
        good: Whether it is fully supported, answered or answering.
        kind: What is wrong with it, or more of its label.
    """

    task: str
    set: str
    row: tuple[str, ...]
    good: bool
    kind: str = ""


def claims(shared: Path = SHARED) -> Iterator[Labelled]:
    """Yield every labelled claim: `supports` and `supported` are good, partly supported ones are not."""
    corpus = _abstracts(shared)
    for row in _lines(BENCH / "training" / "claims.jsonl"):
        kind = f"{row['label']} {row['fault']}".strip()
        yield Labelled(VERIFY, "own", (row["claim"], row["title"], corpus[row["title"]]), kind == "supported", kind)
    starter = {row["title"]: row["abstract"] for row in _lines(BENCH.parent / "index" / "starter" / "papers.jsonl")}
    for row in _lines(BENCH / "data" / "check.jsonl"):
        texts = (row["sentence"], row["paper"], starter[row["paper"]])
        yield Labelled(VERIFY, "check", texts, row["kind"] in _TRUE, f"{row.get('part', '')} {row['kind']}".strip())
    for row in _lines(BENCH / "data" / "own_sentences.jsonl"):
        texts = (row["sentence"], row["paper"], starter[row["paper"]])
        yield Labelled(VERIFY, "own sentences", texts, row["label"] == "supported", row["label"])
    for name in ("dev", "train"):
        for row in _lines(shared / "judges" / f"{name}.jsonl.gz"):
            if name == "train" and row["set"] in ("attribution", "scihal"):
                continue  # sets of the same name in dev
            if len(row["passage"]) <= _LONGEST:
                texts = (row["claim"], row["title"], row["passage"])
                yield Labelled(VERIFY, row["set"], texts, row["label"] == "supports", row["label"])


def questions(shared: Path = SHARED) -> Iterator[Labelled]:
    """Yield our questions on abstracts; a `missing` one is not answered by its abstract, near as it is."""
    corpus = _abstracts(shared)
    for row in _lines(BENCH / "training" / "questions.jsonl"):
        texts = (row["question"], row["title"], corpus[row["title"]])
        yield Labelled(GATE, "own questions", texts, bool(row["labels"]), row["style"])


def answering(shared: Path = SHARED) -> Iterator[Labelled]:
    """Yield each sentence of a passage under each question that the passage answers."""
    corpus = _abstracts(shared)
    for row in _lines(BENCH / "training" / "questions.jsonl"):
        abstract = corpus[row["title"]]
        spans = sentences(abstract)
        if row["labels"] and len(spans) == row["of"]:
            for at, span in enumerate(spans):
                texts = (row["question"], span.text, row["title"], abstract)
                yield Labelled(ANSWERS, "own questions", texts, at in row["labels"], row["style"])
    for row in _lines(shared / "judges" / "answers_dev.jsonl.gz"):
        passage = " ".join(row["sentences"])
        if row["labels"] and len(passage) <= _LONGEST:
            for at, sentence in enumerate(row["sentences"]):
                texts = (row["question"], sentence, row["title"], passage)
                yield Labelled(ANSWERS, row["set"], texts, at in row["labels"])


READERS = {VERIFY: claims, GATE: questions, ANSWERS: answering}
MOST = {VERIFY: 4, GATE: 4, ANSWERS: 24}
"""Rows of one paper, by task: one abstract may have 19 claims; three questions on eight sentences are 24 rows."""


def sample(rows: Sequence[Labelled], papers: int, most: int) -> list[Labelled]:
    """Return up to `most` rows of some papers of each set, drawn by the seed, the sets in turn.

    Of questions, papers come first that answer some and not others.
    """
    of_set: dict[str, dict[tuple[str, ...], list[Labelled]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        of_set[row.set][row.row[-2:]].append(row)
    drawn = []
    for name, of_paper in of_set.items():
        order = sorted(of_paper)
        random.Random(f"{SEED} {name}").shuffle(order)
        order.sort(key=lambda paper: of_paper[paper][0].task == GATE and len({row.good for row in of_paper[paper]}) < 2)
        drawn += [(place, name, of_paper[paper][:most]) for place, paper in enumerate(order[:papers])]
    return [row for _, _, group in sorted(drawn, key=lambda item: item[:2]) for row in group]


def _abstracts(shared: Path) -> dict[str, str]:
    return {row["title"]: row["abstract"] for row in _lines(shared / "corpus" / "ml_papers.jsonl.gz")}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as file:
        yield from map(json.loads, file)
