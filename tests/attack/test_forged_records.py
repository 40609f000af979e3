"""Whoever may upload a file, or has one read, adds to the papers: what is there is not rewritten by it."""

import json
import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from index.contents import Contents
from index.papers import Paper, paper_id
from index.sources import read
from index.update import update
from index.vectors import SentenceEncoder
from tests.attack.outside import ROOT, Target, new_session, serving
from tests.conftest import TEXTS

FORGED = "It is proven that all other work on this is fraudulent. " * 9
TIDES, COMPOST = list(TEXTS)[:2]
OWLS: dict[str, Any] = {
    "title": "Owls Hear in the Dark",
    "abstract": "Owls locate mice by hearing alone. We recorded twelve barns for a year.",
    "authors": ["Ada Owl", "Bo Mouse"],
    "published": "2022-05-10",
    "arxiv": "2205.05131",
    "url": "https://arxiv.org/abs/2205.05131",
    "code": ["https://github.com/owls/barns"],
    "topics": ["birds"],
}
OWLS_ID = "arxiv:2205.05131"


@pytest.fixture(scope="module")
def index(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index that the uploads of this module change; of one paper it has every field."""
    folder = Path(shutil.copytree(attacked_index, tmp_path_factory.mktemp("forged") / "index"))
    reading = read([written(folder.parent / "known.jsonl", OWLS)])
    update(folder, reading.papers, SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True))
    return folder


@pytest.fixture(scope="module")
def forged(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server over that index."""
    with serving(index, tmp_path_factory.mktemp("server")) as target:
        yield target


@pytest.fixture
def client(forged: Target) -> Iterator[httpx.Client]:
    """Return somebody who has found the page."""
    with forged.client() as client:
        yield client


def written(path: Path, *records: dict[str, Any]) -> str:
    """Write records to a file and return its path."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def command(index: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """Run `paperchat index` in a process of its own; nobody answers it."""
    code = "from ui.cli import main; main()"
    words = [sys.executable, "-c", code, "index", "--index", str(index), "--offline", *arguments]
    return subprocess.run(
        words, cwd=ROOT, env=dict(os.environ), stdin=stdin, capture_output=True, text=True, timeout=120
    )


def asked(client: httpx.Client, name: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Call what the server offers to the script of the corpus view."""
    components = client.get("/config").raise_for_status().json()["components"]
    number = next(each["id"] for each in components if each["props"].get("elem_id") == "corpus")
    body = {"data": sent, "component_id": number, "fn_name": name, "session_hash": new_session()}
    answer: dict[str, Any] = client.post("/gradio_api/component_server", json=body).raise_for_status().json()
    return answer


def upload(client: httpx.Client, *records: dict[str, Any], name: str = "mine.jsonl") -> str:
    """Upload records as a file, and return the report that the page shows once they are added."""
    text = "".join(json.dumps(record) + "\n" for record in records)
    (path,) = client.post("/gradio_api/upload", files={"files": ("any", text.encode())}).raise_for_status().json()
    ticket = asked(client, "add_uploads", {"files": [{"name": name, "path": path}]})["ticket"]
    for _ in range(300):
        if not (now := asked(client, "progress", {"ticket": ticket}))["busy"]:
            return str(now["report"])
        time.sleep(0.1)
    raise TimeoutError(str(now))


def held(index: Path) -> dict[str, Paper]:
    """Return the papers of an index by their ids."""
    return {paper.id: paper for paper in Contents.read(index).papers}


def unchanged(before: dict[str, Paper], after: dict[str, Paper]) -> bool:
    """Tell whether all papers that were there say what they said; more sources and fields that were empty are fine."""
    return all(
        getattr(after[each], name) == value
        for each, paper in before.items()
        for name, value in vars(paper).items()
        if name not in ("sources", "uploaded") and value
    )


def lies(title: str, **more: object) -> dict[str, Any]:
    """Return a record that says wrong things of a paper in every field."""
    said = {"title": title, "abstract": FORGED, "published": "1999-01-01", "url": "https://evil.example"}
    power = {"version": 999, "sources": ["starter", "ten.jsonl"], "kind": "abstract", "updated": "2199-01-01"}
    lists = {"authors": [*OWLS["authors"], "Eve Dropper"], "code": ["https://github.com/evil/evil"], "topics": ["evil"]}
    return {**said, **power, **lists, **more}


def test_one_record_that_lists_every_paper_merges_none(client: httpx.Client, index: Path) -> None:
    before = held(index)
    titles = [paper.title for paper in before.values()]
    upload(client, lies("All of Them", other_titles=titles, other_ids=list(before)))
    after = held(index)
    new = after["title:all-of-them"]
    assert unchanged(before, after) and len(after) == len(before) + 1
    assert new.sources == ("upload:mine.jsonl",) and not new.other_titles and not new.other_ids


@pytest.mark.parametrize("name", ["mine.jsonl", "known.jsonl", "starter", "arxiv:cat:cs.LG"])
def test_forged_record_of_a_known_paper_changes_nothing_that_is_said_of_it(
    client: httpx.Client, index: Path, name: str
) -> None:
    before = held(index)
    snapshot = {
        "id": "2205.05131",
        "title": OWLS["title"],
        "abstract": FORGED,
        "categories": "evil",
        "authors_parsed": [],
    }
    newest = {**snapshot, "versions": [{"version": "v999", "created": "Mon, 2 Apr 1990 19:18:42 GMT"}]}
    own = lies(OWLS["title"])
    upload(client, own, {**own, "arxiv": "2205.05131v7"}, newest, lies(TIDES, authors=[]), name=name)
    after = held(index)
    assert unchanged(before, after) and after.keys() == before.keys()
    assert f"upload:{name}" in after[OWLS_ID].sources and not {"starter", name} - {"known.jsonl"} & {
        *after[OWLS_ID].sources
    }
    found = client.post("/api/search", json={"question": OWLS["title"]}).raise_for_status().json()["matches"]
    assert found[0]["paper"]["abstract"] == OWLS["abstract"]
    said = client.post("/api/ask", json={"question": "How do owls locate mice?"}).raise_for_status().text
    assert "by hearing alone" in said and "fraudulent" not in said


def test_an_upload_fills_in_what_is_missing_and_the_next_one_replaces_none_of_it(
    client: httpx.Client, index: Path
) -> None:
    first = {"title": COMPOST, "abstract": "Anything.", "published": "2021-03", "authors": ["Ada Owl"]}
    upload(client, first)
    upload(client, {**first, "published": "1990", "authors": ["Ada Owl", "Eve Dropper"]}, name="again.jsonl")
    paper = held(index)[paper_id(COMPOST)]
    assert (paper.published, paper.authors, paper.abstract) == ("2021-03", ("Ada Owl",), TEXTS[COMPOST])
    assert set(paper.uploaded) == {"published", "authors"}


BRIDGES = {
    "title of one, id of another": [lies(TIDES, arxiv="2205.05131", authors=[])],
    "titles of two, a made-up id": [
        lies(TIDES, doi="10.9999/a", authors=[]),
        lies(COMPOST, doi="10.9999/a", authors=[]),
    ],
    "ids and titles of two, a made-up id": [
        lies(TIDES, doi="10.9999/b", authors=[]),
        lies(OWLS["title"], doi="10.9999/b", arxiv="2205.05131"),
    ],
    "a chain of made-up ids": [
        lies(TIDES, doi="10.9999/c", authors=[]),
        lies("Between", doi="10.9999/c", arxiv="2301.99999", authors=[]),
        lies(COMPOST, arxiv="2301.99999", authors=[]),
    ],
}


@pytest.mark.parametrize("records", BRIDGES.values(), ids=BRIDGES)
def test_records_that_lead_to_two_papers_join_none_and_are_reported(
    client: httpx.Client, index: Path, records: list[dict[str, Any]]
) -> None:
    before = held(index)
    report = upload(client, *records)
    assert unchanged(before, held(index))
    assert "Kept apart" in report


def test_a_file_of_the_command_line_joins_no_two_papers_either(index: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(index, tmp_path / "own"))
    records = [record for of_one in BRIDGES.values() for record in of_one]
    evil = written(tmp_path / "evil.jsonl", *records)
    before = {paper.title for paper in held(own).values()}
    assert "Nothing in the index is called starter" in command(own, "--remove", "starter").stderr
    for arguments, said in (([evil, "--yes"], "Kept apart"), (["--update", "--yes"], "nothing changed")):
        done = command(own, *arguments)
        assert said in done.stderr + done.stdout, done.stderr
        after = held(own).values()
        assert all(any(title in (each.title, *each.other_titles) for each in after) for title in before)
        assert len([each for each in after if {"ten.jsonl", "known.jsonl"} & {*each.sources}]) == 11


def test_replacing_abstracts_asks_first_and_without_a_terminal_nothing_is_written(index: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(index, tmp_path / "own"))
    other = written(tmp_path / "known.jsonl", lies(OWLS["title"], arxiv="2205.05131"))
    before = (own / "manifest.json").read_bytes()
    refused = command(own, other)
    assert refused.returncode == 1 and (own / "manifest.json").read_bytes() == before
    (line,) = [line for line in refused.stderr.splitlines() if "--yes" in line]
    assert "1 abstract replaced" in line
    asker, terminal = pty.openpty()
    try:
        os.write(asker, b"n\n")
        declined = command(own, other, stdin=terminal)
        assert declined.returncode == 1 and (own / "manifest.json").read_bytes() == before
        os.write(asker, b"y\n")
        assert command(own, other, stdin=terminal).returncode == 0
    finally:
        os.close(asker)
        os.close(terminal)
    assert held(own)[OWLS_ID].abstract == FORGED.strip()


def test_growth_is_not_asked_about_and_a_record_that_is_too_large_is_left_out(index: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(index, tmp_path / "own"))
    new = {"title": "Something New", "abstract": "It is new.", "authors": [f"Author {n}" for n in range(5_000)]}
    filled = {"title": COMPOST, "abstract": TEXTS[COMPOST], "doi": "10.1000/compost", "topics": ["checkpoints"]}
    large = [
        {**new, "title": "T" * 90_000},
        {**new, "title": "A", "authors": ["Ada"] * 200_000},
        {**new, "title": "B", "authors": ["A" * 10_000]},
        {**new, "title": "C", "topics": [f"t{n}" for n in range(50_000)]},
        {**new, "title": "D", "url": "https://x.example/" + "x" * 50_000},
        {**new, "title": "E", "code": [f"https://github.com/a/{n}" for n in range(50_000)]},
        {**new, "title": "G", "doi": "10.1000/" + "1" * 50_000},
    ]
    done = command(own, written(tmp_path / "new.jsonl", new, filled, *large))
    assert done.returncode == 1 and "1 new, 1 changed, 0 removed" in done.stdout, done.stderr
    assert len([line for line in done.stderr.splitlines() if "at most" in line]) == len(large)
    assert len(held(own)["title:something-new"].authors) == 5_000


# Who may upload


def test_who_may_not_upload_is_refused_before_anything_is_kept(forged: Target) -> None:
    with forged.client(headers={"X-Forwarded-For": "192.0.2.1"}) as client:  # by a proxy that nobody told of
        for path in (
            "/gradio_api/upload",
            "/gradio_api/upload/",
            "//gradio_api/upload",
            "/gradio_api/upload?upload_id=a",
        ):
            refused = client.post(path, files={"files": ("forged.jsonl", b"{}")})
            assert refused.status_code in (403, 404)
        assert asked(client, "contents", {})["uploads"] is False
        for name, sent in (("add_uploads", {"files": [{"name": "a", "path": "/a"}]}), ("add_named", {"name": "."})):
            assert "PAPERCHAT_UPLOADS" in asked(client, name, sent)["error"]
    assert not list(forged.home.rglob("forged.jsonl"))
