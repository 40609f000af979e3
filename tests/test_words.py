"""Words are found however they are typed, and scores are Lucene's BM25."""

from collections import Counter
from math import log
from pathlib import Path

import numpy as np
import pytest

from index.bm25 import K1, B, Segment, WordsIndex
from index.errors import StoreError
from index.papers import Paper
from index.words import tokenize


@pytest.fixture(scope="module")
def index(papers: list[Paper]) -> WordsIndex:
    return WordsIndex.build(papers)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DP-Moss", ["dp", "moss", "dpmoss"]),
        ("dp\u2010moss dp\u2011moss dp–moss dp—moss dp\u2212moss", ["dp", "moss", "dpmoss"] * 5),
        ("Networks' network NETWORK", ["network"] * 3),
        ("Lantern's and Lantern’s", ["lantern", "lantern"]),
        ("epsilon 3.5, 1.5x faster.", ["epsilon", "3.5", "1.5x", "faster"]),
        ("It ends with 2. Then 3", ["end", "2", "3"]),
        ("Café naïve \ufb01ne \uff22\uff21\uff39", ["cafe", "naiv", "fine", "bay"]),
        ("snake_case f(x)/g", ["snake", "case", "f", "x", "g"]),
        ("What is the paper about, please?", []),
        ("?! – ...", []),
        ("", []),
    ],
)
def test_tokenize_ignores_dashes_case_plural_and_accents_and_keeps_decimals(text: str, words: list[str]) -> None:
    assert tokenize(text) == words


@pytest.mark.parametrize(
    "question", ["buoy", "training on noisy speech", "Which jobs move between clusters?", "large batches large batches"]
)
def test_scores_are_lucenes_bm25_of_each_different_word(papers: list[Paper], index: WordsIndex, question: str) -> None:
    expected = oracle(papers, set(tokenize(question)))
    assert np.count_nonzero(expected) > 0
    np.testing.assert_allclose(index.scores(question), expected, rtol=1e-5)


def test_topics_count_as_words_of_a_paper() -> None:
    moss = Paper("title:moss", "Moss", "It grows.", topics=("bryology",))
    index = WordsIndex.build([moss, Paper("title:fern", "Fern", "It grows too.")])
    assert index.scores("bryology")[0] > 0 == index.scores("bryology")[1]


@pytest.mark.parametrize("typed", ["dp moss", "DPMoss", "dp–moss", "DP-MOSS", "dp\u2011moss's", "moss, dp"])
def test_a_name_is_found_however_it_is_typed(papers: list[Paper], index: WordsIndex, typed: str) -> None:
    scores = index.scores(typed)
    assert papers[int(scores.argmax())].title.startswith("DP-Moss")
    assert np.count_nonzero(scores) == 1


@pytest.mark.parametrize(("typed", "name"), [("mega scale", "MegaScale"), ("deep speeches", "DeepSpeech")])
def test_words_typed_apart_find_the_name_that_is_written_as_one(typed: str, name: str) -> None:
    index = WordsIndex.build([Paper("title:name", name, "Runs."), Paper("title:other", "Other", "Runs.")])
    assert index.scores(typed).tolist() == index.scores(name).tolist()
    assert index.scores(typed)[0] > 0


@pytest.mark.parametrize("question", ["zebra crossings", "what is the paper about", "", "?!", "-"])
def test_a_question_without_a_known_word_scores_zero_everywhere(index: WordsIndex, question: str) -> None:
    scores = index.scores(question)
    assert scores.dtype == np.float32
    assert scores.tolist() == [0.0] * 10


def test_frequency_is_the_number_of_papers_with_a_word(papers: list[Paper], index: WordsIndex) -> None:
    for word in ("train", "moss", "client", "zebra"):
        assert index.frequency(word) == sum(word in words(paper) for paper in papers)


def test_weighted_words_of_some_papers_are_the_sum_of_their_scores(papers: list[Paper]) -> None:
    older = np.array([9, -1, 2, 0, 4, 6], dtype=np.int32)  # the second paper of this segment has changed since
    newer = np.array([7, 1, 3, 5, 8], dtype=np.int32)
    index = WordsIndex([(Segment.build(papers[:6]), older), (Segment.build(papers[5:]), newer)], 10)
    words = tokenize(f"{papers[0].abstract} {papers[5].abstract} {papers[9].abstract}")
    asked, weights = [8, 0, 4, 3, 9], {word: 1.0 + at % 3 for at, word in enumerate([*words, "unheard"])}
    expected = np.sum([weight * index.scores(word)[asked] for word, weight in weights.items()], axis=0)
    assert expected.all()
    assert index.weighted(weights, asked) == pytest.approx(expected)
    assert index.weighted(weights, []).shape == (0,)


def test_a_saved_index_scores_as_before(tmp_path: Path, papers: list[Paper], index: WordsIndex) -> None:
    Segment.build(papers).save(tmp_path / "words")
    loaded = WordsIndex([(Segment.load(tmp_path / "words"), np.arange(10, dtype=np.int32))], 10)
    for question in ("training jobs on clusters", "DPMoss", "zebra"):
        assert loaded.scores(question).tolist() == index.scores(question).tolist()
    assert loaded.frequency("train") == index.frequency("train")


@pytest.mark.parametrize("papers", [[], [Paper("title:the", "The", "…"), Paper("title:of", "?", "")]])
def test_papers_without_any_word_make_an_index_that_finds_nothing(tmp_path: Path, papers: list[Paper]) -> None:
    Segment.build(papers).save(tmp_path / "words")
    places = np.arange(len(papers), dtype=np.int32)
    assert not WordsIndex([(Segment.load(tmp_path / "words"), places)], len(papers)).scores("the moss - of").any()
    assert WordsIndex.build(papers).scores("moss").shape == (len(papers),)


def test_a_paper_without_words_among_others_never_scores() -> None:
    index = WordsIndex.build([Paper("title:the", "The", ""), Paper("title:moss", "Moss", "Moss grows.")])
    assert index.scores("the moss").tolist() == [0.0, index.scores("moss")[1]]


DAMAGED = {"missing": None, "empty": b"", "junk": b"\xff\x00junk", "another kind of JSON": b"[]"}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_folder_is_named_with_the_command_that_mends_it(
    tmp_path: Path, papers: list[Paper], content: bytes | None
) -> None:
    folder = tmp_path / "words"
    Segment.build(papers).save(folder)
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(StoreError, match=r"words.* is damaged .*Rebuild it: paperchat index"):
            Segment.load(folder)
        file.write_bytes(whole)
    assert Segment.load(folder).rows("moss") != slice(0, 0)


def test_a_file_cut_in_half_is_damage(tmp_path: Path, papers: list[Paper]) -> None:
    folder = tmp_path / "words"
    Segment.build(papers).save(folder)
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(StoreError, match="is damaged"):
            Segment.load(folder)
        file.write_bytes(whole)


def test_segments_score_as_one_index_does_where_texts_are_equally_long() -> None:
    papers = [
        Paper(f"title:{n}", f"Paper {n}", f"{word} grows on trees")
        for n, word in enumerate(["moss"] * 3 + ["fern"] * 5)
    ]
    whole = WordsIndex.build(papers)
    parts = [(Segment.build(papers[:2]), np.asarray([6, 7])), (Segment.build(papers[2:]), np.arange(6))]
    index = WordsIndex([(segment, places.astype(np.int32)) for segment, places in parts], 8)
    expected = np.roll(whole.scores("moss trees"), -2)
    np.testing.assert_allclose(index.scores("moss trees"), expected, rtol=1e-5)
    assert (index.frequency("moss"), index.frequency("tree")) == (3, 8)


def test_a_paper_that_is_nowhere_scores_nowhere_and_does_not_count() -> None:
    papers = [Paper("title:a", "Moss", "It grows."), Paper("title:b", "Moss", "It grows.")]
    index = WordsIndex([(Segment.build(papers), np.asarray([-1, 0], dtype=np.int32))], 1)
    assert index.scores("moss").shape == (1,) and index.scores("moss")[0] > 0
    assert index.frequency("moss") == 1


def words(paper: Paper) -> list[str]:
    return tokenize(f"{paper.title} {paper.title} {paper.abstract}")


def oracle(papers: list[Paper], asked: set[str]) -> list[float]:
    """BM25 as Lucene 8 has it: idf = ln(1 + (N - df + .5) / (df + .5)), and no k1 + 1 above the fraction."""
    counts = [Counter(words(paper)) for paper in papers]
    mean = sum(count.total() for count in counts) / len(papers)
    scores = []
    for count in counts:
        score = 0.0
        for word in asked:
            having = sum(word in other for other in counts)
            idf = log(1 + (len(papers) - having + 0.5) / (having + 0.5))
            score += idf * count[word] / (count[word] + K1 * (1 - B + B * count.total() / mean))
        scores.append(score)
    return scores
