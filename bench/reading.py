"""Where the sentence that answers stands when the reader orders an abstract's sentences, beside overlap and cosine.

    python -m bench.reading [--shared FOLDER]

Over the development questions (`bench/data/answer_sentences*.jsonl`, marked by two readers and settled by a third): a
marked sentence, and the one to quote, among the first one, two and three. Over the public sets of
`FOLDER/judges/answers_dev.jsonl.gz`, where that is there: a marked sentence first.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.training.examples import SHARES, read
from index.chunks import sentences
from index.encoders import as_encoder
from index.paper import Paper
from index.papers import title_key
from index.sources import read as read_sources
from index.vectors import Encoder
from rag.evaluation.cases import read_cases
from rag.judges import Reader
from rag.judges.overlap import overlap

DATA = Path(__file__).parent / "data"
Scores = NDArray[np.floating]
Ranker = Callable[[str, str, Sequence[str]], Scores]


@dataclass(frozen=True)
class Marked:
    """A question, an abstract, and which of its sentences answer."""

    group: str
    question: str
    title: str
    sentences: tuple[str, ...]
    labels: tuple[int, ...]


def rankers(encoder: Encoder, reader: Reader) -> dict[str, Ranker]:
    """Return what is compared: each scores the sentences of an abstract for a question."""

    def cosine(question: str, title: str, texts: Sequence[str]) -> Scores:
        rows = encoder.encode([question, *texts])
        scores: Scores = rows[1:] @ rows[0]
        return scores

    return {
        "overlap": lambda question, title, texts: overlap(question, title, texts)[:, 0],
        "cosine": cosine,
        "reader": lambda question, title, texts: reader.read(question, [(title, texts)])[0].sentences,
    }


def development(marks: Path, papers: Sequence[Paper], wanted: str) -> Iterator[Marked]:
    """Yield the marked questions of a file over their papers; `wanted` is "answers" or "best"."""
    questions = {
        case.key.partition(":")[2]: case.standalone
        for name in ("questions", "more_questions")
        for case in read_cases(DATA / f"{name}.jsonl", papers)
    }
    abstracts = {title_key(paper.title): paper.abstract for paper in papers}
    for line in marks.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        texts = tuple(span.text for span in sentences(abstracts.get(title_key(row["title"]), "")))
        if len(texts) == row["of"]:
            labels = tuple(row[wanted]) if wanted == "answers" else (row[wanted],)
            yield Marked(f"{marks.stem}, {wanted}", questions[row["id"]], row["title"], texts, labels)


def found_first(marked: Sequence[Marked], ranker: Ranker) -> NDArray[np.float64]:
    """Return float64 `(3,)`: the share with a marked sentence among the first one, two and three; ties at random."""
    rows = []
    for each in marked:
        scores = ranker(each.question, each.title, each.sentences)
        chance = np.random.default_rng(0)
        order = [np.lexsort((chance.random(len(scores)), -scores)) for _ in range(5)]
        ranks = [min(int(np.flatnonzero(of == label)[0]) for label in each.labels) for of in order]
        rows.append(np.mean([[rank < 1, rank < 2, rank < 3] for rank in ranks], 0))
    shares: NDArray[np.float64] = np.mean(rows, 0)
    return shares


def table(marked: Sequence[Marked], compared: dict[str, Ranker]) -> Iterator[str]:
    """Yield a line for each group."""
    groups: dict[str, list[Marked]] = defaultdict(list)
    for each in marked:
        groups[each.group].append(each)
    for group, members in groups.items():
        cells = [
            f"{name} {' '.join(f'{share:.2f}' for share in found_first(members, ranker))}"
            for name, ranker in compared.items()
        ]
        yield f"{group:38} {len(members):4}  {'   '.join(cells)}"


def lines(shared: Path) -> Iterator[str]:
    """Yield the tables, one line for each group, over what `shared` has."""
    compared = rankers(as_encoder("all-MiniLM-L6-v2", offline=True), Reader.load())
    for name, source in (("answer_sentences", None), ("answer_sentences_published", shared / "seeds")):
        if source is None or source.exists():
            papers = read_sources([str(source)] if source else None).papers
            for wanted in ("answers", "best"):
                yield from table(list(development(DATA / f"{name}.jsonl", papers, wanted)), compared)
    public = shared / "judges/answers_dev.jsonl.gz"
    if public.exists():
        marked = [
            Marked(
                f"{each.group}{'' if each.group in SHARES else ' (held out)'}",
                each.question,
                each.title,
                each.sentences,
                each.labels,
            )
            for each in read(public)
            if each.labels
        ]
        yield from table(marked, compared)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    for line in lines(parser.parse_args().shared):
        print(line, flush=True)


if __name__ == "__main__":
    main()
