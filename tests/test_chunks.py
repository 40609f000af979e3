"""Sentences and chunks stand where their offsets say, and a chunk keeps its id as long as its text."""

from dataclasses import replace
from itertools import pairwise

import pytest

from index.chunks import CHUNK_WORDS, Chunk, chunk, sentences
from index.papers import Paper

LONG = " ".join(f"Experiment {number} compares the model with a baseline of the same size." for number in range(30))
"""30 sentences of 12 words."""
NO_STOP = " ".join(f"word{number}" for number in range(300))


def paper(abstract: str, title: str = "A Title") -> Paper:
    return Paper("title:a-title", title, abstract)


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("It is 1.5x faster, e.g. on GLUE. So use it.", ["It is 1.5x faster, e.g. on GLUE.", "So use it."]),
        ("Smith et al. (2019) show Fig. 3 first. We agree.", ["Smith et al. (2019) show Fig. 3 first.", "We agree."]),
        ("It beats BERT vs. GPT by approx. 3.5 points. Why?", ["It beats BERT vs. GPT by approx. 3.5 points.", "Why?"]),
        (
            "This holds w.r.t. the loss, i.e. always. It is so.",
            ["This holds w.r.t. the loss, i.e. always.", "It is so."],
        ),
        ("Error falls from 14.2 to 11.9. Is it good? Yes!", ["Error falls from 14.2 to 11.9.", "Is it good?", "Yes!"]),
        ("We call it “Moss.” It grows.", ["We call it “Moss.”", "It grows."]),
        ("No full stop at the end", ["No full stop at the end"]),
        ("Word", ["Word"]),
    ],
)
def test_sentences_end_at_full_stops_and_not_at_abbreviations_or_numbers(text: str, split: list[str]) -> None:
    assert [span.text for span in sentences(text)] == split


@pytest.mark.parametrize("text", ["", " ", " \n\t "])
def test_a_blank_text_has_no_sentence(text: str) -> None:
    assert sentences(text) == []


def test_sentences_leave_out_the_white_space_around_them() -> None:
    assert [span.text for span in sentences("\n  First one.  \n Second one.\t")] == ["First one.", "Second one."]


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        NO_STOP,
        "  Led by blanks.   Then  two  spaces. \n\nThen lines. ",
        "Naïve Bayes är bra. ∇f(x) ≤ 0.5 für \U0001d499 ∈ \u211d. 日本語の文。Done, n’est-ce pas? e\u0301 stays.",
        "The same again. The same again. The same again.",
        "1. 2. 3.5. e.g. ... ?! ((“.”))",
    ],
)
def test_every_sentence_stands_at_its_offsets(text: str) -> None:
    found = sentences(text)
    assert all(text[span.start : span.end] == span.text == span.text.strip() for span in found)
    assert "".join("".join(span.text for span in found).split()) == "".join(text.split())
    assert [span.start for span in found] == sorted({span.start for span in found})


def test_repeated_sentences_have_offsets_of_their_own() -> None:
    assert [(span.start, span.end) for span in sentences("Same. Same. Same.")] == [(0, 5), (6, 11), (12, 17)]


def test_a_short_paper_is_one_chunk_with_the_title_in_front() -> None:
    [whole] = chunk(paper("Compost reuses checkpoints. It is cheap.", title="Compost"))
    assert whole.embedded == "Compost\nCompost reuses checkpoints. It is cheap."
    assert (whole.start, whole.end, whole.paper_id) == (0, 40, "title:a-title")


@pytest.mark.parametrize("abstract", ["", "Word"])
def test_a_blank_or_one_word_abstract_is_one_chunk(abstract: str) -> None:
    [whole] = chunk(paper(abstract))
    assert whole.embedded == f"A Title\n{abstract}"
    assert (whole.start, whole.end) == (0, len(abstract))


def test_a_long_paper_is_the_whole_of_it_then_windows_of_whole_sentences() -> None:
    whole, *windows = chunk(paper(LONG))
    starts, ends = {span.start for span in sentences(LONG)}, {span.end for span in sentences(LONG)}
    assert (whole.start, whole.end) == (0, len(LONG))
    assert len(windows) > 2
    assert all(window.start in starts and window.end in ends for window in windows)
    assert all(len(LONG[window.start : window.end].split()) <= CHUNK_WORDS for window in windows)


def test_windows_overlap_and_together_hold_the_whole_abstract() -> None:
    _, *windows = chunk(paper(LONG))
    assert windows[0].start == 0
    assert windows[-1].end == len(LONG)
    assert all(before.start < after.start < before.end for before, after in pairwise(windows))


@pytest.mark.parametrize(
    "abstract",
    [LONG, NO_STOP, LONG.replace("model", "modèle\u00a0\u211d"), LONG.replace(". ", ".\n\n \t"), "Same here. " * 99],
)
def test_every_chunk_is_embedded_as_title_and_exact_piece_of_the_abstract(abstract: str) -> None:
    chunks = chunk(paper(abstract))
    assert len(chunks) > 2
    assert all(piece.embedded == f"A Title\n{abstract[piece.start : piece.end]}" for piece in chunks)
    assert len({piece.id for piece in chunks}) == len(chunks)


def test_a_very_long_sentence_is_cut_into_windows_that_lose_no_word() -> None:
    _, *windows = chunk(paper(NO_STOP))
    assert all(len(NO_STOP[window.start : window.end].split()) <= CHUNK_WORDS for window in windows)
    assert {word for window in windows for word in NO_STOP[window.start : window.end].split()} == set(NO_STOP.split())


def test_ids_are_the_same_each_time_and_begin_with_the_paper() -> None:
    assert ids(chunk(paper(LONG))) == ids(chunk(paper(LONG)))
    assert all(id.startswith("title:a-title#") for id in ids(chunk(paper(LONG))))


def test_ids_change_with_title_and_abstract_and_with_nothing_else() -> None:
    [here] = ids(chunk(paper("One sentence.")))
    assert ids(chunk(paper("One sentence!"))) != [here]
    assert ids(chunk(paper("One sentence.", title="Another"))) != [here]
    assert ids(chunk(replace(paper("One sentence."), authors=("Ada",), topics=("moss",)))) == [here]


def test_a_change_at_the_end_keeps_the_ids_of_the_windows_before_it() -> None:
    before, after = ids(chunk(paper(LONG))), ids(chunk(paper(LONG + " One more sentence.")))
    assert before[0] != after[0]
    assert before[1:-1] == after[1 : len(before) - 1]


def ids(chunks: list[Chunk]) -> list[str]:
    return [piece.id for piece in chunks]
