"""What a language model is shown of the papers that were found."""

import pytest

from index.papers import Paper
from rag.evidence import Source, fit, gather
from rag.judges import Reader
from rag.retrieve import Ranked


@pytest.fixture
def sources(papers: list[Paper]) -> list[Source]:
    wanted = [paper for name in ("Compost", "Lantern", "Orchard") for paper in papers if paper.title.startswith(name)]
    ranked = [Ranked(paper, score) for paper, score in zip(wanted, (0.9, 0.75, 0.6), strict=True)]
    return gather(Reader.load(), "training time", ranked)


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("How much time does training take?", ["Compost"]),  # .75 is less than .92 x .9
        ("Compost vs Lantern: training time?", ["Compost", "Lantern"]),  # .75 is more than .8 x .9, .6 is less
        ("Which papers take less training time?", ["Compost", "Lantern"]),
    ],
)
def test_papers_nearly_as_good_are_shown_beside_the_best(
    sources: list[Source], question: str, titles: list[str]
) -> None:
    shown = fit(sources, question, 1000, words)
    assert [source.paper.title.split(":")[0] for source in shown] == titles
    assert [len(source.shown) for source in shown] == [3, 2][: len(titles)]


def test_the_best_abstract_is_cut_to_its_best_sentences_and_never_left_out(sources: list[Source]) -> None:
    (only,) = fit(sources, "training time", 16, words)  # 6 words of title, 6 to 11 of a sentence
    assert len(only.shown) == 1 and only.shown[0] == sources[0].best()[0]
    assert fit(sources, "training time", 1, words)[0].paper == sources[0].paper
