"""A folder in BEIR layout in, its papers and `Case`s out, and an index of it that is kept for the next time."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from index.chunks import CHUNKING
from index.errors import UserError
from index.models import cache_folder
from index.papers import Paper
from index.sources.text import clean_line, clean_paragraphs
from index.update import update
from index.vectors import Encoder
from rag.evaluation.cases import Case

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Collection:
    """A test collection: documents, and queries with the documents that were judged relevant.

    Attributes:
        name: Of its folder.
        papers: One a document, its id `doc:ID`, so that documents of the same title stay apart.
        cases: One a query that has a relevant document.
        unjudged: Queries without one, which cannot be measured.
    """

    name: str
    papers: tuple[Paper, ...]
    cases: tuple[Case, ...]
    unjudged: int


def is_collection(path: Path) -> bool:
    """Tell whether a path is a folder in BEIR layout."""
    return (path / "corpus.jsonl").is_file()


def read_collection(folder: Path) -> Collection:
    """Read `corpus.jsonl` (_id, title, text), `queries.jsonl` (_id, text) and `qrels.tsv` or `qrels/test.tsv`.

    The layout is that of Thakur et al. 2021 (BEIR, arXiv:2104.08663). As there, a judged document that the corpus
    lacks still counts as one to be found.

    Raises:
        UserError: A file of the three is missing or cannot be read.
    """
    judged = next((folder / name for name in ("qrels.tsv", "qrels/test.tsv") if (folder / name).is_file()), None)
    if judged is None or not (folder / "queries.jsonl").is_file():
        raise UserError(f"{folder} lacks queries.jsonl, or qrels.tsv. A collection has those and corpus.jsonl.")
    name = folder.resolve().name
    try:
        papers = tuple(_paper(line, name) for line in _lines(folder / "corpus.jsonl"))
        grades: dict[str, dict[str, int]] = {}
        for line in _lines(judged):
            query, document, grade = line.split("\t")
            if grade != "score" and int(grade) > 0:
                grades.setdefault(query, {})[f"doc:{document}"] = int(grade)
        queries = [json.loads(line) for line in _lines(folder / "queries.jsonl")]
        asked = [(str(query["_id"]), str(query["text"])) for query in queries]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{folder} is no collection in BEIR layout ({error!r}).") from error
    cases = tuple(Case(f"{name}:{key}", "question", name, text, grades[key]) for key, text in asked if key in grades)
    return Collection(name, papers, cases, len(asked) - len(cases))


def index_of(collection: Collection, encoder: Encoder, progress: Progress) -> Path:
    """Return the folder of an index of a collection, built as the product builds one; there already, it is reused.

    It lies in the cache folder, under a name made of the documents, the chunking and the encoder.
    """
    digest = hashlib.sha256(f"{CHUNKING}\n{encoder.digest}".encode())
    for paper in collection.papers:
        digest.update(f"\n{paper.id}\n{paper.title}\n{paper.abstract}".encode())
    folder = evaluation_cache() / f"{collection.name}-{digest.hexdigest()[:12]}"
    update(folder, collection.papers, encoder, replace_all=True, progress=progress)
    return folder


def evaluation_cache() -> Path:
    """Return where what can be computed again is kept: `evaluation` beside the models in the cache folder."""
    return cache_folder().parent / "evaluation"


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _paper(line: str, source: str) -> Paper:
    row = json.loads(line)
    title, text = str(row.get("title") or ""), str(row.get("text") or "")
    return Paper(f"doc:{row['_id']}", clean_line(title), clean_paragraphs(text), sources=(source,))
