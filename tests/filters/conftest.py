"""An index whose papers have dates, authors, categories and sources, for all tests of filters."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index import Paper, Store, update
from rag import Engine, Settings
from tests.conftest import HashingEncoder, ScriptedWriter

KNOWN = {
    "TideNet": ("2019", ("Björn Ström",), ("cs.LG",), "old.jsonl"),
    "Compost": ("2021-03", ("Ada Moss", "Geoffrey E. Hinton"), ("cs.CL", "cs.LG"), "old.jsonl"),
    "DP-Moss": ("2023-11-05", ("Hinton, G.",), ("cs.CR",), "new.jsonl"),
    "Lantern": ("2024-05-17", ("Ada Moss",), ("eess.AS",), "new.jsonl"),
    "Pebble": ("2023-05", ("Wei Chen",), ("cs.CL",), "new.jsonl"),
}


def known(paper: Paper) -> Paper:
    """Return a paper with what is known of it."""
    if (name := paper.title.split(":")[0]) not in KNOWN:
        return paper
    published, authors, topics, source = KNOWN[name]
    return replace(paper, published=published, authors=authors, topics=topics, sources=(source,))


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> Path:
    folder = tmp_path_factory.mktemp("dated") / "index"
    update(folder, [known(paper) for paper in papers], HashingEncoder())
    return folder


@pytest.fixture
def dated(folder: Path) -> Iterator[Store]:
    with closing(Store.open(folder, HashingEncoder())) as store:
        yield store


@pytest.fixture
def engine(dated: Store) -> Engine:
    writer = ScriptedWriter("Pretraining takes 1.5x less time on average.")
    return Engine(Settings(), dated, HashingEncoder(), writer)
