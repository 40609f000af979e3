"""The whole way from a question to an answer, with doubles for the two models only."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence

import pytest

from index.errors import UserError
from index.papers import Paper
from index.store import Store
from rag import CANNOT_ANSWER, Answer, Engine, Settings, Turn
from rag.loader import WriterLoader
from rag.writer import Message, Piece, Writer
from tests.conftest import HashingEncoder, ScriptedWriter, judged, judging

QUESTION = "How much less time does pretraining take with Compost?"


def test_ask_answers_with_a_citation_that_stands_in_the_abstract(engine: Engine) -> None:
    answer = engine.ask(QUESTION)
    assert answer.text == "Pretraining takes 1.5x less time on average [1]."
    assert answer.answered and answer.done and answer.writer == "scripted"
    (citation,) = answer.citations
    quote = citation.quote
    assert citation.paper.title.startswith("Compost")
    assert citation.paper.abstract[quote.start : quote.end] == quote.text == answer.sentences[0].quotes[0].text
    assert answer.sentences[0].support == "unverified"  # there is no judge


def test_with_a_judge_sentences_are_verified_as_they_are_finished(store: Store, encoder: HashingEncoder) -> None:
    writer = ScriptedWriter("Pretraining takes 1.5x less time on average. ", "Averaging five checkpoints works worst.")
    engine = Engine(Settings(), store, encoder, judged(writer, judging({"works worst": 0.1})))
    *growing, answer = engine.stream(QUESTION)
    assert answer.text == (
        "Pretraining takes 1.5x less time on average [1]. “Averaging works best with five checkpoints.” [1]"
    )
    assert [sentence.support for sentence in answer.sentences] == ["supported", "quoted"]
    assert [sentence.mark for each in growing for sentence in each.sentences][:1] == ["✓"]
    assert answer.note == "1 sentence replaced by a quotation."


def test_ask_sends_the_whole_best_abstract_and_the_question(engine: Engine, writer: ScriptedWriter) -> None:
    engine.ask(QUESTION)
    *opening, last = writer.asked[0]
    assert [message.role for message in opening] == ["system", "user", "assistant"]
    assert CANNOT_ANSWER in opening[0].content
    assert last.content.strip() == (
        "Excerpts:\n[1] Compost: Reusing Old Checkpoints for Pretraining\nCompost starts pretraining from old "
        "checkpoints instead of random weights. Averaging works best with five checkpoints. On average, pretraining "
        f"takes 1.5x less time.\n\nQuestion: {QUESTION}"
    )


def test_stream_shows_papers_first_then_growing_text_and_ends_as_ask_does(engine: Engine) -> None:
    answers = list(engine.stream(QUESTION))
    assert answers[0].matches and not answers[0].text
    texts = [answer.text for answer in answers]
    assert "Pretraining takes 1.5x" in texts
    assert [answer.done for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert answers[-1].text == engine.ask(QUESTION).text


def test_same_question_twice_gives_the_same_answer(engine: Engine) -> None:
    first, second = (engine.ask(QUESTION).to_dict() for _ in range(2))
    del first["timings"], second["timings"]
    assert first == second


def test_off_topic_question_is_declined_without_the_model(engine: Engine, writer: ScriptedWriter) -> None:
    answer = engine.ask("Zebra xylophone quiche?")
    assert (answer.text, answer.answered, answer.citations) == (CANNOT_ANSWER, False, ())
    assert answer.matches and answer.done
    assert writer.asked == []


def test_a_sentence_that_no_abstract_supports_is_left_out_and_said(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["Pretraining takes 1.5x less time on average. ", "It reaches 99.7% on ImageNet."]
    answer = engine.ask(QUESTION)
    assert answer.text == "Pretraining takes 1.5x less time on average [1]."
    assert answer.note == "1 sentence left out: no abstract supports it."


def test_nothing_supported_is_declined_with_the_nearest_papers(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["It reaches 99.7% on ImageNet."]
    answer = engine.ask(QUESTION)
    assert (answer.text, answer.answered, answer.citations) == (CANNOT_ANSWER, False, ())
    assert answer.matches[0].paper.title.startswith("Compost")


def test_a_refusal_of_the_model_is_the_fixed_sentence(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["The papers", " do not say."]
    answers = list(engine.stream(QUESTION))
    assert answers[-1].text == CANNOT_ANSWER and not answers[-1].answered
    assert all(not answer.text for answer in answers[:-1])


def test_a_failing_model_gives_quotations_and_the_reason(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["Pretraining takes", RuntimeError("out of memory")]
    answer = engine.ask(QUESTION)
    assert answer.writer == "none" and answer.answered
    assert "out of memory" in answer.note and answer.note.startswith("Quoted from the abstracts.")
    for sentence in answer.sentences:
        (number,) = sentence.numbers
        assert sentence.quotes[0].text in answer.citations[number - 1].paper.abstract


def test_without_a_model_the_answer_is_quoted(store: Store, encoder: HashingEncoder) -> None:
    answer = Engine(Settings(), store, encoder, None).ask(QUESTION)
    assert "“On average, pretraining takes 1.5x less time.” [1]" in answer.text
    assert {(sentence.support, sentence.mark) for sentence in answer.sentences} == {("quoted", "")}
    assert answer.note == "Quoted from the abstracts. No language model is set."


def test_while_the_model_loads_the_answer_is_quoted_and_later_written(store: Store, encoder: HashingEncoder) -> None:
    loaded = threading.Event()

    def load() -> Writer:
        loaded.wait(10)
        return ScriptedWriter("Pretraining takes 1.5x less time on average.")

    loader = WriterLoader(load, Settings())
    loader.start()
    engine = Engine(Settings(), store, encoder, loader)
    assert engine.ask(QUESTION).note == "Quoted from the abstracts. The language model is still loading."
    assert engine.status().writer_state == "loading"
    loaded.set()
    engine.wait()
    assert engine.ask(QUESTION).writer == "scripted"


def test_a_model_that_cannot_be_had_is_said(store: Store, encoder: HashingEncoder) -> None:
    def load() -> Writer:
        raise UserError("No model here. Fetch it.")

    loader = WriterLoader(load, Settings())
    loader.start()
    loader.wait()
    assert Engine(Settings(), store, encoder, loader).ask(QUESTION).note == (
        "Quoted from the abstracts. No model here. Fetch it."
    )


def test_cancelling_ends_the_answer_and_keeps_what_was_written(store: Store, encoder: HashingEncoder) -> None:
    cancel = threading.Event()

    class Endless(ScriptedWriter):
        def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
            yield Piece("Averaging five checkpoints works best. ")
            while not cancel.is_set():
                yield Piece("and ")

    answers = []
    for answer in Engine(Settings(), store, encoder, Endless()).stream(QUESTION, cancel=cancel):
        answers.append(answer)
        if answer.sentences:
            cancel.set()
    assert answers[-1].done and answers[-1].note == "Stopped."
    assert answers[-1].text.startswith("Averaging five checkpoints works best [1].")


def test_a_follow_up_is_asked_with_the_question_that_it_leans_on(engine: Engine, writer: ScriptedWriter) -> None:
    answer = engine.ask("and how much faster is it?", [Turn("What does Compost start from?", "Old checkpoints [1].")])
    assert answer.standalone == "What does Compost start from? and how much faster is it?"
    assert answer.question == "and how much faster is it?"
    assert writer.asked[0][-1].content.endswith(
        "\n\nAsked before: What does Compost start from?\nQuestion: and how much faster is it?"
    )


@pytest.mark.parametrize(("question", "says"), [("  \n", "blank"), ("x" * 2001, "2001 characters, at most 2000")])
def test_a_question_that_does_not_fit_is_a_user_error(engine: Engine, question: str, says: str) -> None:
    for call in (engine.ask, engine.search, engine.papers):
        with pytest.raises(UserError, match=says):
            call(question)


def test_search_gives_one_entry_a_paper_with_its_sentences_nearest_first(engine: Engine) -> None:
    matches = engine.search("word error rate on noisy speech", limit=10)
    assert len({match.paper.id for match in matches}) == len(matches)
    best = matches[0]
    assert best.paper.title.startswith("Lantern")
    assert best.sentences[0].text == "Word error rate falls from 14.2 to 11.9 on noisy speech."
    for sentence in best.sentences:
        assert best.paper.abstract[sentence.start : sentence.end] == sentence.text
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)


def test_papers_says_so_when_nothing_fits(engine: Engine) -> None:
    found = engine.papers("zebra xylophone quiche")
    assert len(found) == 0 and found.note == "None of the 10 papers is about that."


def test_papers_with_a_limit_gives_that_many(engine: Engine) -> None:
    assert len(engine.papers("training jobs on shared clusters", limit=4)) == 4


def test_embed_gives_rows_of_length_one(engine: Engine) -> None:
    vectors = engine.embed(["a text", "another"])
    assert vectors.shape == (2, 256) and vectors.dtype == "float32"
    assert (vectors**2).sum(axis=1) == pytest.approx([1.0, 1.0])


def test_examples_fit_the_index(engine: Engine) -> None:
    examples = engine.examples(3)
    assert len(examples) == 3
    assert any("Pebble" in text or "Lantern" in text or "TideNet" in text for text in examples)


def test_many_threads_get_the_same_answer(engine: Engine) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(engine.ask(QUESTION).text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Pretraining takes 1.5x less time on average [1]."] * 8


def test_a_question_may_be_asked_of_chosen_papers_only(engine: Engine, papers: list[Paper]) -> None:
    chosen = [paper.id for paper in papers if "Lantern" in paper.title or "Orchard" in paper.title]
    found = engine.search("Which one starts pretraining from old checkpoints?", within=chosen)
    assert {match.paper.id for match in found} == set(chosen)
    assert {m.paper.id for m in engine.ask("What does Compost start from?", within=chosen).matches} == set(chosen)
    with pytest.raises(UserError, match="None of the chosen papers"):
        engine.ask("What does Compost start from?", within=["arxiv:0000.00000"])


def test_similar_papers_leave_out_the_paper_itself(engine: Engine, papers: list[Paper]) -> None:
    found = engine.similar(papers[0].id, limit=3)
    assert len(found) == 3 and papers[0].id not in {match.paper.id for match in found}
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    with pytest.raises(UserError, match="No paper"):
        engine.similar("title:none")


def test_an_answer_comes_back_from_json_as_it_was(engine: Engine) -> None:
    answer = engine.ask("What does Compost start from?")
    assert answer.citations and Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


def test_awaiting_gives_what_asking_gives_and_may_be_left(engine: Engine) -> None:
    async def both() -> tuple[Answer, list[Answer]]:
        return await engine.aask("What does Compost start from?"), [a async for a in engine.astream("TideNet layers?")]

    async def leave() -> None:
        answers = engine.astream("What does Compost start from?")
        async for _ in answers:
            await answers.aclose()

    asyncio.run(leave())
    asked, streamed = asyncio.run(both())
    assert asked.text == engine.ask("What does Compost start from?").text
    assert streamed[-1].done and streamed[0].matches

    async def blank() -> None:
        await engine.aask(" ")

    with pytest.raises(UserError, match="blank"):
        asyncio.run(blank())
