"""The bench of many people: what its crowds see of a real server, and how its figures are summed up."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.load import direct, figures
from bench.load.drift import drift, slope
from bench.load.figures import Level, Met
from bench.load.footprint import Footprint
from bench.load.samples import BUSY, DONE, LEFT, Run, Sample, percentile
from bench.load.serving import ROOT, Serving
from bench.load.wishes import HANG_UP, LIST, SEARCH, SHARES, STREAMED, WHOLE, wishes
from index import Paper, update
from index.errors import ModelError
from index.vectors import SentenceEncoder
from rag import Engine
from tests.conftest import HashingEncoder, ScriptedWriter
from tests.test_api_live import running

PATIENCE_S = 120


def test_twenty_wishes_of_a_person_are_of_all_kinds_in_their_shares_and_always_the_same() -> None:
    first = [wish for wish, _ in zip(wishes(3), range(20), strict=False)]
    assert Counter(wish.kind for wish in first) == SHARES
    assert first == [wish for wish, _ in zip(wishes(3), range(20), strict=False)]
    assert first[0].text != next(wishes(4)).text


def test_a_crowd_gets_whole_answers_and_leaves_no_place_taken(
    index_folder: Path, encoder: HashingEncoder, writer: ScriptedWriter
) -> None:
    with running(index_folder, encoder, writer) as server:
        serving = Serving(server.url, os.getpid())
        run = serving.crowd(4, PATIENCE_S, 80).run()
        assert serving.idle_s() is not None
        assert serving.requests() == 80
    assert {(sample.kind, sample.outcome) for sample in run.samples} == {
        *((kind, DONE) for kind in (STREAMED, WHOLE, SEARCH, LIST)),
        (HANG_UP, LEFT),
    }
    assert len(run.samples) == 80 and run.seconds < PATIENCE_S
    for sample in run.samples:
        assert (sample.first_s is not None) == (sample.kind in (STREAMED, HANG_UP))
        assert 0 < (sample.first_s or 0.001) <= sample.whole_s
    assert "gevent" not in sys.modules and "locust" not in sys.modules


def test_who_is_refused_is_told_when_to_come_back_and_that_is_no_error(
    index_folder: Path, encoder: HashingEncoder, writer: ScriptedWriter
) -> None:
    with running(index_folder, encoder, writer, answers_at_once=1, answers_waiting=0) as server:
        with server.app.state.admission.enter():
            run = Serving(server.url, os.getpid()).crowd(3, 2.0).run()
    asked = [sample for sample in run.samples if sample.kind in (STREAMED, WHOLE, HANG_UP)]
    assert asked and {sample.outcome for sample in asked} == {BUSY}
    assert Met.of(run).errors == {} and Met.of(run).answers == 0


def test_what_goes_wrong_is_named(index_folder: Path, encoder: HashingEncoder, writer: ScriptedWriter) -> None:
    with running(index_folder, encoder, writer, question_chars=100) as server:
        run = Serving(server.url, os.getpid()).crowd(4, PATIENCE_S, 80).run()
    met = Met.of(run)
    assert met.errors and all(name.startswith("status 400") for name in met.errors)
    assert len(run.samples) == 80 and met.answers


def test_growth_is_told_of_the_server(index_folder: Path, encoder: HashingEncoder, writer: ScriptedWriter) -> None:
    with running(index_folder, encoder, writer) as server:
        grown = drift(Serving(server.url, os.getpid()), 2, 60, PATIENCE_S)
    assert grown.outcomes[DONE] + grown.outcomes[LEFT] == grown.requests == 60
    assert grown.moments[0].requests == 0
    assert "60 requests in " in str(grown)


def test_a_straight_line_is_found_in_the_second_half() -> None:
    flat_later = [(0, 100.0), (100, 180.0), (500, 200.0), (600, 200.0), (800, 200.0), (1000, 200.0)]
    assert slope(flat_later) == (0.0, 0.0)
    rising = [(at, 100 + at / 1000) for at in range(0, 1001, 100)]  # one MiB a thousand
    assert slope(rising)[0] == pytest.approx(1024)
    assert slope([(0, 100.0), (10, 200.0)]) == (0.0, float("inf"))


def test_threads_that_call_the_engine_wish_the_same(engine: Engine) -> None:
    run = direct.run(engine, 4, PATIENCE_S, 80)
    assert {(sample.kind, sample.outcome) for sample in run.samples} == {
        *((kind, DONE) for kind in (STREAMED, WHOLE, SEARCH, LIST)),
        (HANG_UP, LEFT),
    }
    assert len(run.samples) == 80 and Run.read(run.written()) == run


def test_percentiles_are_values_that_came() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([float(each) for each in range(1, 101)], 0.95) == 95.0
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([], 0.5) is None


def test_figures_are_of_answers_that_came_in_time_and_errors_stand_apart() -> None:
    samples = (
        Sample(STREAMED, 0.0, 1.0, 0.2, DONE),
        Sample(WHOLE, 1.0, 2.0, None, DONE),
        Sample(WHOLE, 3.0, 2.0, None, DONE),  # begun in time, there after it
        Sample(SEARCH, 3.0, 0.5, None, DONE),
        Sample(HANG_UP, 3.0, 0.1, 0.1, LEFT),
        Sample(STREAMED, 3.0, 0.1, None, BUSY),
        Sample(LIST, 3.0, 0.1, None, "status 500"),
    )
    met = Met.of(Run(2, 4.0, 2.5, samples))
    assert (met.answers_per_s, met.answers, met.requests) == (0.5, 3, 7)
    assert (met.first_p95_s, met.answer_p50_s, met.answer_p95_s, met.search_p95_s) == (0.2, 2.0, 2.0, 0.5)
    assert (met.busy, met.left, met.errors, met.list_p95_s) == (1, 1, {"status 500": 1}, None)
    assert met.crowd_cpu == 0.5
    row = figures.table([Level(met, met, 1.5, 0.0)]).splitlines()[-1]
    assert row.startswith("| 2 | 0.50 | 0.50 | 1.00 | 0.20 ") and "1 × status 500" in row


def test_a_footprint_is_read_of_this_process() -> None:
    now = Footprint.of(os.getpid())
    assert 0 < now.anon_mib <= now.rss_mib and 0 < now.pss_mib <= now.rss_mib
    assert now.threads >= 1 and now.files >= 3 and now.cpu_s > 0


@pytest.mark.model
def test_the_bench_measures_a_real_server(papers: list[Paper], tmp_path: Path) -> None:
    try:
        encoder = SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True)
    except ModelError as error:
        pytest.skip(str(error))
    update(tmp_path / "index", papers, encoder)
    arguments = ["--index", str(tmp_path / "index"), "--model", "none", "--users", "2", "--seconds", "2"]
    command = [sys.executable, "-m", "bench.load", *arguments, "--out", str(tmp_path / "out.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "model none, 10 papers" in done.stdout and "| 2 | " in done.stdout
    [level] = json.loads((tmp_path / "out.json").read_text())["none"]["levels"]
    assert level["service"]["answers"] and level["direct"]["answers"] and level["idle_s"] is not None
    assert level["service"]["errors"] == level["direct"]["errors"] == {}
