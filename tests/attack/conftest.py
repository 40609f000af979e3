"""Indexes to attack, made with the real encoder: each test that changes one gets a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.papers import Paper
from index.update import update
from index.vectors import SentenceEncoder
from tests.attack.outside import Target, serving


@pytest.fixture(scope="session")
def attacked_index(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> Path:
    """Return an index of the ten papers; nobody writes into it."""
    folder = tmp_path_factory.mktemp("attacked") / "index"
    update(folder, papers, SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True))
    return folder


@pytest.fixture
def own_index(attacked_index: Path, tmp_path: Path) -> Path:
    """Return a copy of that index for one test."""
    return Path(shutil.copytree(attacked_index, tmp_path / "index"))


@pytest.fixture(scope="session")
def target(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server without logins whose index no test changes."""
    with serving(attacked_index, tmp_path_factory.mktemp("target")) as served:
        yield served
