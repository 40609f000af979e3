"""`paperchat feedback` prints what readers thought, for programs and for spreadsheets."""

import csv
import io
import json
from contextlib import closing
from pathlib import Path

from tests.test_cli import run
from tests.test_conversations import MOSS, TIDE, answer_of
from ui.conversations import FILE, Conversations
from ui.feedback import Feedback, to_csv, to_jsonl

RATED = Feedback("2026-01-02T03:04:05+00:00", "0a1b2c3d", "down", "=1+1", "Why?", "So [1].", ("a", "b"), "w", 7)
BARE = Feedback("2026-01-02T03:04:05+00:00", "0a1b2c3d", "up", "", 'a "b",\nc', "", (), "none")


def test_json_lines_hold_a_record_each() -> None:
    lines = list(to_jsonl([RATED, BARE]))
    assert [line.count("\n") for line in lines] == [1, 1]
    assert [json.loads(line) for line in lines] == [RATED.to_dict(), BARE.to_dict()]
    assert json.loads(lines[0])["citations"] == ["a", "b"]


def test_a_table_has_a_header_and_no_formula() -> None:
    header, *rows = csv.reader(io.StringIO("".join(to_csv([RATED, BARE])), newline=""))
    assert header == ["time", "reader", "thumb", "reason", "question", "text", "citations", "writer", "generation"]
    assert rows == [
        [RATED.time, "0a1b2c3d", "down", "'=1+1", "Why?", "So [1].", "a; b", "w", "7"],
        [BARE.time, "0a1b2c3d", "up", "", 'a "b",\nc', "", "", "none", ""],
    ]


def test_the_command_prints_what_is_kept_while_a_server_keeps_more(tmp_path: Path) -> None:
    with closing(Conversations(tmp_path / FILE)) as kept:
        begun = kept.start("ada")
        kept.add("ada", begun.id, answer_of("What is TideNet?", TIDE, MOSS))
        kept.rate("ada", begun.id, 1, "up", "exact")
        done, table = run("feedback", home=tmp_path), run("feedback", "--format", "csv", home=tmp_path)
        [record] = kept.feedback()
    assert (done.returncode, json.loads(done.stdout)) == (0, record.to_dict())
    assert [row[4] for row in csv.reader(io.StringIO(table.stdout))] == ["question", "What is TideNet?"]


def test_the_command_makes_no_file_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    done = run("feedback", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Nobody has rated an answer: there is no {tmp_path / FILE}.\n"
    assert list(tmp_path.iterdir()) == []
    other = run("feedback", "--format", "xml", home=tmp_path)
    assert (other.returncode, other.stderr) == (1, "Error: Unknown format 'xml'. Known: jsonl, csv.\n")
    (tmp_path / FILE).write_bytes(b"no database " * 100)
    damaged = run("feedback", home=tmp_path)
    assert damaged.returncode == 1
    assert damaged.stderr.startswith(f"Error: {tmp_path / FILE} is damaged")
    assert damaged.stderr.count("\n") == 1
