from collections.abc import Callable, Iterator, Mapping
from html import escape

import pytest

from index.errors import SourceError
from index.sources import Selection
from tests.live.conftest import Harvest
from tests.live.services import Bad, Days, serving

NAMESPACE = 'xmlns="http://www.openarchives.org/OAI/2.0/"'


def listing(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH {NAMESPACE}>{inside}</OAI-PMH>\n'.encode()


def record(number: int) -> str:
    return (
        f"<record><header><identifier>oai:arXiv.org:0704.{number:04}</identifier><datestamp>2024-05-01</datestamp>"
        "<setSpec>physics:hep-ph</setSpec></header><metadata>"
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>0704.{number:04}</id><submitter>P. N.</submitter>'
        '<version version="v1"><date>Mon, 02 Apr 2007 19:18:42 GMT</date><size>245kb</size></version>'
        '<version version="v2"><date>Tue, 24 Jul 2007 20:10:27 GMT</date><size>246kb</size></version>'
        f"<title>Diphotons {number} &amp; their\n  Rates</title><authors>C. Bal\\'azs, E. L. Berger and C.-P. Yuan"
        "</authors><categories>hep-ph hep-ex</categories><comments>37 pages</comments><doi>10.1103/PhysRevD.76</doi>"
        f"<abstract>  We compute diphotons {number}.\n</abstract></arXivRaw></metadata></record>"
    )


class Oai:
    """arXiv's OAI-PMH over some records, three at a time; a token is worth nothing when it has expired."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.expired = 0

    def __call__(self, path: str, params: Mapping[str, str]) -> bytes:
        day, _, start = params.get("resumptionToken", f"{self.expired}|0").partition("|")
        if int(day) < self.expired:
            return listing('<error code="badResumptionToken">expired</error>')
        if params.get("from", "") > "2026":
            return listing('<error code="noRecordsMatch"/>')
        if params.get("set") == "nowhere:nowhere:X":
            return listing('<error code="badArgument">Set does not exist</error>')
        end = min(int(start) + 3, self.count)
        deleted = '<record><header status="deleted"><identifier>oai:arXiv.org:0001</identifier></header></record>'
        token = f"<resumptionToken>{self.expired}|{end}</resumptionToken>" if end < self.count else "<resumptionToken/>"
        inside = deleted + "".join(map(record, range(int(start), end))) + token
        return listing(f"<request>{escape(str(params))}</request><ListRecords>{inside}</ListRecords>")


@pytest.fixture
def oai(put: Callable[..., None]) -> Iterator[Days]:
    with serving(Days(Oai(10), "text/xml")) as days:
        put("oai", days)
        yield days


def test_a_set_is_harvested_part_by_part(oai: Days) -> None:
    harvest = Harvest("oai:hep-ph").all()
    assert [paper.id for paper in harvest.papers] == [f"arxiv:0704.{number:04}" for number in range(10)]
    assert harvest.left_out == []
    assert oai.params() == [
        {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "physics:hep-ph"},
        *({"verb": "ListRecords", "resumptionToken": f"0|{at}"} for at in (3, 6, 9)),
    ]


def test_a_record_becomes_a_paper_with_the_day_of_its_first_version(oai: Days) -> None:
    paper = Harvest("oai:hep-ph").all().papers[0]
    assert (paper.title, paper.abstract) == ("Diphotons 0 & their Rates", "We compute diphotons 0.")
    assert paper.authors == ("C. Balázs", "E. L. Berger", "C.-P. Yuan")
    assert (paper.published, paper.version, paper.updated) == ("2007-04-02", 2, "2007-07-24")
    assert (paper.topics, paper.sources) == (("hep-ph", "hep-ex"), ("oai:hep-ph",))


@pytest.mark.parametrize(
    ("asked", "spec"),
    [
        ("cs.LG", "cs:cs:LG"),
        ("cs", "cs"),
        ("astro-ph.CO", "physics:astro-ph:CO"),
        ("hep-th", "physics:hep-th"),
        ("physics", "physics"),
        ("physics.optics", "physics:physics:optics"),
        ("q-bio.NC", "q-bio:q-bio:NC"),
        ("cs:cs:AI", "cs:cs:AI"),
        ("all", None),
    ],
)
def test_sets_are_written_as_arxiv_writes_them(oai: Days, asked: str, spec: str | None) -> None:
    Harvest(f"oai:{asked}").all()
    assert oai.params()[0].get("set") == spec


def test_only_what_changed_since_a_day_is_asked_for(oai: Days) -> None:
    Harvest("oai:cs", Selection(since="2024-06")).all()
    Harvest("oai:cs", Selection(since="1995", until="2001")).all()
    Harvest("oai:cs", Selection(since="2024"), changed_since="2025-03-01").all()
    firsts = [each for each in oai.params() if "resumptionToken" not in each]
    assert [each.get("from") for each in firsts] == ["2024-06-01", None, "2025-03-01"]
    assert Harvest("oai:cs", Selection(since="2027")).all().left_out == []


def test_a_place_in_the_list_that_is_no_longer_known_is_found_again(oai: Days) -> None:
    harvest = Harvest("oai:cs")
    for _ in range(6):
        next(harvest.records)
    assert isinstance(oai.answer, Oai)
    oai.answer.expired = 1  # a day passes
    again = Harvest("oai:cs").all()
    assert {paper.id for paper in again.papers} == {f"arxiv:0704.{number:04}" for number in range(10)}
    assert [each.get("resumptionToken") for each in oai.params()] == [None, "0|3", "0|6", None, "1|3", "1|6", "1|9"]


def test_a_damaged_record_is_left_out_and_the_list_goes_on(oai: Days) -> None:
    oai.bad = [None, Bad(change=lambda body: body.replace(b"diphotons 4.", b"diphotons <4."))]
    harvest = Harvest("oai:cs").all()
    assert len(harvest.papers) == 9
    assert [each.reason.partition(": no XML")[0] for each in harvest.left_out] == ["record 2 of part 2"]


@pytest.mark.parametrize("bad", [Bad(cut=True), Bad(503, (("Retry-After", "20"),), b""), Bad(body=b"<html>")])
def test_a_bad_answer_is_asked_for_again(oai: Days, bad: Bad) -> None:
    oai.bad = [None, bad]
    assert len(Harvest("oai:cs").all().papers) == 10


def test_a_set_that_does_not_exist_is_said(oai: Days) -> None:
    with pytest.raises(SourceError, match="badArgument, Set does not exist"):
        Harvest("oai:nowhere:nowhere:X").all()
    with pytest.raises(SourceError, match="'abs: tides' is no set of arXiv"):
        Harvest("oai:abs: tides").all()
