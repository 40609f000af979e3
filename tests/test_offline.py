"""With everything present nothing is connected to: index, open, ask, with the real small models."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from index import models
from index.paperfile import papers_text
from index.papers import Paper

ROOT = Path(__file__).parents[1]
NEEDED = ("all-MiniLM-L6-v2", "smollm2-135m-instruct")
MISSING = [name for name in NEEDED if models.find(name) is None]

WATCHED = """
import socket, sys
tried = []
def watch(name):
    real = getattr(socket.socket, name)
    def connect(self, address):
        if self.family != socket.AF_UNIX:
            tried.append(address[0])
        return real(self, address)
    setattr(socket.socket, name, connect)
watch("connect"); watch("connect_ex")
look_up = socket.getaddrinfo
def getaddrinfo(host, *rest, **options):
    tried.append(host)
    return look_up(host, *rest, **options)
socket.getaddrinfo = getaddrinfo

from index import update
from index.sources import read
from index.vectors import SentenceEncoder
from pathlib import Path
from rag import Engine
update(Path(sys.argv[2]), read([sys.argv[1]]).papers, SentenceEncoder.from_name("all-MiniLM-L6-v2"))
with Engine.open(sys.argv[2], model="smollm2-135m-instruct") as engine:
    answer = engine.ask("Which model runs on a watch?")
    assert engine.status().writer_state == "ready", engine.status()
    assert answer.matches[0].paper.title.startswith("Pebble"), answer
print({host for host in tried if host not in ("127.0.0.1", "localhost")})
"""


@pytest.mark.model
@pytest.mark.skipif(bool(MISSING), reason=f"no weights: paperchat models pull {' '.join(MISSING)}")
def test_with_everything_present_only_this_machine_is_spoken_to(tmp_path: Path, papers: list[Paper]) -> None:
    (tmp_path / "ten.jsonl").write_text(papers_text(papers), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if name not in ("PAPERCHAT_OFFLINE", "HF_HUB_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "ten.jsonl"), str(tmp_path / "index")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "set()"
