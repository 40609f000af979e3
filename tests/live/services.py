"""A service on 127.0.0.1 that has good and bad days, and arXiv's API as such a service."""

import gzip
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY a "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&c;</title></feed>"""


@dataclass(frozen=True)
class Bad:
    """A bad answer: what happens in place of, or with, the good one."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    change: Callable[[bytes], bytes] | None = None
    cut: bool = False
    endless: bool = False
    drips: bool = False
    silent: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    """What was asked for."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


class Days:
    """A service: `answer` makes a body of path and parameters; the next answers may be bad ones.

    Attributes:
        url: Where it is.
        bad: The next answers; None is a good one, and when there are no more, all are.
        asked: Every request so far.
    """

    def __init__(self, answer: Callable[[str, Mapping[str, str]], bytes], kind: str) -> None:
        self.answer = answer
        self.kind = kind
        self.bad: list[Bad | None] = []
        self.asked: list[Asked] = []
        self.at_once = self.most_at_once = 0
        self.guard = threading.Lock()
        self.url = ""

    def params(self) -> list[dict[str, str]]:
        return [each.params for each in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    days: Days

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query))
        days = self.days
        with days.guard:
            days.asked.append(Asked(parts.path, params, {k.lower(): v for k, v in self.headers.items()}))
            bad = days.bad.pop(0) if days.bad else None
            days.at_once += 1
            days.most_at_once = max(days.most_at_once, days.at_once)
        try:
            if bad and bad.silent:
                bad.silent.wait(60)
            self._send(bad or Bad(), days.answer(parts.path, params) if bad is None or bad.body is None else bad.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with days.guard:
                days.at_once -= 1

    def _send(self, bad: Bad, body: bytes) -> None:
        body = bad.change(body) if bad.change else body
        self.send_response(bad.status)
        self.send_header("Content-Type", self.days.kind)
        for name, value in bad.headers:
            self.send_header(name, value)
        if bad.endless or bad.drips:
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            while True:
                self.wfile.write(b" " * (1 if bad.drips else 65536))
                time.sleep(0.01 if bad.drips else 0)
        if "gzip" in self.headers.get("Accept-Encoding", "") and bad.status == 200 and not bad.cut:
            body = gzip.compress(body, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if bad.cut else body)
        self.close_connection = self.close_connection or bad.cut

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(days: Days) -> Iterator[Days]:
    """Serve on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"days": days}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    days.url = f"http://127.0.0.1:{server.server_address[1]}/api/query"
    try:
        yield days
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Entry:
    """A paper as arXiv has it."""

    id: str
    title: str
    abstract: str
    published: str
    version: int = 1
    updated: str = ""
    categories: tuple[str, ...] = ("cs.LG",)

    def xml(self) -> str:
        terms = "".join(f'<category term="{each}" scheme="http://arxiv.org/schemas/atom"/>' for each in self.categories)
        updated = self.updated or self.published
        return (
            f"  <entry>\n    <id>http://arxiv.org/abs/{self.id}v{self.version}</id>\n"
            f"    <updated>{updated}</updated>\n    <published>{self.published}</published>\n"
            f"    <title>{escape(self.title)}</title>\n    <summary>  {escape(self.abstract)}\n</summary>\n"
            "    <author>\n      <name>Ada Lovelace</name>\n"
            '      <arxiv:affiliation xmlns:arxiv="http://arxiv.org/schemas/atom">Tidal Lab</arxiv:affiliation>\n'
            "    </author>\n    <author><name>Marie Sk\u0142odowska-Curie</name></author>\n"
            '    <arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">9 pages</arxiv:comment>\n'
            f'    <link href="http://arxiv.org/abs/{self.id}v{self.version}" rel="alternate" type="text/html"/>\n'
            '    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="cs.LG"/>\n'
            f"    {terms}\n  </entry>\n"
        )


def entries(count: int, year: int = 2024) -> list[Entry]:
    """Return papers, newest first, one an hour backwards from the end of a year."""
    days = [f"{year}-{12 - at // 672:02}-{28 - at % 672 // 24:02}T{23 - at % 24:02}:15:00Z" for at in range(count)]
    return [
        Entry(f"{day[2:4]}{day[5:7]}.{at:05}", f"Tide {at} & its Buoy", f"Paper {at} forecasts tides by buoys.", day)
        for at, day in enumerate(days)
    ]


class Arxiv:
    """arXiv's API over some papers, as far as it is asked here: ids, dates, order by date, start and max_results."""

    def __init__(self, papers: list[Entry]) -> None:
        self.papers = papers

    def __call__(self, path: str, params: Mapping[str, str]) -> bytes:
        revised = params.get("sortBy") == "lastUpdatedDate"
        found = sorted(self.papers, key=lambda each: (revised and each.updated) or each.published, reverse=True)
        if listed := params.get("id_list"):
            ids = [each.partition("v")[0] for each in listed.split(",")]
            found = [each for each in found if each.id in ids]
        if dates := re.search(r"submittedDate:\[(\d{12}) TO (\d{12})\]", params.get("search_query", "")):
            found = [each for each in found if dates[1] <= re.sub(r"\D", "", each.published)[:12] <= dates[2]]
        start, most = int(params["start"]), int(params["max_results"])
        return feed(found[start : start + most], len(found), start)


def feed(papers: list[Entry], total: int, start: int = 0) -> bytes:
    """Return a page as arXiv writes it."""
    search = 'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        '  <link href="http://arxiv.org/api/query?search_query%3D" rel="self" type="application/atom+xml"/>\n'
        '  <title type="html">ArXiv Query: search_query=&amp;id_list=</title>\n'
        "  <id>http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8</id>\n  <updated>2024-12-31T00:00:00-05:00</updated>\n"
        f"  <opensearch:totalResults {search}>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex {search}>{start}</opensearch:startIndex>\n"
        f"  <opensearch:itemsPerPage {search}>{len(papers)}</opensearch:itemsPerPage>\n"
        + "".join(each.xml() for each in papers)
        + "</feed>\n"
    ).encode()


def error_feed(summary: str) -> bytes:
    """Return how arXiv says that it cannot answer."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>ArXiv Query</title>'
        '<opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">1</opensearch:totalResults>'
        f"<entry><id>http://arxiv.org/api/errors#incorrect_id_format_for_x</id><title>Error</title>"
        f"<summary>{summary}</summary><author><name>arXiv api core</name></author></entry></feed>"
    ).encode()
