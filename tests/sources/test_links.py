"""A folder and an archive are read for what stands in them: no link leads out, and a pipe keeps nobody waiting."""

import os
import socket
import stat
import threading
import zipfile
from pathlib import Path

import pytest

from index.errors import SourceError
from index.paper import Paper
from index.sources import LeftOut, read, stream
from index.sources.budget import Limits, OverBudget
from index.sources.stoppable import read_stoppably

TABLE = "title,abstract\nOwls,They hear.\n"
SECRET = "title,abstract\nSecret,Nobody may read it.\n"


def test_links_that_lead_out_of_a_folder_are_not_followed_and_named(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    (folder / "inner").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.csv").write_text(SECRET)
    (folder / "inner" / "owls.csv").write_text(TABLE)
    (folder / "file.csv").symlink_to(outside / "secret.csv")
    (folder / "chain.csv").symlink_to(folder / "file.csv")
    (folder / "folder").symlink_to(outside)
    (folder / "up").symlink_to("..")
    (folder / "again").symlink_to(folder / "inner")
    (folder / "same.csv").symlink_to(folder / "inner" / "owls.csv")
    (folder / "nowhere.csv").symlink_to(outside / "nothing.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    reading = read([folder])
    assert [(paper.title, paper.sources) for paper in reading.papers] == [("Owls", ("inner/owls.csv",))]
    led_out = {each.source for each in reading.left_out if "a link that leads out of the folder" in each.reason}
    assert led_out == {"file.csv", "chain.csv", "folder", "up"}
    assert {each.source for each in reading.left_out} - led_out == {"nowhere.csv", "loop.csv"}


def test_what_is_named_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "owls.csv").write_text(TABLE)
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "link.csv").symlink_to(tmp_path / "folder" / "owls.csv")
    assert read([tmp_path / "link"]).papers[0].sources == ("owls.csv",)
    assert read([tmp_path / "link.csv"]).papers[0].sources == ("link.csv",)
    with pytest.raises(SourceError, match="a link that leads out of the folder"):
        read([tmp_path / "link.csv"], within=(tmp_path / "elsewhere").resolve())


def test_pipes_sockets_and_devices_in_a_folder_keep_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "owls.csv").write_text(TABLE)
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.csv"))
        found: list[Paper | LeftOut] = []
        thread = threading.Thread(target=lambda: found.extend(stream([tmp_path])), daemon=True)
        thread.start()
        thread.join(30)
    assert not thread.is_alive()
    assert sorted(each.source for each in found if isinstance(each, LeftOut)) == ["pipe.csv", "socket.csv", "zero.csv"]


def test_members_of_an_archive_that_are_links_or_lead_out_are_named(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, TABLE)
        archive.writestr("../up.csv", TABLE)
        archive.writestr("/root.csv", TABLE)
        archive.writestr("inner/../../up.csv", TABLE)
        archive.writestr("owls.csv", TABLE)
    before = sorted(tmp_path.rglob("*"))
    reading = read([tmp_path / "a.zip"])
    assert [paper.sources for paper in reading.papers] == [("a.zip/owls.csv",)]
    assert {each.source: each.reason.split(".")[0] for each in reading.left_out} == {
        "a.zip/../up.csv": "its name leads out of the archive",
        "a.zip//root.csv": "its name leads out of the archive",
        "a.zip/inner/../../up.csv": "its name leads out of the archive",
        "a.zip/link.csv": "a symbolic link",
    }
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_bit_by_bit_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.csv", TABLE)
    with pytest.raises(SourceError, match="packed in a way that is not read"):
        read([tmp_path / "a.zip"])


@pytest.mark.parametrize(("at", "value"), [(8, 0xFF), (42, 0xFF), (46, 0xFF), (20, 0xFF), (24, 0xFF), (6, 0xFF)])
def test_an_archive_whose_table_of_contents_lies_is_named(tmp_path: Path, at: int, value: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", TABLE * 50)
    packed = bytearray((tmp_path / "a.zip").read_bytes())
    entry = packed.index(b"PK\x01\x02")
    packed[entry + 9] |= 0x08  # names are in UTF-8
    packed[entry + at] = value
    (tmp_path / "a.zip").write_bytes(packed)
    assert all(isinstance(each, Paper | LeftOut) for each in stream([tmp_path / "a.zip"]))


def test_a_process_reads_what_is_read_here_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "owls.csv").write_text(TABLE + "Mice,\n")
    (tmp_path / "slow.bib").write_text("@article{x, title = " + "{" * 8_000_000)
    paths = [tmp_path / "owls.csv"]
    assert read_stoppably(paths, Limits(), lambda: None) == read(paths)
    with pytest.raises(SourceError, match=r"none\.csv"):
        read_stoppably([tmp_path / "none.csv"], Limits(), lambda: None)

    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        read_stoppably([tmp_path / "slow.bib"], Limits(), stop)
    with pytest.raises(OverBudget, match=r"take more than 1 s to read.*paperchat index FILE"):
        read_stoppably([tmp_path / "slow.bib"], Limits(read_s=1), lambda: None)
    (tmp_path / "large.jsonl").write_text('{"x": [' + "{}," * 10_000_000 + "{}]}\n")
    with pytest.raises(OverBudget, match=r"need more than 500 MiB of memory.*paperchat index FILE"):
        read_stoppably([tmp_path / "large.jsonl"], Limits(memory_bytes=500 << 20), lambda: None)
