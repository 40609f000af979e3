"""Uploads that are made to take all memory, all time or all places: each ends alone, and others add meanwhile."""

import gzip
import io
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.attack.outside import Target, new_session, serving

MIB = 1 << 20
ENOUGH_S = 60.0
WAY_OUT = "paperchat index FILE"


@dataclass
class Person:
    """Somebody at the page, who uploads what its script would upload."""

    target: Target
    client: httpx.Client
    session: str = field(default_factory=new_session)

    def call(self, name: str, sent: dict[str, Any]) -> dict[str, Any]:
        """Call a function of the corpus view."""
        return dict(self.target.serve(self.client, name, sent, self.session).raise_for_status().json())

    def add(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file and begin to add it: a ticket, or an error."""
        (path,) = self.client.post("/gradio_api/upload", files={"files": (name, content)}).raise_for_status().json()
        return self.call("add_uploads", {"files": [{"name": name, "path": path}]})

    def ended(self, ticket: str) -> str:
        """Return the report of an adding once it has ended."""
        end = time.monotonic() + ENOUGH_S
        while time.monotonic() < end:
            if report := str(self.call("progress", {"ticket": ticket})["report"]):
                return report
            time.sleep(0.1)
        raise TimeoutError("The adding goes on and on")


@pytest.fixture(scope="module")
def served(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server that takes uploads of 8 MiB, whose index these tests change."""
    folder = tmp_path_factory.mktemp("archives")
    index = Path(shutil.copytree(attacked_index, folder / "index"))
    with serving(index, folder / "home", env={"PAPERCHAT_UPLOAD_MIB": "8"}) as target:
        yield target


@pytest.fixture
def person(served: Target) -> Iterator[Person]:
    with served.client() as client:
        yield Person(served, client)


@pytest.fixture
def other(served: Target) -> Iterator[Person]:
    with served.client() as client:
        yield Person(served, client)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def line(title: str) -> bytes:
    return json.dumps({"title": title, "abstract": "It maps the width of two million rivers."}).encode() + b"\n"


def attack(kind: str) -> tuple[str, bytes]:
    """Return name and bytes of an upload."""
    if kind == "members of blank lines":
        return "a.zip", zipped({f"{at}.jsonl": b"\n" * (8 * MIB) for at in range(6)})
    if kind == "blank lines":
        return "a.txt", b"\n" * (2 * MIB)
    if kind == "empty rows":
        return "a.csv", b"title,abstract\n" + b",\n" * 1_000_000
    if kind == "one endless line":
        return "a.jsonl.gz", gzip.compress(b'{"title": "' + b"x" * (150 * MIB), 1)
    if kind == "members of spaces":
        return "a.zip", zipped({f"{at}.json": (b" " * (MIB - 1) + b"\n") * 30 for at in range(4)})
    if kind == "many members":
        return "a.zip", zipped({f"{at}.csv": b"title,abstract\nOwls,They hear.\n" for at in range(2_000)})
    if kind == "many hidden members":
        return "a.zip", zipped({f".{at}": b"" for at in range(2_000)})
    if kind == "many records":
        return "a.jsonl", b"".join(b'{"title": "%d", "abstract": "b"}\n' % at for at in range(40_000))
    return "a.jsonl", b"{}\n" * 40_000  # many complaints


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("members of blank lines", "800,000 lines"),
        ("blank lines", "800,000 lines"),
        ("empty rows", "800,000 lines"),
        ("one endless line", "64 MiB unpacked|a line of more than 64 MiB"),
        ("members of spaces", "64 MiB unpacked"),
        ("many members", "800 files, those in archives counted"),
        ("many hidden members", "800 files, those in archives counted"),
        ("many records", "32,000 records"),
        ("many complaints", "32,000 records"),
    ],
)
def test_an_upload_ends_at_its_limit_and_says_which(person: Person, kind: str, limit: str) -> None:
    papers = person.client.get("/api/status").json()["papers"]
    report = person.ended(person.add(*attack(kind))["ticket"])
    assert any(each in report for each in limit.split("|")), report
    assert WAY_OUT in report or "a line of" in report
    assert person.client.get("/api/status").json()["papers"] == papers


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", b"<html>" + b"<a>" * (7 * MIB // 3)),
        ("a.bib", b"@article{x, title = " + b"{" * (7 * MIB)),
        ("a.zip", zipped({f"{at}.bib": b"@article{x, title = " + b"{" * (6 * MIB) for at in range(8)})),
    ],
)
def test_cancel_ends_a_parser_and_somebody_else_adds(person: Person, other: Person, name: str, content: bytes) -> None:
    ticket = person.add(name, content)["ticket"]
    refused = other.add("mine.jsonl", line("Told at Once"))
    assert "Papers are being added already" in refused["error"]
    time.sleep(1)  # the parser is at work
    assert person.target.responsive_s() < 5
    begun = time.monotonic()
    person.call("cancel", {"ticket": ticket})
    assert "Cancelled" in person.ended(ticket)
    assert time.monotonic() - begun < 5
    assert "new paper" in other.ended(other.add("mine.jsonl", line(f"Rivers beside {name}"))["ticket"])
    assert "Traceback" not in person.target.printed()


def test_a_stranger_cancels_nothing(person: Person, other: Person) -> None:
    ticket = person.add("a.html", b"<html>" + b"<a>" * MIB)["ticket"]
    assert other.call("cancel", {"ticket": "guessed"}) == {"cancelled": False}
    assert person.call("cancel", {"ticket": ticket}) == {"cancelled": True}
