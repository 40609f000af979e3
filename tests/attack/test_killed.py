"""A server that is killed while it adds an upload: what is left is the old index or the new one, and serves."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.attack.outside import ROOT, new_session, serving

HELD, MORE = 10, 60


def corpus(client: httpx.Client, name: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Call a function of the page's view of the corpus, as its script does."""
    components = client.get("/config").json()["components"]
    view = next(each["id"] for each in components if each["props"].get("elem_id") == "corpus")
    body = {"data": sent, "component_id": view, "fn_name": name, "session_hash": new_session()}
    reply = client.post("/gradio_api/component_server", json=body).raise_for_status().json()
    return dict(reply)


def begin(client: httpx.Client) -> str:
    """Upload papers and begin to add them; return the ticket."""
    papers = [
        {"title": f"Lantern {n} watches moss", "abstract": f"Lantern {n} grows moss on gradients. " * 6}
        for n in range(MORE)
    ]
    file = "".join(json.dumps(paper) + "\n" for paper in papers).encode()
    (path,) = client.post("/gradio_api/upload", files={"files": ("more.jsonl", file)}).raise_for_status().json()
    reply = corpus(client, "add_uploads", {"files": [{"name": "more.jsonl", "path": path}]})
    return str(reply["ticket"])


def count(client: httpx.Client) -> int:
    return int(client.get("/api/status").raise_for_status().json()["papers"])


def doctor(index: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ui.cli import main; main()", "doctor", "--index", str(index)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_server_that_is_killed_while_it_adds_leaves_an_index_that_is_whole(own_index: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(own_index, home) as served, served.client() as client:
        assert count(client) == HELD
        ticket = begin(client)
        while corpus(client, "progress", {"ticket": ticket})["stage"] in ("idle", "reading"):
            time.sleep(0.05)
        served.process.kill()
        served.process.wait()
    with serving(own_index, home) as served, served.client() as client:
        assert count(client) in (HELD, HELD + MORE)
        ticket = begin(client)
        while corpus(client, "progress", {"ticket": ticket})["stage"] not in ("done", "failed", "cancelled"):
            time.sleep(0.1)
        assert count(client) == HELD + MORE
        assert client.post("/api/search", json={"question": "Lantern moss"}).json()["matches"]
    assert "Traceback" not in served.printed()
    checked = doctor(own_index)
    assert checked.returncode == 0, checked.stdout + checked.stderr
