"""Damage to any file of an index is found, named, and repaired or refused; answers are right or there are none."""

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from index.doctor import examine
from index.errors import StoreError
from index.manifest import PAPERS
from index.repair import repair
from index.update import update
from tests.crashing import Log, WordEncoder, found, made, paperchat

PAPERS_COUNT = 40
POSITIONS = 2
"""Bytes that are flipped in each file, one after the other; it is also cut in as many places."""


def encoder() -> WordEncoder:
    return WordEncoder("one", Log(None))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index with words that tests only read: updated once, so that it has some history."""
    folder = tmp_path_factory.mktemp("sound") / "index"
    update(folder, made(PAPERS_COUNT)[:-5], encoder())
    update(folder, made(PAPERS_COUNT)[-5:], encoder(), remove=["title:paper-003"])
    return folder


@pytest.fixture(scope="module")
def says(sound: Path) -> dict[str, Any]:
    """Return what it says."""
    return found(sound, encoder())


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """Return a copy that tests may damage."""
    return Path(shutil.copytree(sound, tmp_path / "index"))


def test_a_sound_index_has_no_findings(folder: Path) -> None:
    assert examine(folder) == []
    assert repair(folder, encoder()) == ([], [])


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"No index in .*Build one"):
        examine(tmp_path)


def damages(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what a file may hold when a disk fails, each with a name."""
    whole = path.read_bytes()
    draw = random.Random(f"damage {path.name} {len(whole)}")
    for _ in range(POSITIONS):
        at = draw.randrange(len(whole))
        yield f"byte {at} flipped", whole[:at] + bytes([whole[at] ^ (1 << draw.randrange(8))]) + whole[at + 1 :]
    for end in (0, *(draw.randrange(len(whole)) for _ in range(POSITIONS - 1))):
        yield f"cut after {end} bytes", whole[:end]


def test_no_damage_to_any_file_makes_an_answer_wrong_and_all_of_it_is_named(
    sound: Path, folder: Path, says: dict[str, Any]
) -> None:
    for file in files_of(sound):
        for name, bytes_ in damages(sound / file):
            (folder / file).write_bytes(bytes_)
            try:
                assert found(folder, encoder()) == says, (file, name)
                refused = ""
            except StoreError as error:
                refused = str(error)
            findings = examine(folder)
            assert findings or not refused, (file, name, refused)
            assert findings or file.name in UNREAD, (file, name)
            named = [each.file.split(",")[0].split("/")[0] for each in findings]
            assert not findings or file.parts[0] in named, (file, name, findings)
        shutil.rmtree(folder)
        shutil.copytree(sound, folder)


def test_whatever_is_damaged_is_repaired_and_says_what_it_said(sound: Path, folder: Path, says: dict[str, Any]) -> None:
    for file in (file for file in files_of(sound) if file.name != PAPERS):
        (folder / file).write_bytes((sound / file).read_bytes()[:-9])
        findings, done = repair(folder, encoder())
        assert bool(findings) == bool(done)
        assert examine(folder) == [], file
        assert found(folder, encoder()) == says, file
        shutil.rmtree(folder)
        shutil.copytree(sound, folder)


def test_only_what_is_damaged_is_embedded_again(folder: Path, says: dict[str, Any], tmp_path: Path) -> None:
    [chroma] = folder.glob("vectors-*/chroma/chroma.sqlite3")
    chroma.write_bytes(b"no database" * 999)
    log = tmp_path / "log"
    repair(folder, WordEncoder("one", Log(log)))
    assert log.read_text() == ""
    assert found(folder, encoder()) == says


def test_damaged_rows_of_words_are_embedded_again_and_no_others(folder: Path, tmp_path: Path) -> None:
    [words] = folder.glob("vectors-*/words.sqlite")
    with closing(sqlite3.connect(words)) as rows, rows:
        rows.execute("UPDATE words SET check_ = 0 WHERE chunk_id LIKE 'title:paper-007#%'")
    assert [each.what for each in examine(folder)] == ["holds 1 damaged rows"]
    log = tmp_path / "log"
    repair(folder, WordEncoder("one", Log(log)))
    [(_, texts)] = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(texts) == 1 and texts[0].startswith("Paper 7 on")


def test_readable_papers_of_a_damaged_file_are_kept_beside_it(folder: Path) -> None:
    whole = (folder / PAPERS).read_bytes()
    lines = whole.splitlines(keepends=True)
    damaged = b"".join([*lines[:4], b"{broken\n", *lines[5:], lines[7]])
    (folder / PAPERS).write_bytes(damaged)
    assert [each.file for each in examine(folder)][:2] == [f"{PAPERS}, line 5", f"{PAPERS}, line {len(lines) + 1}"]
    _, done = repair(folder, encoder())
    assert f"{len(lines) - 1} papers kept, lost: line 5, line {len(lines) + 1}; " in done[0]
    assert (folder / f"{PAPERS}.damaged-1").read_bytes() == damaged
    assert (folder / PAPERS).read_bytes() == b"".join([*lines[:4], *lines[5:]])
    assert examine(folder) == []


def test_a_damaged_list_of_sources_is_found_and_set_aside(folder: Path) -> None:
    (folder / "sources.json").write_text("{{{")
    (finding,) = examine(folder)
    assert finding.file == "sources.json" and finding.harmless
    _, done = repair(folder, encoder())
    assert done == ["sources.json: kept as sources.json.damaged-1; name the sources again, so that --update asks them"]
    assert examine(folder) == []


def test_papers_that_are_gone_are_not_made_up(folder: Path) -> None:
    (folder / PAPERS).unlink()
    assert examine(folder)[0].what == "is gone"
    with pytest.raises(StoreError, match=r"papers\.jsonl is gone, and nothing else has the papers\. Restore it"):
        repair(folder, encoder())
    assert list(folder.glob("vectors-*/chroma"))


def test_another_encoder_does_not_repair(folder: Path) -> None:
    next(folder.glob("columns-*/ends.npy")).unlink()
    with pytest.raises(StoreError, match=r"was built with hashing .*Repair it with that encoder: PAPERCHAT_ENCODER="):
        repair(folder, WordEncoder("two", Log(None)))


def test_the_command_says_what_it_finds_and_puts_it_right(folder: Path) -> None:
    assert paperchat("doctor", "--index", folder).returncode == 0
    (folder / "columns-2" / "ends.npy").write_bytes(b"{")
    done = paperchat("doctor", "--index", folder)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stdout.startswith("columns-2/ends.npy: has 1 bytes, ") and "paperchat doctor --repair" in done.stdout
    mended = paperchat("doctor", "--repair", "--index", folder, "--json")
    assert mended.returncode == 0, mended.stderr
    said = json.loads(mended.stdout)
    assert said["sound"] and said["found"][0]["file"] == "columns-2/ends.npy"
    assert said["done"] == [f"{PAPERS_COUNT - 1} papers indexed anew, 0 chunks embedded again"]


def files_of(folder: Path) -> list[Path]:
    """Return the files of an index that hold something."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    return [path.relative_to(folder) for path in files]


UNREAD = {"chroma.sqlite3", "words.sqlite", "data_level0.bin", "header.bin", "length.bin", "link_lists.bin"}
"""Where bytes may be flipped that nobody reads: free pages of SQLite, places of Chroma's graph that are empty."""
