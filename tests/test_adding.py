import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from index import Paper, Store, update
from index.manifest import Manifest
from index.polite import AT_ONCE, PoliteWordEncoder, polite
from index.sources.budget import Limits
from index.vectors import Vectors
from rag import Engine, Settings, UserError
from tests.conftest import HashingEncoder
from ui.adding import Adding, AddingError, Upload, safe_name


class HeldEncoder(HashingEncoder):
    """Waits for `go` once it was asked for more than `most` texts, and says so by `held`."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 10**9
        self.held, self.go = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(self.asked) + len(texts) > self.most:
            self.held.set()
            assert self.go.wait(60)
        return super().encode(texts)


@pytest.fixture
def encoder() -> HeldEncoder:
    return HeldEncoder()


@pytest.fixture
def engine(tmp_path: Path, papers: list[Paper], encoder: HeldEncoder) -> Iterator[Engine]:
    folder = tmp_path / "index"
    update(folder, papers, encoder)
    with Engine(Settings(index=folder), Store.open(folder, encoder), encoder, None) as engine:
        yield engine


@pytest.fixture
def adding(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adding]:
    """Return an adding whose temporary folders lie in `tmp_path / "temporary"`."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    adding = Adding(engine, upload_mib=1, home=tmp_path / "home")
    yield adding
    adding.close()


def sent(tmp_path: Path, text: str, name: str = "mine.jsonl") -> Upload:
    """Return a file as the server holds it after an upload."""
    path = tmp_path / f"upload-{len(list(tmp_path.iterdir()))}"
    path.write_text(text, encoding="utf-8")
    return Upload(name, path)


def lines(*papers: dict[str, str]) -> str:
    return "".join(json.dumps(paper) + "\n" for paper in papers)


def paper(title: str, abstract: str = "It maps the width of two million rivers from space.") -> dict[str, str]:
    return {"title": title, "abstract": abstract}


def many(count: int) -> str:
    return lines(*(paper(f"Held Paper {at}", f"The paper of number {at} says nothing else.") for at in range(count)))


def test_what_was_new_merged_and_left_out_is_reported_and_can_be_asked_for(
    adding: Adding, engine: Engine, tmp_path: Path
) -> None:
    known = "Do Larger Batches Generalise Worse?"
    text = lines(paper("Rivers from Space"), paper("Rivers from Space"), paper(known), {"title": "No abstract"})
    ticket = adding.upload([sent(tmp_path, text)])
    adding.wait()
    report = adding.report(ticket)
    assert report and not report.error
    assert (report.records, report.papers, report.new, report.changed, report.total) == (3, 2, 1, 1, 11)
    assert report.sources == ("upload:mine.jsonl",)
    assert [(fault.source, fault.line) for fault in report.left_out] == [("upload:mine.jsonl", 4)]
    assert adding.progress().stage == "done"
    found = engine.search("Which rivers are wide?")[0].paper
    assert (found.title, found.sources) == ("Rivers from Space", ("upload:mine.jsonl",))
    assert json.loads(json.dumps(report.to_dict()))["left_out"][0]["line"] == 4


def test_an_upload_is_gone_afterwards_and_nothing_else_is_left(adding: Adding, tmp_path: Path) -> None:
    upload = sent(tmp_path, lines(paper("Rivers from Space")), name="../../../etc/passwd.jsonl")
    ticket = adding.upload([upload, sent(tmp_path, "nothing in it", "passwd.jsonl")])
    adding.wait()
    report = adding.report(ticket)
    assert report and report.sources == ("upload:passwd.jsonl",)
    assert not upload.path.exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_one_adding_at_a_time_and_only_who_began_it_ends_it(
    adding: Adding, encoder: HeldEncoder, tmp_path: Path
) -> None:
    encoder.most = len(encoder.asked)
    ticket = adding.upload([sent(tmp_path, many(3))])
    assert encoder.held.wait(60)
    assert adding.progress().busy
    with pytest.raises(AddingError, match="Papers are being added already"):
        adding.upload([sent(tmp_path, many(4))])
    assert not adding.cancel("another") and adding.report("another") is None
    encoder.go.set()
    adding.wait()
    report = adding.report(ticket)
    assert report and report.new == 3 and adding.progress().stage == "done"


def test_cancelling_leaves_the_index_as_it_was_and_keeps_what_was_embedded(
    adding: Adding, engine: Engine, encoder: HeldEncoder, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    before, asked = Manifest.read(folder), "Which method forecasts sea levels?"
    matches = engine.search(asked)
    text = many(150)
    encoder.most = len(encoder.asked) + 140
    ticket = adding.upload([sent(tmp_path, text)])
    assert encoder.held.wait(60)
    progress = adding.progress()
    assert (progress.stage, progress.total) == ("embedding", 150) and 128 <= progress.done < 150
    assert adding.cancel(ticket)
    encoder.most = 10**9
    encoder.go.set()
    adding.wait()
    report = adding.report(ticket)
    assert report and report.cancelled and adding.progress().stage == "cancelled"
    assert Manifest.read(folder) == before
    assert engine.search(asked) == matches
    with Engine(Settings(index=folder), Store.open(folder, encoder), encoder, None) as fresh:
        assert fresh.search(asked) == matches
    again = adding.upload([sent(tmp_path, text)])
    adding.wait()
    report = adding.report(again)
    assert report and (report.new, report.embedded) == (150, 22)
    assert engine.status().papers == 160


def test_others_ask_while_papers_are_added(
    adding: Adding, engine: Engine, encoder: HeldEncoder, tmp_path: Path
) -> None:
    encoder.most = len(encoder.asked) + 8
    adding.upload([sent(tmp_path, many(40))])
    assert encoder.held.wait(60)
    encoder.most = 10**9
    assert engine.ask("Which method forecasts sea levels?").citations
    assert engine.status().papers == 10 and adding.progress().busy
    encoder.go.set()
    adding.wait()
    assert engine.status().papers == 50


@pytest.mark.parametrize("name", ["../outside.jsonl", "/etc", "missing.jsonl", "link/outside.jsonl", "~nobody/x"])
def test_sources_outside_of_home_are_refused_like_those_that_do_not_exist(
    adding: Adding, tmp_path: Path, name: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "outside.jsonl").write_text(lines(paper("Secret")), encoding="utf-8")
    os.symlink(tmp_path, tmp_path / "home" / "link")
    with pytest.raises(AddingError, match=r"No source .* in .*home\. Name a file or folder that lies there\."):
        adding.name([name])


def test_a_file_or_folder_of_home_is_added_by_name(adding: Adding, tmp_path: Path) -> None:
    (tmp_path / "home" / "saved").mkdir(parents=True)
    (tmp_path / "home" / "saved" / "page.jsonl").write_text(lines(paper("Rivers from Space")), encoding="utf-8")
    ticket = adding.name(["saved"])
    adding.wait()
    report = adding.report(ticket)
    assert report and report.new == 1 and report.sources == ("page.jsonl",)
    assert (tmp_path / "home" / "saved" / "page.jsonl").exists()


def test_nothing_is_named_where_there_is_no_home(engine: Engine) -> None:
    with pytest.raises(AddingError, match=r"Sources cannot be named here\. Upload them\."):
        Adding(engine).name(["x"])


def test_files_that_are_too_large_or_none_are_refused(adding: Adding, tmp_path: Path) -> None:
    with pytest.raises(AddingError, match=r"have 1\.2 MiB together, at most 1 MiB are taken"):
        adding.upload([sent(tmp_path, "x" * 630_000), sent(tmp_path, "x" * 630_000)])
    with pytest.raises(UserError, match="No file was sent"):
        adding.upload([])
    with pytest.raises(AddingError, match="No source was named"):
        adding.name([" "])
    with pytest.raises(AddingError, match="could not be taken"):
        adding.upload([Upload("a.jsonl", tmp_path / "gone")])
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_cannot_be_read_is_told_in_one_line(adding: Adding, tmp_path: Path) -> None:
    ticket = adding.upload([sent(tmp_path, '{"neither": 1}\n')])
    adding.wait()
    report = adding.report(ticket)
    assert report and report.error.startswith("No paper could be read from these sources:")
    assert adding.progress().stage == "failed" and not adding.progress().busy


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("page.txt", "page.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".hidden.jsonl", "hidden.jsonl"),
        ("a\x00b\n.txt", "ab.txt"),
        ("..", "upload"),
        ("", "upload"),
        ("x" * 500 + ".jsonl", "x" * 110 + ".jsonl"),
        ("x" * 500, "x" * 120),
    ],
)
def test_names_of_uploads_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_polite_encoding_gives_the_same_rows_and_tells_how_far_it_is() -> None:
    texts = [f"text of number {at}" for at in range(2 * AT_ONCE + 1)]
    told: list[int] = []
    encoder = polite(HashingEncoder(), told.append)
    assert not isinstance(encoder, PoliteWordEncoder)
    assert (encoder.encode(texts) == HashingEncoder().encode(texts)).all()
    assert told == [0, AT_ONCE, 2 * AT_ONCE]
    assert encoder.encode([]).shape == (0, 256)


def test_who_cancels_waits_for_nobody_and_the_next_one_begins(
    adding: Adding, engine: Engine, encoder: HeldEncoder, tmp_path: Path
) -> None:
    encoder.most = len(encoder.asked)
    ticket = adding.upload([sent(tmp_path, many(3))])
    assert encoder.held.wait(60)
    assert adding.cancel(ticket)
    report = adding.report(ticket)
    assert report and report.cancelled and adding.progress().stage == "cancelled"
    second = adding.upload(
        [sent(tmp_path, lines(paper("Rivers from Space")))]
    )  # while a batch of the first is embedded
    assert adding.progress().busy and adding.report(second) is None
    encoder.most = 10**9
    encoder.go.set()
    adding.wait()
    report = adding.report(second)
    assert report and (report.new, report.total) == (1, 11)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_cancelling_works_until_the_new_index_takes_the_place_of_the_old_one(engine: Engine, tmp_path: Path) -> None:
    class EndedError(Exception):
        pass

    calls: list[bool] = []

    def check(last: bool) -> None:
        calls.append(last)
        if last:
            raise EndedError

    before = Manifest.read(tmp_path / "index")
    new = [Paper(f"title:new-{at}", f"New {at}", "They map rivers.") for at in range(3)]
    with pytest.raises(EndedError):
        engine.add(new, check=check)
    assert calls.count(True) == 1 and calls[-1] and len(calls) > 10
    assert Manifest.read(tmp_path / "index") == before and engine.status().papers == 10
    assert engine.add(new).new == 3


def test_an_adding_that_takes_too_long_ends_and_says_so(
    adding: Adding, engine: Engine, encoder: HeldEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(allowed_mib: float, sent_mib: float) -> Limits:
        return Limits(total_s=5.0)

    monkeypatch.setattr(Limits, "of_upload", short)
    encoder.most = len(encoder.asked)
    ticket = adding.upload([sent(tmp_path, many(20))])
    assert encoder.held.wait(60)
    time.sleep(5)
    encoder.most = 10**9
    encoder.go.set()
    adding.wait()
    report = adding.report(ticket)
    assert report and "take more than" in report.error and "paperchat index FILE" in report.error
    assert engine.status().papers == 10 and not adding.progress().busy


def test_texts_that_take_long_are_encoded_fewer_at_a_time() -> None:
    class SlowEncoder(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            time.sleep(0.1 * len(texts))
            return super().encode(texts)

    told: list[int] = []
    polite(SlowEncoder(), told.append).encode([f"text of number {at}" for at in range(AT_ONCE + 8)])
    assert told[:3] == [0, AT_ONCE, AT_ONCE + AT_ONCE // 2]


def test_a_link_below_home_that_leads_out_of_it_is_not_read(adding: Adding, tmp_path: Path) -> None:
    (tmp_path / "home" / "saved").mkdir(parents=True)
    (tmp_path / "secret.jsonl").write_text(lines(paper("Secret")), encoding="utf-8")
    (tmp_path / "home" / "saved" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (tmp_path / "home" / "saved" / "mine.jsonl").write_text(lines(paper("Rivers from Space")), encoding="utf-8")
    ticket = adding.name(["saved"])
    adding.wait()
    report = adding.report(ticket)
    assert report and report.new == 1
    assert [fault.source for fault in report.left_out] == ["link.jsonl"]
    assert "a link that leads out" in report.left_out[0].reason
