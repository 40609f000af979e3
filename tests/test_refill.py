"""Chroma's files are half written when a process is killed while it saves: nobody opens them, and nothing is lost."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.doctor import examine
from index.repair import repair
from index.store import Store
from index.update import update
from index.vectors import Encoded, Vectors
from tests.crashing import ROOT, made
from tests.test_wordvectors import HashingWordEncoder

PAPERS = made(1500)  # Chroma saves after a thousand records


class Asked(HashingWordEncoder):
    """Remembers what it embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return super().encode(texts)

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        self.texts += texts
        return super().encode_words(texts)


def graph(folder: Path) -> Path:
    """Return the folder of Chroma's graph."""
    (file,) = folder.glob("vectors-*/chroma/*/data_level0.bin")
    return file.parent


HARMS: dict[str, Callable[[Path], object]] = {
    "cut short": lambda graph: (graph / "data_level0.bin").write_bytes((graph / "data_level0.bin").read_bytes()[:9999]),
    "another header": lambda graph: (graph / "header.bin").write_bytes(bytes(100)),
    "no names": lambda graph: next(graph.glob("*.pickle")).unlink(),
    "no links": lambda graph: (graph / "link_lists.bin").write_bytes(b""),
    "no seal": lambda graph: (graph.parents[1] / "sealed.json").unlink(),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "index"
    update(folder, PAPERS, Asked())
    return folder


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a build that was ended on the way, and the texts that it had embedded."""
    folder, encoder = tmp_path_factory.mktemp("cut") / "index", Asked()

    def stop(done: int, total: int | None) -> None:
        if done >= 1400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update(folder, PAPERS, encoder, progress=stop)
    return folder, encoder.texts


def rows(folder: Path) -> Vectors:
    store = Store.open(folder, Asked())
    try:
        return store.wholes(range(len(store.papers)))
    finally:
        store.close()


@pytest.mark.parametrize("harm", HARMS)
def test_a_build_goes_on_beside_a_graph_that_is_not_whole(
    cut: tuple[Path, list[str]], whole: Path, tmp_path: Path, harm: str
) -> None:
    folder, encoder = tmp_path / "index", Asked()
    shutil.copytree(cut[0], folder)
    HARMS[harm](graph(folder))
    update(folder, PAPERS, encoder)
    assert not {*encoder.texts} & {*cut[1]}
    assert np.array_equal(rows(folder), rows(whole))
    assert examine(folder) == []
    assert sorted(path.name for path in graph(folder).parents[1].iterdir()) == ["chroma", "sealed.json", "words.sqlite"]


@pytest.mark.parametrize("harm", HARMS)
def test_a_graph_that_is_not_whole_is_found_and_made_anew(whole: Path, tmp_path: Path, harm: str) -> None:
    for made_anew in (repaired, grown):
        folder, encoder = tmp_path / made_anew.__name__, Asked()
        shutil.copytree(whole, folder)
        HARMS[harm](graph(folder))
        assert np.array_equal(rows(folder), rows(whole))  # who searches does not open it
        assert [finding for finding in examine(folder) if "chroma" in finding.file and not finding.harmless]
        made_anew(folder, encoder)
        assert examine(folder) == []


def repaired(folder: Path, encoder: Asked) -> None:
    repair(folder, encoder)
    assert encoder.texts == []


def grown(folder: Path, encoder: Asked) -> None:
    done = update(folder, made(1510), encoder)
    assert (done.new, done.changed) == (10, 0)
    assert len({*encoder.texts}) == done.embedded < 40


CHILD = """
import sys
from pathlib import Path
from index.update import update
from tests.test_refill import PAPERS, Asked
update(Path(sys.argv[1]), PAPERS, Asked(), progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.parametrize("delay_ms", [0, 2, 5, 10])
def test_killed_while_chroma_saves_an_update_goes_on(whole: Path, tmp_path: Path, delay_ms: int) -> None:
    folder, encoder = tmp_path / "index", Asked()
    child = subprocess.Popen([sys.executable, "-c", CHILD, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        while child.poll() is None and not saved(folder):
            time.sleep(0.0005)
        time.sleep(delay_ms / 1000)
    finally:
        child.send_signal(signal.SIGKILL)
        told = [int(line) for line in child.communicate()[0].split() if line.isdigit()]
    done = update(folder, PAPERS, encoder)
    assert len({*encoder.texts}) == done.embedded <= 2000 - told[-1]
    assert np.array_equal(rows(folder), rows(whole))
    assert examine(folder) == []


def saved(folder: Path) -> bool:
    """Tell whether Chroma has begun to save its graph, whose names it writes last."""
    files = [*folder.glob("vectors-*/chroma/*/data_level0.bin")]
    return any(file.stat().st_size > 300_000 for file in files)
