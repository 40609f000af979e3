import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from index.errors import SourceError
from index.sources.live import connection
from index.sources.live.address import check_redirect, look_up
from index.sources.live.service import SERVICES
from index.sources.live.turn import turn
from tests.live.conftest import Harvest
from tests.live.services import BOMB, Arxiv, Bad, Days, entries, serving

SOURCE = "arxiv:abs:tides"
ASK = """
import sys
from dataclasses import replace
from index.sources.live import records
from index.sources.live.service import SERVICES
url, pause = sys.argv[1], float(sys.argv[2])
SERVICES["arxiv"] = replace(SERVICES["arxiv"], base_url=url, page=10, pause_s=pause)
for paper in records("arxiv:abs:tides"):
    print(paper.id, flush=True)
"""


def process(days: Days, pause_s: float = 0.0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ASK, days.url, str(pause_s)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_it_says_who_asks_and_takes_packed_answers(arxiv: Days) -> None:
    Harvest(SOURCE).all()
    headers = arxiv.asked[0].headers
    assert headers["user-agent"] == f"paperchat/{version('paperchat')}"
    assert "gzip" in headers["accept-encoding"]


def test_a_pause_that_the_service_asks_for_is_kept(arxiv: Days) -> None:
    arxiv.bad = [None, Bad(429, (("Retry-After", "120"),), b"Rate exceeded.")]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 45
    assert max(harvest.waits) == 120
    assert any("HTTP 429; asked again in 120 s" in each for each in harvest.told)


def test_a_pause_may_be_given_as_a_date(arxiv: Days) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    arxiv.bad = [Bad(503, (("Retry-After", then),), b"")]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 45
    assert 60 < max(harvest.waits) <= 90


def test_a_service_that_wants_hours_is_not_waited_for(arxiv: Days) -> None:
    arxiv.bad = [None, None, Bad(429, (("Retry-After", "7200"),), b"")]
    harvest = Harvest(SOURCE)
    with pytest.raises(SourceError, match=re.escape("be left alone for 7,200 seconds (2 pages that it gave are kept")):
        harvest.all()
    assert len(harvest.papers) == 20
    assert harvest.waits == []


@pytest.mark.parametrize(
    "bad",
    [
        Bad(500, body=b"<html>Internal Server Error</html>"),
        Bad(503, body=b""),
        Bad(cut=True),
        Bad(change=lambda body: body[: len(body) // 2]),
        Bad(body=b"<!DOCTYPE html><html><body>We are busy</body></html>", headers=(("Content-Type", "text/html"),)),
        Bad(body=b"Rate exceeded."),
        Bad(body=b""),
        Bad(body=b'<?xml version="1.0"?><rss version="2.0"/>'),
        Bad(headers=(("Content-Encoding", "br"),), body=b"not packed"),
    ],
    ids=["500", "503", "cut", "half a page", "web page", "plain text", "empty", "RSS", "badly packed"],
)
def test_a_bad_answer_is_asked_for_again(arxiv: Days, bad: Bad) -> None:
    arxiv.bad = [None, bad, bad]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 45
    assert harvest.left_out == []
    assert [each["start"] for each in arxiv.params()] == ["0", "10", "10", "10", "20", "30", "40"]
    assert len(harvest.waits) == 2


def test_waits_grow_at_random_up_to_a_minute(arxiv: Days) -> None:
    arxiv.bad = [Bad(500, body=b"")] * 6
    harvest = Harvest(SOURCE)
    with pytest.raises(
        SourceError, match=r"arXiv gave no usable answer in 6 tries: HTTP 500. Run the same command again"
    ):
        harvest.all()
    assert [wait <= 3 * 2**at for at, wait in enumerate(harvest.waits)] == [True] * 5
    assert len(set(harvest.waits)) == 5


def test_a_silent_service_is_given_up_and_asked_again(arxiv: Days, put: Callable[..., None]) -> None:
    put("arxiv", arxiv, silence_s=0.2)
    over = threading.Event()
    arxiv.bad = [Bad(silent=over)]
    assert len(Harvest(SOURCE).all().papers) == 45
    over.set()


def test_an_answer_that_drips_is_given_up_and_asked_again(arxiv: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ANSWER_S", 0.1)
    arxiv.bad = [Bad(drips=True)]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 45
    assert any("the answer was not whole after" in each for each in harvest.told)


def test_an_answer_without_end_is_not_read_to_its_end(arxiv: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_BODY_BYTES", 1024**2)
    arxiv.bad = [Bad(endless=True)]
    with pytest.raises(SourceError, match="arXiv sent more than 1 MiB for one page"):
        Harvest(SOURCE).all()


def test_xml_that_would_grow_is_not_read(arxiv: Days) -> None:
    arxiv.bad = [Bad(body=BOMB)]
    with pytest.raises(SourceError, match="declares a document type or entities"):
        Harvest(SOURCE).all()


def test_a_question_that_is_refused_is_asked_once(arxiv: Days) -> None:
    arxiv.bad = [Bad(403, body=b"Forbidden")]
    with pytest.raises(SourceError, match=r"arXiv refuses the question with HTTP 403. Change it"):
        Harvest(SOURCE).all()
    assert len(arxiv.asked) == 1


def test_a_redirect_on_the_same_host_is_followed(arxiv: Days) -> None:
    arxiv.bad = [Bad(301, (("Location", "/api/query?search_query=abs:tides&start=0&max_results=10"),), b"")]
    assert len(Harvest(SOURCE).all().papers) == 45


def test_redirects_to_private_places_are_not_followed(arxiv: Days) -> None:
    with serving(Days(Arxiv(entries(1)), "text/xml")) as other:
        arxiv.bad = [Bad(302, (("Location", other.url),), b"")]
        with pytest.raises(SourceError, match=r"arXiv sends us on to 127\.0\.0\.1, which is not https: not followed"):
            Harvest(SOURCE).all()
        assert other.asked == []


@pytest.mark.parametrize(
    ("there", "fault"),
    [
        ("https://export.arxiv.org/other", ""),
        ("http://export.arxiv.org/api", "which is not https"),
        ("https://127.0.0.1/api", "which is a private address"),
        ("https://169.254.169.254/latest/meta-data", "which is a private address"),
        ("https://10.1.2.3/", "which is a private address"),
        ("https://[::1]/", "which is a private address"),
        ("https://[::ffff:127.0.0.1]/", "which is a private address"),
        ("https://localhost/", "which is a private address"),
        ("https://nowhere.invalid/", "which is not known"),
        ("https://8.8.8.8/", ""),
        ("file:///etc/passwd", "which is not https"),
    ],
)
def test_where_a_redirect_may_lead(there: str, fault: str) -> None:
    assert check_redirect(httpx.URL("https://export.arxiv.org/api"), httpx.URL(there)) == fault


@pytest.mark.parametrize(
    ("there", "fault"),
    [
        ("https://nowhere.invalid/", ""),
        ("https://localhost/", "which is a private address"),
        ("https://10.1.2.3/", "which is a private address"),
    ],
)
def test_a_proxy_looks_names_up_itself(monkeypatch: pytest.MonkeyPatch, there: str, fault: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    assert check_redirect(httpx.URL("https://export.arxiv.org/api"), httpx.URL(there)) == fault
    assert look_up("https://nowhere.invalid/", 1.0) == ""


def test_a_circle_of_redirects_ends(arxiv: Days) -> None:
    arxiv.bad = [Bad(302, (("Location", "/api/query"),), b"")] * 9
    with pytest.raises(SourceError, match="sends us on more than 5 times"):
        Harvest(SOURCE).all()


def test_a_service_on_the_web_is_not_asked_without_https(put: Callable[..., None], arxiv: Days) -> None:
    arxiv.url = "http://export.arxiv.org/api/query"
    put("arxiv", arxiv)
    with pytest.raises(SourceError, match="may not be asked"):
        Harvest(SOURCE).all()


def test_a_network_that_is_not_there_is_said_at_once(arxiv: Days, put: Callable[..., None]) -> None:
    arxiv.url = "http://127.0.0.1:9/api/query"
    put("arxiv", arxiv)
    harvest = Harvest(SOURCE)
    with pytest.raises(SourceError, match=r"arXiv cannot be reached: .*refused.* Check the connection") as error:
        harvest.all()
    assert "\n" not in str(error.value)
    assert len(harvest.waits) == 1


def test_a_name_that_is_not_found_is_said(put: Callable[..., None], arxiv: Days) -> None:
    arxiv.url = "https://arxiv.invalid/api/query"
    put("arxiv", arxiv)
    with pytest.raises(SourceError, match=r"arXiv cannot be reached: arxiv.invalid is not found"):
        Harvest(SOURCE).all()


def test_a_network_that_goes_away_is_waited_for_and_what_was_had_is_named(
    arxiv: Days, put: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    harvest = Harvest(SOURCE)
    for _ in range(20):
        next(harvest.records)

    def refuse(self: httpx.Client, *args: object, **options: object) -> None:
        raise httpx.ConnectError("Network is unreachable")

    monkeypatch.setattr(httpx.Client, "stream", refuse)
    with pytest.raises(SourceError, match=r"in 6 tries: Network is unreachable \(2 pages that it gave are kept"):
        harvest.all()
    assert len(harvest.waits) == 5


def test_pages_that_are_kept_are_not_asked_for_again(arxiv: Days) -> None:
    first = Harvest(SOURCE).all()
    asked = len(arxiv.asked)
    assert Harvest(SOURCE).all().papers == first.papers
    assert len(arxiv.asked) == asked


def test_old_pages_are_asked_for_again(arxiv: Days, cache: Path, put: Callable[..., None]) -> None:
    Harvest(SOURCE).all()
    put("arxiv", arxiv, fresh_s=-1.0)
    Harvest(SOURCE).all()
    assert len(arxiv.asked) == 10


def test_pages_of_long_ago_are_deleted(arxiv: Days, cache: Path) -> None:
    Harvest(SOURCE).all()
    old, half, *others = sorted(cache.rglob("*.gz"))
    half = half.rename(half.with_name(f".{half.name}.123"))
    for path in (old, half):
        os.utime(path, (0, 0))
    Harvest("arxiv:abs:owls").all()
    assert not old.exists() and not half.exists()
    assert all(path.exists() for path in others)


def test_damaged_pages_are_asked_for_again(arxiv: Days, cache: Path) -> None:
    Harvest(SOURCE).all()
    pages = sorted(cache.rglob("*.gz"))
    assert len(pages) == 5
    pages[0].write_bytes(b"")
    pages[1].write_bytes(pages[1].read_bytes()[:-20])
    whole = bytearray(pages[2].read_bytes())
    whole[len(whole) // 2] ^= 255
    pages[2].write_bytes(whole)
    assert len(Harvest(SOURCE).all().papers) == 45
    assert len(arxiv.asked) == 8
    Harvest(SOURCE).all()
    assert len(arxiv.asked) == 8


def test_a_harvest_that_is_killed_goes_on_with_the_page_that_is_missing(arxiv: Days) -> None:
    blocked = threading.Event()
    arxiv.bad = [None, None, None, Bad(silent=blocked)]
    with process(arxiv) as harvest:
        assert harvest.stdout
        for _ in range(30):
            harvest.stdout.readline()
        while len(arxiv.asked) < 4:  # it waits for the fourth page
            time.sleep(0.01)
        harvest.kill()
    blocked.set()
    assert len(Harvest(SOURCE).all().papers) == 45
    assert [each["start"] for each in arxiv.params()] == ["0", "10", "20", "30", "30", "40"]


def test_several_processes_ask_one_at_a_time_and_share_what_they_get(arxiv: Days) -> None:
    running = [process(arxiv, pause_s=0.01) for _ in range(3)]
    counts = []
    for each in running:
        with each:
            assert each.stdout
            counts.append(len(each.stdout.readlines()))
    assert counts == [45, 45, 45]
    assert (arxiv.most_at_once, len(arxiv.asked)) == (1, 5)


def test_whoever_asks_next_keeps_the_pause(tmp_path: Path) -> None:
    waits: list[float] = []
    for _ in range(2):
        with turn(tmp_path, 3.0, 300.0, waits.append, lambda: None) as mine:
            pass
    assert [2.5 < wait <= 3.0 for wait in waits] == [True]
    with turn(tmp_path, 3.0, 300.0, waits.append, lambda: None) as mine:
        mine.hold_off(200)
    with turn(tmp_path, 3.0, 300.0, waits.append, lambda: None):
        pass
    assert 199 < waits[-1] <= 200


@pytest.mark.parametrize("stamp", ["", "soon", "9e18", "nan"])
def test_a_stamp_that_makes_no_sense_holds_nobody_up(tmp_path: Path, stamp: str) -> None:
    (tmp_path / "turn.next").write_text(stamp)
    waits: list[float] = []
    with turn(tmp_path, 3.0, 300.0, waits.append, lambda: None):
        pass
    assert waits in ([], [300.0])


def test_offline_only_pages_that_are_kept_are_given(arxiv: Days, put: Callable[..., None]) -> None:
    Harvest(SOURCE).all()
    put("arxiv", arxiv, fresh_s=-1.0)
    assert len(Harvest(SOURCE, offline=True).all().papers) == 45
    with pytest.raises(SourceError, match="paperchat is offline, and what arXiv should be asked for was not kept"):
        Harvest("arxiv:abs:owls", offline=True).all()
    assert len(arxiv.asked) == 5


def test_the_environment_can_forbid_connections(arxiv: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_OFFLINE", "1")
    with pytest.raises(SourceError, match="paperchat is offline"):
        Harvest(SOURCE).all()
    assert arxiv.asked == []


def test_a_cache_that_cannot_be_written_is_said(arxiv: Days, cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(SourceError, match=r"Cannot write to .*cache.*Make room, or set PAPERCHAT_CACHE"):
        Harvest(SOURCE).all()


def test_a_key_goes_to_its_own_service_only(
    arxiv: Days, monkeypatch: pytest.MonkeyPatch, put: Callable[..., None]
) -> None:
    monkeypatch.setenv("S2_API_KEY", "secret")
    put("arxiv", arxiv, key="S2_API_KEY", key_header="x-api-key")
    Harvest(SOURCE).all()
    assert arxiv.asked[0].headers["x-api-key"] == "secret"
    link = connection.Connection(replace(SERVICES["s2"], base_url="https://api.example.org/"))
    assert link._key(httpx.URL("https://other.example.org/")) == {}
    assert link._key(httpx.URL("https://api.example.org/x")) == {"x-api-key": "secret"}
