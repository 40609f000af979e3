"""An index that the server may read and not write."""

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.attack.outside import serving
from tests.attack.test_killed import begin, corpus

SETPRIV = shutil.which("setpriv")
NOBODY = 65534


@pytest.mark.skipif(os.geteuid() == 0 and SETPRIV is None, reason="root writes everywhere, and setpriv is missing")
def test_index_that_cannot_be_written_answers_and_says_why_it_takes_no_upload(own_index: Path, tmp_path: Path) -> None:
    as_others: list[str] = []
    if (
        os.geteuid() == 0 and SETPRIV
    ):  # without capabilities root is a user like others, and this folder somebody else's
        as_others = [SETPRIV, "--bounding-set=-all", "--inh-caps=-all", "--"]
    for path in (own_index, *own_index.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
        if as_others:
            os.chown(path, NOBODY, NOBODY)
    before = seen(own_index)
    with serving(own_index, tmp_path / "home", before=as_others) as served, served.client() as client:
        answer = client.post("/api/ask", json={"question": "What makes pretraining faster?"}).raise_for_status().json()
        assert answer["matches"]
        assert client.get("/api/papers", params={"request": "pretraining"}).raise_for_status().json()["matches"]
        ticket = begin(client)
        while (told := corpus(client, "progress", {"ticket": ticket}))["stage"] in (
            "idle",
            "reading",
            "embedding",
        ):
            time.sleep(0.1)
        assert told["stage"] == "failed" and "writ" in told["report"]
        assert client.post("/api/search", json={"question": "pretraining"}).json()["matches"]
    assert "Traceback" not in served.printed()
    assert seen(own_index) == before
    for path in (own_index, *own_index.rglob("*")):
        path.chmod(0o755)


def seen(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}
