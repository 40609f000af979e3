"""The command that fills an index: what it takes, lets go of, asks again, foretells, watches."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from index import update
from index.contents import Contents
from index.gathering import gather_folder
from index.paperfile import papers_text
from index.papers import Paper
from index.places import FILE, read_places, remember
from index.sources import Selection
from index.sources.live.service import SERVICES
from index.vectors import SentenceEncoder
from tests.conftest import HashingEncoder
from tests.live.services import Arxiv, Days, entries, serving
from ui.cli import main
from ui.watching import watch

ROOT = Path(__file__).parents[1]
OWLS = Paper(
    "arxiv:2401.00001", "Owls at Night", "Owls hear mice.", published="2024-01-02", topics=("q-bio.NC",), version=1
)
BATS = Paper(
    "title:bats-maps-from-echoes",
    "Bats: Maps from Echoes",
    "Bats make maps from echoes.",
    published="2023-05",
    topics=("cs.SD",),
)
BEES = Paper(
    "title:bees-dances-that-point", "Bees: Dances that Point", "Bees dance to point at flowers.", topics=("cs.MA",)
)


@dataclass(frozen=True)
class Done:
    """What a command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.out)
        return values


Run = Callable[..., Done]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], encoder: HashingEncoder
) -> Run:
    """Return what runs `paperchat index` over an index in tmp_path/index, with the hashing encoder."""
    monkeypatch.setattr(SentenceEncoder, "from_name", lambda *settings: encoder)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["paperchat", "index", "--index", str(tmp_path / "index"), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Return where the index will be."""
    return tmp_path / "index"


def write(path: Path, *papers: Paper) -> str:
    """Write papers as JSON lines that name no source, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(papers_text(replace(paper, sources=()) for paper in papers), encoding="utf-8")
    return str(path)


def pack(path: Path, name: str, *papers: Paper) -> None:
    """Write papers as one member of a ZIP archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, papers_text(replace(paper, sources=()) for paper in papers))


def titles(index: Path) -> dict[str, tuple[str, ...]]:
    """Return the first word of each title in an index, and the sources of the paper."""
    return {paper.title.split()[0].strip(":"): paper.sources for paper in Contents.read(index).papers}


def state(index: Path) -> dict[str, bytes]:
    """Return the content of every file of an index."""
    return {str(path): path.read_bytes() for path in index.rglob("*") if path.is_file()}


# What is wanted


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (["--max", "2"], {"Owls", "Bats"}),
        (["--since", "2024"], {"Owls"}),
        (["--until", "2023-12-31"], {"Bats"}),
        (["--category", "cs"], {"Bats", "Bees"}),
        (["--category", "q-bio", "--category", "cs.MA"], {"Owls", "Bees"}),
        (["--words", "echo*"], {"Bats"}),
        (["--words", "dance", "--words", "point"], {"Bees"}),
    ],
)
def test_only_papers_that_are_wanted_are_taken(
    run: Run, index: Path, tmp_path: Path, wanted: list[str], taken: set[str]
) -> None:
    (tmp_path / "a.jsonl").write_text("".join(papers_text([each]) for each in (OWLS, BATS, BEES)), encoding="utf-8")
    done = run(str(tmp_path / "a.jsonl"), *wanted)
    assert (done.code, set(titles(index))) == (0, taken), done.err


def test_a_wish_that_cannot_be_is_refused(run: Run, index: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", OWLS)
    done = run(source, "--since", "soon")
    assert (done.code, done.out) == (1, "") and "'soon' is no date" in done.err
    assert run(source, "--max", "0").code == 2
    assert not index.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--replace"],
        ["--update", "a.jsonl"],
        ["--update", "--replace"],
        ["--update", "--remove", "a.jsonl"],
        ["--update", "--max", "3"],
        ["--max", "3"],
        ["--watch", ".", "--dry-run"],
    ],
)
def test_options_that_say_nothing_together_are_a_usage_error(
    run: Run, index: Path, tmp_path: Path, wrong: list[str]
) -> None:
    run(write(tmp_path / "a.jsonl", OWLS))
    before = state(index)
    assert run(*wrong).code == 2
    assert state(index) == before


# Removing


def test_a_removed_source_takes_the_papers_that_only_it_names(run: Run, index: Path, tmp_path: Path) -> None:
    run(write(tmp_path / "a.jsonl", OWLS, BATS), write(tmp_path / "b.jsonl", BATS, BEES))
    assert titles(index) == {"Owls": ("a.jsonl",), "Bats": ("a.jsonl", "b.jsonl"), "Bees": ("b.jsonl",)}
    done = run("--remove", "a.jsonl", "--json")
    assert (done.code, done.json["removed"], done.json["embedded"]) == (0, 1, 0)
    assert titles(index) == {"Bats": ("b.jsonl",), "Bees": ("b.jsonl",)}
    assert [Path(place.source).name for place in read_places(index)] == ["b.jsonl"]


@pytest.mark.parametrize("name", ["arxiv:2401.00001", "2401.00001", "https://arxiv.org/abs/2401.00001v1"])
def test_a_paper_is_removed_by_its_id_however_it_is_written(run: Run, index: Path, tmp_path: Path, name: str) -> None:
    run(write(tmp_path / "a.jsonl", OWLS, BATS))
    assert run("--remove", name, "--remove", BATS.id).code == 0
    assert titles(index) == {}


def test_a_removed_paper_stays_out_until_its_source_is_named_again(run: Run, index: Path, tmp_path: Path) -> None:
    for name, paper in (("a", OWLS), ("b", BATS), ("c", BEES)):
        write(tmp_path / "pages" / f"{name}.jsonl", paper)
    run(str(tmp_path / "pages"))
    run("--remove", OWLS.id)
    run("--remove", "b.jsonl")
    assert (run("--update").code, titles(index)) == (0, {"Bees": ("c.jsonl",)})
    write(tmp_path / "pages" / "d.jsonl", replace(BATS, id="title:moles", title="Moles"))
    run("--update")
    assert set(titles(index)) == {"Bees", "Moles"}
    watched = gather_folder(index, Contents.read(index), tmp_path / "pages", Selection())
    assert {paper.title for paper in watched.papers} == {BEES.title, "Moles"}
    run(str(tmp_path / "pages"))
    assert set(titles(index)) == {"Owls", "Bats", "Bees", "Moles"}
    run("--update")
    assert set(titles(index)) == {"Owls", "Bats", "Bees", "Moles"}


def test_a_removed_archive_takes_what_is_packed_in_it(run: Run, index: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(write(tmp_path / "a.jsonl", OWLS), "in/a.jsonl")
        archive.write(write(tmp_path / "b.jsonl", BATS), "b.jsonl")
    run(str(tmp_path / "all.zip"), write(tmp_path / "c.jsonl", BATS, BEES))
    assert run("--remove", "all.zip").code == 0
    assert titles(index) == {"Bats": ("c.jsonl",), "Bees": ("c.jsonl",)}


def test_how_many_papers_have_no_date_that_can_be_read_is_said(run: Run, tmp_path: Path) -> None:
    assert "Read 679 records of 679 papers, none with a date.\n" in run("--dry-run").out
    table = tmp_path / "a.csv"
    table.write_text("title,abstract,date\nOwls,They hear.,soon\nBats,They fly.,2024-05\n", encoding="utf-8")
    assert "Read 2 records of 2 papers, 1 without a date.\n" in run(str(table)).out
    assert run(str(table), "--json").json["undated"] == 1


def test_removing_what_is_not_there_changes_nothing_and_says_what_is(run: Run, index: Path, tmp_path: Path) -> None:
    run(write(tmp_path / "a.jsonl", OWLS))
    before = state(index)
    done = run("--remove", "b.jsonl", "--remove", "a.jsonl")
    assert (done.code, done.out) == (1, "")
    assert "Nothing in the index is called b.jsonl" in done.err and "a.jsonl" in done.err
    assert state(index) == before


def test_a_source_may_come_as_another_goes(run: Run, index: Path, tmp_path: Path) -> None:
    run(write(tmp_path / "a.jsonl", OWLS))
    assert run(write(tmp_path / "b.jsonl", BATS), "--remove", "a.jsonl").code == 0
    assert titles(index) == {"Bats": ("b.jsonl",)}


# Asking again


def test_update_asks_the_sources_again_for_what_was_wanted_of_them(run: Run, index: Path, tmp_path: Path) -> None:
    write(tmp_path / "pages" / "in" / "a.jsonl", OWLS)
    run(str(tmp_path / "pages"))
    run(write(tmp_path / "c.jsonl", BATS), "--category", "cs")
    write(tmp_path / "pages" / "in" / "a.jsonl", replace(OWLS, abstract="Owls hear all mice."))
    write(tmp_path / "pages" / "new.jsonl", BEES)
    write(tmp_path / "c.jsonl", BATS, replace(OWLS, id="title:moles", title="Moles", topics=("q-bio",)))
    done = run("--update", "--yes")
    assert (done.code, set(titles(index))) == (0, {"Owls", "Bats", "Bees"}), done.err
    said = [paper.abstract for paper in Contents.read(index).papers if paper.id == OWLS.id]
    assert said == ["Owls hear all mice."]
    assert "1 new, 1 changed, 0 removed" in done.out
    assert run("--update").out.endswith("nothing changed; 0 chunks embedded.\n")


def test_update_goes_on_without_what_is_gone_or_broken_and_says_so(run: Run, index: Path, tmp_path: Path) -> None:
    for number, paper in enumerate((OWLS, BATS, BEES)):
        run(write(tmp_path / f"{number}.jsonl", paper))
    (tmp_path / "0.jsonl").unlink()
    (tmp_path / "1.jsonl").write_text("{broken", encoding="utf-8")
    write(tmp_path / "2.jsonl", replace(BEES, abstract="Bees dance in the dark too."))
    done = run("--update", "--json", "--yes")
    assert (done.code, done.json["changed"], done.json["papers"]) == (1, 1, 3)
    assert done.json["not_found"] == [str(tmp_path / "0.jsonl")]
    assert "Not found: " in done.err and "Could not be read: " in done.err and "1.jsonl" in done.err


def test_update_asks_the_starter_corpus_where_it_is_and_says_which_places_nobody_remembers(
    run: Run, index: Path, tmp_path: Path
) -> None:
    assert run("--max", "3").code == 0
    starter = (index / FILE).read_text(encoding="utf-8")
    run(write(tmp_path / "a.jsonl", OWLS))
    (index / FILE).write_text(starter, encoding="utf-8")
    assert run("--remove", Contents.read(index).from_source("starter")[0].id).code == 0
    done = run("--update", "--json")
    assert (done.code, done.json["not_found"], done.json["records"], done.json["new"]) == (1, ["a.jsonl"], 3, 0)


def test_update_of_an_empty_index_and_damaged_places_are_one_clear_line(run: Run, index: Path, tmp_path: Path) -> None:
    done = run("--update")
    assert (done.code, done.out) == (1, "") and "Name sources: paperchat index SOURCE" in done.err
    run(write(tmp_path / "a.jsonl", OWLS))
    for broken in ("[{]", '[{"source": 1}]', "{}", '[{"source": "a", "names": [], "selection": {"most": 0}}]', "7"):
        (index / FILE).write_text(broken, encoding="utf-8")
        done = run("--update")
        assert (done.code, done.out) == (1, "") and f"{FILE} is damaged" in done.err


def test_update_asks_a_service_for_what_is_new_since_its_newest_paper(
    run: Run, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERCHAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PAPERCHAT_OFFLINE", "0")
    with serving(Days(Arxiv(entries(30)[5:]), "application/atom+xml; charset=utf-8")) as arxiv:
        service = replace(SERVICES["arxiv"], base_url=arxiv.url, page=10, pause_s=0.0, fresh_s=0.0)
        monkeypatch.setitem(SERVICES, "arxiv", service)
        done = run("arxiv:cat:cs.LG", "--max", "12")
        assert (done.code, len(Contents.read(index).papers)) == (0, 12), done.err
        arxiv.answer = Arxiv(entries(30))
        done = run("--update", "--json")
        assert (done.code, done.json["new"], done.json["not_found"], done.json["failed"]) == (0, 5, [], []), done.err
        assert "submittedDate" in str(arxiv.params()[-1]) or "lastUpdatedDate" in str(arxiv.params()[-1])
    done = run("--update", "--json")
    assert (done.code, done.json["wrote"], len(done.json["failed"])) == (1, False, 1)


def test_update_finds_what_is_packed_in_a_file_that_was_named_or_stands_in_a_folder(
    run: Run, index: Path, tmp_path: Path
) -> None:
    pack(tmp_path / "arxiv.zip", "snapshot.jsonl", OWLS)
    pack(tmp_path / "pages" / "in" / "two.zip", "deep/b.jsonl", BATS)
    assert run(str(tmp_path / "arxiv.zip"), "--max", "5").code == 0
    assert run(str(tmp_path / "pages")).code == 0
    named = {Path(place.source).name: place.names for place in read_places(index)}
    assert named == {"arxiv.zip": ("arxiv.zip/snapshot.jsonl",), "pages": ("in/two.zip/deep/b.jsonl",)}
    pack(tmp_path / "arxiv.zip", "snapshot.jsonl", OWLS, BEES)
    done = run("--update", "--json")
    assert (done.code, done.json["not_found"], done.json["new"]) == (0, [], 1), done.err
    pack(tmp_path / "arxiv.zip", "newer.jsonl", BEES)
    assert run("--update").code == run("--update").code == 0
    (tmp_path / "pages" / "in" / "two.zip").unlink()
    write(tmp_path / "pages" / "c.jsonl", BEES)
    assert run("--update", "--json").json["not_found"] == [str(tmp_path / "pages/in/two.zip/deep/b.jsonl")]


def test_update_asks_a_link_by_its_own_name(run: Run, index: Path, tmp_path: Path) -> None:
    write(tmp_path / "data" / "2024.jsonl", OWLS)
    (tmp_path / "newest.jsonl").symlink_to(tmp_path / "data" / "2024.jsonl")
    run(str(tmp_path / "newest.jsonl"))
    assert run("--update").code == 0
    assert titles(index) == {"Owls": ("newest.jsonl",)}


def test_update_says_which_files_of_a_folder_are_gone_until_their_papers_are_removed(
    run: Run, index: Path, tmp_path: Path
) -> None:
    write(tmp_path / "pages" / "a.jsonl", OWLS)
    write(tmp_path / "pages" / "b.jsonl", BATS)
    run(str(tmp_path / "pages"))
    (tmp_path / "pages" / "a.jsonl").unlink()
    for arguments in (["--update"], ["--update"], [str(tmp_path / "pages")], ["--update"]):
        done = run(*arguments, "--json")
        gone = [str(tmp_path / "pages" / "a.jsonl")] if arguments == ["--update"] else []
        assert (done.code, done.json["not_found"]) == (len(gone), gone)
        assert set(titles(index)) == {"Owls", "Bats"}
    run("--remove", "a.jsonl")
    assert run("--update").code == 0


# Foretelling


def test_dry_run_says_what_would_be_and_writes_nothing(run: Run, index: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", OWLS, BATS)
    done = run(source, "--dry-run")
    assert (done.code, index.exists()) == (0, False)
    assert "would hold 2 papers: 2 new, 0 changed, 0 removed; 2 chunks to embed" in done.out
    run(source)
    before = state(index)
    write(tmp_path / "a.jsonl", replace(OWLS, abstract="Owls hear all mice."), BEES)
    for arguments in ([source], [source, "--replace"], ["--update"], ["--remove", "a.jsonl"]):
        foretold = run(*arguments, "--dry-run", "--json").json
        assert state(index) == before
        shutil.copytree(index, tmp_path / "kept")
        did = run(*arguments, "--json", "--yes").json
        assert {name: foretold[name] for name in ("papers", "new", "changed", "removed")} == {
            name: did[name] for name in ("papers", "new", "changed", "removed")
        }
        assert foretold["chunks"] == did["embedded"]
        shutil.rmtree(index)
        (tmp_path / "kept").rename(index)


def test_dry_run_with_another_encoder_foretells_that_all_is_embedded(
    run: Run, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(write(tmp_path / "a.jsonl", OWLS, BATS))
    monkeypatch.setattr(SentenceEncoder, "from_name", lambda *settings: HashingEncoder("hashing-2"))
    foretold = run("--dry-run", "--json").json
    assert (foretold["chunks"], foretold["changed"]) == (2, 0) and run("--json").json["embedded"] == 2


# The same work twice


def test_papers_that_look_like_the_same_work_are_reported_not_merged(run: Run, index: Path, tmp_path: Path) -> None:
    text = "Owls hear mice below deep snow by comparing what reaches the left ear with what reaches the right one."
    preprint = replace(OWLS, abstract=text)
    journal = Paper("doi:10.1000/1", "Hearing of Owls \x1b[2J", text)
    done = run(write(tmp_path / "a.jsonl", preprint, journal, BATS))
    assert "1 pair looks like the same work" in done.err and "[doi:10.1000/1]" in done.err
    assert "\x1b" not in done.err
    assert len(titles(index)) == 3
    (pair,) = run("--json").json["duplicates"]
    assert (pair["first"], pair["second"]) == ("arxiv:2401.00001", "doi:10.1000/1")
    assert "look" not in run().err


# Watching


def pour(stream: Iterable[str], queue: Queue[str]) -> None:
    """Put each line of a stream into a queue."""
    for line in stream:
        queue.put(line)


class Watcher:
    """`paperchat index --watch` in a process of its own, what it prints, line by line."""

    def __init__(self, folder: Path, index: Path, *options: str) -> None:
        code = (
            "from index.vectors import SentenceEncoder; from tests.conftest import HashingEncoder\n"
            "SentenceEncoder.from_name = classmethod(lambda *settings: HashingEncoder())\n"
            "from ui.cli import main; main()"
        )
        command = [sys.executable, "-u", "-c", code, "index", "--index", str(index), "--watch", str(folder), "--json"]
        command += options
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
        )
        self.updates: Queue[str] = Queue()
        self.said: Queue[str] = Queue()
        self.threads = [
            threading.Thread(target=pour, args=(self.process.stdout, self.updates)),
            threading.Thread(target=pour, args=(self.process.stderr, self.said)),
        ]
        for thread in self.threads:
            thread.start()

    def update(self) -> dict[str, Any]:
        """Return what the next update did."""
        values: dict[str, Any] = json.loads(self.updates.get(timeout=60))
        return values

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next update of which something holds."""
        while not condition(did := self.update()):
            pass
        return did

    def hears(self, text: str) -> str:
        """Wait until a line on stderr holds a text."""
        while text not in (line := self.said.get(timeout=60)):
            pass
        return line

    def end(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=60)
        for thread in self.threads:
            thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code


@pytest.fixture
def watched(tmp_path: Path, index: Path) -> Iterator[tuple[Path, Watcher]]:
    """Return a folder with one file, and what watches it."""
    write(tmp_path / "pages" / "a.jsonl", OWLS)
    watcher = Watcher(tmp_path / "pages", index, "--yes")
    yield tmp_path / "pages", watcher
    if watcher.process.poll() is None:
        watcher.end()


def test_watch_follows_files_that_come_change_and_go_until_ctrl_c(watched: tuple[Path, Watcher], index: Path) -> None:
    folder, watcher = watched
    assert watcher.update()["new"] == 1
    write(folder / "in" / "b.jsonl", BATS, BEES)
    assert watcher.until(lambda did: did["new"] > 0)["papers"] == 3
    write(folder / "in" / "b.jsonl", replace(BATS, abstract="Bats shout."))
    did = watcher.until(lambda did: did["changed"] > 0)
    assert (did["changed"], did["removed"], did["papers"]) == (1, 1, 2)
    (folder / "a.jsonl").unlink()
    assert watcher.until(lambda did: did["removed"] > 0)["papers"] == 1
    assert titles(index) == {"Bats": ("in/b.jsonl",)}
    assert watcher.end() == 0
    watcher.hears("Stopped watching.")


def test_watch_that_cannot_ask_takes_nothing_away_and_says_what_would(tmp_path: Path, index: Path) -> None:
    folder, owls = tmp_path / "pages", tmp_path / "pages" / "a.jsonl"
    write(owls, OWLS)
    watcher = Watcher(folder, index)
    assert watcher.update()["new"] == 1
    write(owls, replace(OWLS, abstract="Owls shout."), BATS)
    assert "--yes" in watcher.hears("1 abstract replaced")
    owls.unlink()
    assert "--yes" in watcher.hears("2 papers removed")
    assert watcher.end() == 0
    assert {paper.title: paper.abstract for paper in Contents.read(index).papers} == {
        OWLS.title: OWLS.abstract,
        BATS.title: BATS.abstract,
    }
    write(folder / "b.jsonl", BEES)
    watcher = Watcher(folder, index, "--yes")
    assert watcher.update()["removed"] == 2
    assert watcher.end() == 0


def test_watch_goes_on_after_a_bad_file_and_waits_for_a_folder_that_vanishes(
    watched: tuple[Path, Watcher], index: Path
) -> None:
    folder, watcher = watched
    watcher.update()
    (folder / "a.jsonl").write_bytes(b"{broken\n\xff\xfe")
    watcher.hears("a.jsonl")
    assert titles(index) == {"Owls": ("a.jsonl",)}
    folder.rename(folder.with_name("elsewhere"))
    watcher.hears("is gone")
    assert titles(index) == {"Owls": ("a.jsonl",)}
    write(folder.with_name("elsewhere") / "a.jsonl", replace(OWLS, abstract="Owls hear all mice."))
    folder.with_name("elsewhere").rename(folder)
    watcher.hears("is there again")
    assert watcher.until(lambda did: did["changed"] > 0)["papers"] == 1


def test_watch_needs_a_folder(run: Run, tmp_path: Path) -> None:
    done = run("--watch", str(tmp_path / "none"))
    assert done.code == 1 and "No such folder" in done.err


class Growing(threading.Event):
    """Ends a watching; while that waits for files to be still, one of them grows, three times."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.parts = [(file, part) for part in ("one", "two", "three")]

    def wait(self, timeout: float | None = None) -> bool:
        if self.parts:
            file, part = self.parts.pop(0)
            with file.open("a") as growing:
                growing.write(part)
        return super().wait(0)


def test_a_growing_file_is_waited_for(tmp_path: Path) -> None:
    stop = Growing(tmp_path / "a.txt")
    read: list[str] = []

    def changed() -> None:
        read.append((tmp_path / "a.txt").read_text())
        stop.set()

    watch(tmp_path, changed, lambda text: None, stop, 0.01)
    assert read == ["onetwothree"]


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    stop, read = threading.Event(), []

    def changed() -> None:
        read.append({path.name for path in tmp_path.iterdir()})
        if len(read) == 1:
            (tmp_path / "b.txt").write_text("late")
        else:
            stop.set()

    (tmp_path / "a.txt").write_text("early")
    watch(tmp_path, changed, lambda text: None, stop, 0.01)
    assert read == [{"a.txt"}, {"a.txt", "b.txt"}]


def test_a_link_to_a_folder_elsewhere_is_not_watched(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "watched", tmp_path / "elsewhere"
    (folder / "inner").mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "link").symlink_to(elsewhere)
    (folder / "file.txt").symlink_to(elsewhere / "file.txt")
    stop, read = threading.Event(), []

    def change() -> None:
        for at in range(20):
            (elsewhere / "file.txt").write_text("x" * at)
            time.sleep(0.02)
        (folder / "inner" / "new.txt").write_text("new")

    def changed() -> None:
        read.append((folder / "inner" / "new.txt").exists())
        if read[-1]:
            stop.set()
        else:
            changing.start()

    changing = threading.Thread(target=change)
    watch(folder, changed, lambda text: None, stop, 0.05)
    changing.join()
    assert read == [False, True]


# A folder as it is now


def mirror(folder: Path, index: Path) -> None:
    """Bring an index to what the files of a folder say, as watching does."""
    gathered = gather_folder(index, Contents.read(index), folder, Selection())
    update(index, gathered.papers, HashingEncoder(), remove=gathered.removal.ids)
    remember(index, gathered.places, Contents.read(index).sources)


def test_papers_of_another_folder_whose_file_has_the_same_name_stay(run: Run, index: Path, tmp_path: Path) -> None:
    run(write(tmp_path / "first" / "a.jsonl", BATS))
    write(tmp_path / "pages" / "a.jsonl", OWLS)
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Bats", "Owls"}
    write(tmp_path / "pages" / "a.jsonl", BEES)
    mirror(tmp_path / "pages", index)
    (tmp_path / "pages" / "a.jsonl").unlink()
    mirror(tmp_path / "pages", index)
    assert "Bats" in titles(index)


def test_two_files_of_one_name_are_two_sources_of_a_paper(run: Run, index: Path, tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    long = replace(OWLS, abstract="Owls hear mice under the snow, at night.", authors=("Ada Owl",))
    short = replace(OWLS, abstract="Owls hear mice.", code=("https://github.com/owl/ears",))
    assert run(write(tmp_path / "here/refs.jsonl", long)).code == 0
    assert run(write(tmp_path / "there/refs.jsonl", short, BATS)).code == 0
    owls, bats = Contents.read(index).papers
    assert (owls.abstract, owls.authors, owls.code) == (long.abstract, long.authors, short.code)
    assert bats.title == BATS.title
    (tmp_path / "here/refs.jsonl").unlink()
    assert "Not found" in run("--update").err
    assert Contents.read(index).papers[0] == owls


def test_what_a_file_said_stays_while_it_cannot_be_read_whole(run: Run, index: Path, tmp_path: Path) -> None:
    write(tmp_path / "pages" / "a.jsonl", OWLS, BATS)
    mirror(tmp_path / "pages", index)
    with (tmp_path / "pages" / "a.jsonl").open("w") as file:
        file.write(papers_text([replace(OWLS, sources=())]) + "{cut off")
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Owls", "Bats"}
    write(tmp_path / "pages" / "a.jsonl", OWLS)
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Owls"}


def test_what_is_packed_in_a_file_of_the_folder_goes_with_that_file(index: Path, tmp_path: Path) -> None:
    pack(tmp_path / "pages" / "two.zip", "a.jsonl", OWLS, BATS)
    write(tmp_path / "pages" / "c.jsonl", BEES)
    mirror(tmp_path / "pages", index)
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Owls", "Bats", "Bees"}
    pack(tmp_path / "pages" / "two.zip", "a.jsonl", BATS)
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Bats", "Bees"}
    (tmp_path / "pages" / "two.zip").write_bytes(b"PK\x03\x04 cut off")
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Bats", "Bees"}
    (tmp_path / "pages" / "two.zip").unlink()
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Bees"}


def test_what_a_file_said_stays_while_nobody_can_see_whether_it_is_there(index: Path, tmp_path: Path) -> None:
    write(tmp_path / "pages" / "in" / "a.jsonl", OWLS)
    write(tmp_path / "pages" / "c.jsonl", BEES)
    mirror(tmp_path / "pages", index)
    (tmp_path / "pages" / "in" / "a.jsonl").unlink()
    (tmp_path / "pages" / "in" / "a.jsonl").symlink_to("a.jsonl")
    mirror(tmp_path / "pages", index)
    assert set(titles(index)) == {"Owls", "Bees"}


def test_a_paper_that_one_of_two_files_drops_stays_with_the_other(index: Path, tmp_path: Path) -> None:
    write(tmp_path / "pages" / "a.jsonl", OWLS, BATS)
    write(tmp_path / "pages" / "b.jsonl", replace(OWLS, id="title:owls-at-night"))
    mirror(tmp_path / "pages", index)
    write(tmp_path / "pages" / "a.jsonl", BATS)
    mirror(tmp_path / "pages", index)
    assert titles(index) == {"Owls": ("b.jsonl",), "Bats": ("a.jsonl",)}
