"""The encoder that remembers: the same vectors, each text embedded once, and no more kept than it may."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rag import Engine
from rag.remembered import RememberingEncoder
from tests.conftest import HashingEncoder

TEXTS = ["Compost starts from old checkpoints.", "Lantern orders utterances.", "Pebble runs on a watch."]


def test_vectors_are_those_of_the_encoder_in_the_order_of_the_texts(encoder: HashingEncoder) -> None:
    remembering = RememberingEncoder(encoder)
    remembering.encode(TEXTS[1:])
    asked = [TEXTS[2], TEXTS[0], TEXTS[2]]
    assert np.array_equal(remembering.encode(asked), HashingEncoder().encode(asked))
    assert remembering.encode([]).shape == (0, encoder.dim)
    assert (remembering.name, remembering.digest) == (encoder.name, encoder.digest)


def test_a_text_is_embedded_once(encoder: HashingEncoder) -> None:
    remembering = RememberingEncoder(encoder)
    for texts in (TEXTS[:2], TEXTS, [TEXTS[0], TEXTS[0]]):
        remembering.encode(texts)
    assert encoder.asked == TEXTS


def test_what_was_wanted_longest_ago_is_forgotten_first(encoder: HashingEncoder) -> None:
    remembering = RememberingEncoder(encoder, texts=2)
    remembering.encode(TEXTS[:2])
    remembering.encode(TEXTS[:1])  # wanted again: now the second one is the oldest
    remembering.encode(TEXTS[2:])
    encoder.asked.clear()
    remembering.encode([TEXTS[0], TEXTS[2]])
    assert encoder.asked == []
    remembering.encode([TEXTS[1]])
    assert encoder.asked == [TEXTS[1]]


def test_more_texts_at_once_than_are_remembered_are_embedded_all_the_same(encoder: HashingEncoder) -> None:
    remembering = RememberingEncoder(encoder, texts=1)
    assert np.array_equal(remembering.encode(TEXTS), HashingEncoder().encode(TEXTS))


def test_a_vector_that_is_handed_out_is_the_callers_own(encoder: HashingEncoder) -> None:
    remembering = RememberingEncoder(encoder)
    remembering.encode(TEXTS)[:] = 0
    assert np.array_equal(remembering.encode(TEXTS), HashingEncoder().encode(TEXTS))


def test_threads_get_the_vectors_of_their_own_texts(encoder: HashingEncoder) -> None:
    remembering = RememberingEncoder(encoder, texts=20)
    lists = [[f"Text {(start + at) % 40}." for at in range(10)] for start in range(40)]
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(remembering.encode, lists))
    assert all(np.array_equal(rows, HashingEncoder().encode(texts)) for rows, texts in zip(got, lists, strict=True))


def test_papers_that_come_again_are_not_embedded_again(engine: Engine, encoder: HashingEncoder) -> None:
    first = engine.search("Reusing old checkpoints", 10)
    encoder.asked.clear()
    assert engine.search("Scheduling jobs on clusters", 10)[0].paper != first[0].paper
    assert set(encoder.asked) == {"Scheduling jobs on clusters"}
