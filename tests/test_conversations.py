"""Conversations are kept whole, found by their words, seen by nobody else, and really gone once deleted."""

import json
import os
import sqlite3
import stat
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import UserError
from index.papers import Paper
from rag.answer import CANNOT_ANSWER, Answer, Citation, Match, Quote, Sentence, Timings
from rag.engine import Engine
from ui.conversations import FILE, Conversation, Conversations
from ui.page import turns
from ui.transcript import to_markdown
from ui.wording import TITLE_CHARS

TIDE = Paper("arxiv:2401.01234", "TideNet", "TideNet forecasts sea levels. It is fast.", ("Ada Tide",), "2024-01-05")
MOSS = Paper("title:moss", "DP-Moss", "DP-Moss adds noise.", sources=("ten.jsonl",), kind="digest")
UNKNOWN = "There is no such conversation; it may have been deleted. Choose another, or begin one."


def answer_of(question: str, *papers: Paper, text: str = "It forecasts sea levels") -> Answer:
    """Return a whole answer that cites the papers, one after the other."""
    quotes = [Quote(paper.abstract.split(". ")[0], 0, len(paper.abstract.split(". ")[0]), 0.5) for paper in papers]
    citations = tuple(Citation(n, *each) for n, each in enumerate(zip(papers, quotes, strict=True), 1))
    numbers = tuple(citation.number for citation in citations)
    sentence = Sentence(f"{text}.", numbers, "supported", tuple(quotes), "")
    matches = tuple(Match(paper, 0.75, (quote,)) for paper, quote in zip(papers, quotes, strict=True))
    timings = Timings(0.25, 0.5, 2.0, 400, 30)
    return Answer(
        question, question, sentence.marked, True, (sentence,), citations, matches, timings, "w", "a note", done=True
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to lie, in a folder that is not there yet."""
    return tmp_path / "home" / FILE


@pytest.fixture
def kept(path: Path) -> Iterator[Conversations]:
    """Return an empty store."""
    kept = Conversations(path)
    yield kept
    kept.close()


def talk(kept: Conversations, owner: str, *questions: str) -> Conversation:
    """Return a conversation in which these were asked."""
    begun = kept.start(owner)
    for question in questions:
        kept.add(owner, begun.id, answer_of(question, TIDE))
    return kept.get(owner, begun.id)


def titles(kept: Conversations, search: str = "", owner: str = "ada", **page: int) -> list[str]:
    return [conversation.title for conversation in kept.list(owner, search, **page)]


# Keeping


def test_turns_come_back_whole_in_their_order_after_a_restart(path: Path, engine: Engine) -> None:
    answers = (engine.ask("How much less time does pretraining take?"), answer_of("And tides?", TIDE, MOSS))
    first = Conversations(path)
    begun = first.start("ada")
    assert [first.add("ada", begun.id, answer) for answer in answers] == [1, 2]
    first.close()
    again = Conversations(path)
    assert again.turns("ada", begun.id) == answers
    again.close()


def test_a_turn_keeps_which_papers_were_asked_and_when(kept: Conversations) -> None:
    begun = kept.start("ada")
    kept.add("ada", begun.id, answer_of("q", TIDE), within=("arxiv:2401.01234", "title:moss"))
    [turn] = kept.kept("ada", begun.id)
    assert (turn.number, turn.within, turn.thumb, turn.reason) == (1, ("arxiv:2401.01234", "title:moss"), None, "")
    assert begun.started <= turn.asked == kept.get("ada", begun.id).changed


def test_any_text_is_kept_as_it_is(kept: Conversations) -> None:
    hostile = "'; DROP TABLE turns; -- \x00 \ud800 <script> 深度 \u202e ' \" [1] %_"
    begun = kept.start("a'\ud800\x00da")
    kept.add("a'\ud800\x00da", begun.id, answer_of(hostile, TIDE, text=hostile))
    assert kept.turns("a'\ud800\x00da", begun.id)[0].question == hostile
    assert kept.list("a'\ud800\x00da")[0].title == "'; DROP TABLE turns; -- <script> 深度 ' \" [1] %_"


def test_an_edited_question_takes_the_place_of_its_turn_and_of_those_after_it(kept: Conversations) -> None:
    one = talk(kept, "ada", "first", "second", "third")
    kept.replace("ada", one.id, 2, answer_of("second, better", MOSS), within=("title:moss",))
    assert [answer.question for answer in kept.turns("ada", one.id)] == ["first", "second, better"]
    assert kept.kept("ada", one.id)[1].within == ("title:moss",)
    assert kept.add("ada", one.id, answer_of("next", TIDE)) == 3
    assert titles(kept, "third") == []


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_turn_that_is_not_there_cannot_be_replaced_or_rated(kept: Conversations, number: int) -> None:
    one = talk(kept, "ada", "first", "second")
    refused = pytest.raises(UserError, match=f"no turn {number} in this conversation. It has 2, counted from 1")
    with refused:
        kept.replace("ada", one.id, number, answer_of("x"))
    with refused:
        kept.rate("ada", one.id, number, "up")
    assert len(kept.turns("ada", one.id)) == 2


def test_what_has_gone_on_elsewhere_is_not_overwritten_by_who_has_not_seen_it(kept: Conversations) -> None:
    one = talk(kept, "ada", "first", "second", "of another window")
    elsewhere = pytest.raises(UserError, match=r"has gone on elsewhere: 3 turns, 2 of them known. Open it again")
    with elsewhere:
        kept.add("ada", one.id, answer_of("third"), seen=2)
    with elsewhere:
        kept.replace("ada", one.id, 2, answer_of("second, better"), seen=2)
    assert [answer.question for answer in kept.turns("ada", one.id)] == ["first", "second", "of another window"]
    assert kept.add("ada", one.id, answer_of("fourth"), seen=3) == 4
    kept.replace("ada", one.id, 4, answer_of("fourth, better"), seen=4)


# Titles


def test_a_conversation_is_called_by_its_first_question_until_it_is_renamed(kept: Conversations) -> None:
    one = talk(kept, "ada", "What is\n TideNet?", "And then?")
    assert one.title == "What is TideNet?"
    kept.replace("ada", one.id, 1, answer_of("What is DP-Moss?"))
    assert titles(kept) == ["What is DP-Moss?"]
    kept.rename("ada", one.id, "  Noise  ")
    kept.replace("ada", one.id, 1, answer_of("Something else?"))
    assert titles(kept) == ["Noise"]


def test_a_long_question_is_cut_between_words(kept: Conversations) -> None:
    assert talk(kept, "ada", "tide " * 40).title == " ".join(["tide"] * 15) + "…"
    assert talk(kept, "ada", "t" * 300).title == "t" * 79 + "…"


@pytest.mark.parametrize(
    ("title", "fault"), [(" \n\x00", "is blank"), ("x" * (TITLE_CHARS + 1), "has 201 characters, at most 200")]
)
def test_a_title_that_does_not_fit_is_refused(kept: Conversations, title: str, fault: str) -> None:
    one = talk(kept, "ada", "first")
    with pytest.raises(UserError, match=fault):
        kept.rename("ada", one.id, title)
    with pytest.raises(UserError, match=fault):
        kept.start("ada", title)
    assert titles(kept) == ["first"]


# Lists and search


def test_the_last_changed_comes_first_and_pages_join(kept: Conversations) -> None:
    first, *_ = [talk(kept, "ada", f"question {n}") for n in range(5)]
    kept.add("ada", first.id, answer_of("more", TIDE))
    whole = ["question 0", "question 4", "question 3", "question 2", "question 1"]
    assert titles(kept) == whole
    assert titles(kept, limit=2) + titles(kept, limit=2, offset=2) + titles(kept, limit=2, offset=4) == whole
    assert [conversation.turns for conversation in kept.list("ada")] == [2, 1, 1, 1, 1]


def test_a_conversation_without_title_and_question_is_in_no_list(kept: Conversations) -> None:
    kept.start("ada")
    kept.start("ada", "To read")
    assert titles(kept) == ["To read"]


@pytest.mark.parametrize(
    "search",
    [
        "tide",
        "TIDENET",
        "sea lev",
        "levels first",
        "netz",
        "björn",
        "bjorn",
        "\uff2c\uff2f\uff32\uff21",
        "dp-lora",
        "深度",
        "度学",
        " tide ",
    ],
)
def test_a_search_finds_beginnings_of_words_in_titles_questions_and_answers(kept: Conversations, search: str) -> None:
    one = talk(kept, "ada", "What is TideNet?", "Who is Björn, and what is DP-LoRA? 深度学习")
    kept.rename("ada", one.id, "My first Netze")
    kept.start("ada", "Something of pruning")
    assert titles(kept, search) == ["My first Netze"]


@pytest.mark.parametrize("search", ["ide", "tide pruning", "1", '"', "*", "%", "_", "' OR 1=1 --", "\x00", "\ud800"])
def test_a_search_takes_no_sign_for_an_order(kept: Conversations, search: str) -> None:
    talk(kept, "ada", "What is TideNet?")
    kept.start("ada", "Pruning")
    assert titles(kept, search) == []


def test_a_search_of_any_length_is_answered(kept: Conversations) -> None:
    talk(kept, "ada", "tide " * 30)
    assert len(titles(kept, "tide " * 5000)) == 1


# Owners


def test_nobody_sees_or_touches_another_s_conversation(kept: Conversations) -> None:
    one = talk(kept, "ada", "What is TideNet?")
    kept.rate("ada", one.id, 1, "up")
    for stranger in ("bob", "", "Ada", "ada "):
        assert titles(kept, owner=stranger) == titles(kept, "tide", owner=stranger) == []
        for act in (
            lambda name=stranger: kept.get(name, one.id),
            lambda name=stranger: kept.turns(name, one.id),
            lambda name=stranger: kept.add(name, one.id, answer_of("x")),
            lambda name=stranger: kept.replace(name, one.id, 1, answer_of("x")),
            lambda name=stranger: kept.rename(name, one.id, "x"),
            lambda name=stranger: kept.rate(name, one.id, 1, "down"),
            lambda name=stranger: kept.delete(name, one.id),
        ):
            with pytest.raises(UserError) as refused:
                act()
            assert str(refused.value) == UNKNOWN
    assert kept.kept("ada", one.id)[0].thumb == "up"


@pytest.mark.parametrize("made_up", ["", "x" * 22, "' OR 1=1", "\ud800", "..", "%"])
def test_an_id_that_never_was_is_as_unknown_as_another_s(kept: Conversations, made_up: str) -> None:
    with pytest.raises(UserError) as refused:
        kept.turns("ada", made_up)
    assert str(refused.value) == UNKNOWN


def test_the_file_names_nobody_and_is_its_owner_s_alone(kept: Conversations, path: Path) -> None:
    talk(kept, "ada.lovelace@example.org", "What is TideNet?")
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [FILE, f"{FILE}-shm", f"{FILE}-wal", f"{FILE}.lock"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not any(b"lovelace" in file.read_bytes() for file in files)


# Deleting


def test_what_is_deleted_is_overwritten_on_disk(kept: Conversations, path: Path) -> None:
    other = talk(kept, "ada", "What stays?")
    one = talk(kept, "ada", "What about zanzibar?", "And more of zanzibar?")
    kept.rename("ada", one.id, "Quagga")
    kept.rate("ada", one.id, 1, "down", "wombat")
    gone = (b"zanzibar", b"uagga", b"wombat")
    assert all(any(word in file.read_bytes() for file in path.parent.iterdir()) for word in gone)
    kept.delete("ada", one.id)
    assert not any(word in file.read_bytes() for file in path.parent.iterdir() for word in gone)
    with pytest.raises(UserError, match="no such conversation"):
        kept.turns("ada", one.id)
    assert list(kept.feedback()) == []
    assert titles(kept) == [other.title]


def test_what_is_replaced_is_overwritten_on_disk(kept: Conversations, path: Path) -> None:
    one = talk(kept, "ada", "What stays?", "What about zanzibar?")
    kept.replace("ada", one.id, 2, answer_of("Something else"))
    assert not any(b"zanzibar" in file.read_bytes() for file in path.parent.iterdir())


# Feedback


def test_a_rating_is_kept_beside_the_answer_changed_and_taken_back(kept: Conversations) -> None:
    one = talk(kept, "ada", "first", "second")
    for thumb, reason, seen in (("up", " good\nanswer ", "good answer"), ("down", "", ""), (None, "gone", "")):
        kept.rate("ada", one.id, 2, thumb, reason)  # type: ignore[arg-type]
        turn = kept.kept("ada", one.id)[1]
        assert (turn.thumb, turn.reason) == (thumb, seen)
    assert kept.kept("ada", one.id)[0].thumb is None
    assert list(kept.feedback()) == []


def test_feedback_holds_what_was_rated_and_no_name(kept: Conversations) -> None:
    begun = kept.start("ada")
    kept.add("ada", begun.id, answer_of("first", TIDE, MOSS), generation=7)
    kept.add("ada", begun.id, replace(answer_of("second"), text=CANNOT_ANSWER, answered=False))
    other = talk(kept, "bob", "third")
    kept.rate("ada", begun.id, 1, "up", "exact")
    kept.rate("ada", begun.id, 2, "down")
    kept.rate("bob", other.id, 1, "down", "wrong paper")
    records = list(kept.feedback())
    assert [(r.question, r.thumb, r.reason, r.citations, r.writer, r.generation) for r in records] == [
        ("first", "up", "exact", ("arxiv:2401.01234", "title:moss"), "w", 7),
        ("second", "down", "", (), "w", None),
        ("third", "down", "wrong paper", ("arxiv:2401.01234",), "w", None),
    ]
    assert records[0].text == "It forecasts sea levels [1][2]."
    assert records[0].reader == records[1].reader != records[2].reader
    assert len(records[0].reader) == 8
    assert not any("ada" in str(record.to_dict()) for record in records)


def test_feedback_of_many_pages_comes_once_each(kept: Conversations) -> None:
    one = talk(kept, "ada", *(str(n) for n in range(205)))
    for number in range(1, 206):
        kept.rate("ada", one.id, number, "up")
    assert [record.question for record in kept.feedback()] == [str(n) for n in range(205)]


def test_a_reason_that_is_too_long_is_refused_and_a_thumb_is_up_or_down(kept: Conversations) -> None:
    one = talk(kept, "ada", "first")
    with pytest.raises(UserError, match="2001 characters, at most 2000"):
        kept.rate("ada", one.id, 1, "up", "x" * 2001)
    with pytest.raises(ValueError, match="'sideways'"):
        kept.rate("ada", one.id, 1, "sideways")  # type: ignore[arg-type]


# The file


def test_threads_write_into_one_store_at_once(kept: Conversations) -> None:
    one = kept.start("ada")
    numbers: list[int] = []

    def write(name: int) -> None:
        for at in range(10):
            numbers.append(kept.add("ada", one.id, answer_of(f"{name}-{at}")))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 81))
    assert {turn.answer.question for turn in kept.kept("ada", one.id)} == {
        f"{n}-{at}" for n in range(8) for at in range(10)
    }


def test_a_file_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be written .* choose a folder by PAPERCHAT_HOME"):
        Conversations(tmp_path / "file" / FILE)
    os.mkdir(tmp_path / FILE)
    with pytest.raises(UserError, match="cannot be written"):
        Conversations(tmp_path / FILE)


def test_a_file_of_the_first_version_is_read_whole(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:
        old.executescript((Path(__file__).parent / "conversations-1.sql").read_text(encoding="utf-8"))
    with closing(Conversations(path)) as kept:
        [conversation] = kept.list("ada", "tidenet")
        [turn] = kept.kept("ada", conversation.id)
        told = answer_of("What is TideNet?", TIDE, MOSS)
        unmarked = tuple(replace(sentence, support="unverified") for sentence in told.sentences)
        assert turn.answer == replace(told, sentences=unmarked)
        assert turn.within == (TIDE.id, MOSS.id)
        [record] = kept.feedback()
        assert (record.thumb, record.reason, record.generation) == ("down", "too short", 7)
        assert kept.add("ada", conversation.id, answer_of("And then?", TIDE)) == 2


def test_an_answer_of_the_first_edition_which_had_no_judge_is_shown_without_marks(
    kept: Conversations, path: Path
) -> None:
    one = talk(kept, "ada", "What is TideNet?")
    (before,) = kept.turns("ada", one.id)
    values = before.to_dict()
    partly = {**values["sentences"][0], "text": "It rises.", "support": "partial", "repaired": False, "lead": ""}
    own = {**partly, "text": "It is fast.", "support": "supported", "repaired": True, "lead": " "}
    values |= {"sentences": [partly, own], "text": "It rises [1]. It is fast [1]. And so"}
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE turns SET answer = ?", [zlib.compress(json.dumps(values).encode())])
        file.commit()
    (answer,) = kept.turns("ada", one.id)
    assert [sentence.support for sentence in answer.sentences] == ["unverified", "unverified"]
    assert answer.text == "It rises [1]. It is fast [1]. And so"
    (exported,) = [line for line in to_markdown(one, [answer]).splitlines() if "It rises" in line]
    assert exported == "It rises \\[1\\]. It is fast \\[1\\]. And so"
    assert turns.turn(1, answer).count("And so") == 1 + 1  # the answer, and what its button copies
    assert "✓" not in turns.turn(1, answer)


def test_an_answer_that_cannot_be_read_is_one_clear_line(kept: Conversations, path: Path) -> None:
    one = talk(kept, "ada", "first")
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE turns SET answer = x'00'")
        file.commit()
    with pytest.raises(UserError, match=r"An answer in .* cannot be read \(error.*Delete its conversation"):
        kept.turns("ada", one.id)
    kept.delete("ada", one.id)
    assert titles(kept) == []
