"""Filters in the terminal: options of commands, what a talk is set to, and taking back what was understood."""

import io
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

import rag
from index.errors import UserError
from rag import Engine, Filter
from tests.test_terminal import Typed, say
from ui.cli import app
from ui.terminal.screen import Screen
from ui.terminal.session import Session
from ui.terminal.talk import Talk

QUESTION = "How much less time does pretraining with Compost take"


@pytest.fixture
def talk(engine: Engine) -> Talk:
    return Talk(engine, Screen(io.StringIO()), Screen(io.StringIO()))


@pytest.fixture
def command(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """Return what runs commands on this engine, in the place of the one that they would open."""
    monkeypatch.setattr(rag.Engine, "open", lambda *given, **more: engine)
    yield CliRunner()


def test_options_of_ask_narrow_the_papers_and_are_named(command: CliRunner) -> None:
    done = command.invoke(app, ["ask", f"{QUESTION}?", "--until", "May 2022", "--author", "Hinton"])
    assert done.exit_code == 0
    assert "Pretraining takes 1.5x less time on average [1]." in done.stdout
    assert "Only papers until May 2022, by Hinton: 1 of 10." in done.stderr


def test_words_of_a_question_are_a_filter_unless_taken_as_asked(command: CliRunner) -> None:
    read = command.invoke(app, ["ask", f"{QUESTION} since 2024?"])
    assert "The papers do not say." in read.stdout and "Only papers since 2024" in read.stderr
    for option in ("--as-asked", "--no-filter"):
        plain = command.invoke(app, ["ask", f"{QUESTION} since 2024?", option])
        assert "[1]" in plain.stdout and "Only papers" not in plain.stderr


def test_options_of_papers_narrow_the_list_in_every_format(command: CliRunner) -> None:
    request = ["papers", "pretraining from checkpoints", "--category", "cs.LG", "--source", "old.jsonl", "--limit", "5"]
    listed = command.invoke(app, request)
    assert "Only papers in cs.LG, from old.jsonl: 2 of 10." in listed.stdout
    bibtex = command.invoke(app, [*request, "--format", "bibtex"])
    assert bibtex.stdout.count("@misc") == 2 and "Only papers in cs.LG" in bibtex.stderr


def test_a_date_that_is_none_is_one_clear_line(command: CliRunner) -> None:
    done = command.invoke(app, ["ask", "anything", "--since", "soon"])
    assert isinstance(done.exception, UserError) and "'soon' is no date" in str(done.exception)


def test_options_that_no_paper_can_meet_are_said(command: CliRunner) -> None:
    done = command.invoke(app, ["papers", "pretraining", "--since", "2025", "--until", "2024"])
    assert isinstance(done.exception, UserError) and "since 2025 comes after until 2024" in str(done.exception)
    done = command.invoke(app, ["papers", "pretraining from checkpoints", "--source", "nosuch.jsonl"])
    assert "No paper is from nosuch.jsonl; the sources are" in done.stdout + done.stderr


def test_a_talk_is_set_to_a_filter_and_let_go_of_it(talk: Talk) -> None:
    _, notes = say(talk, "/filter until 2022, by Hinton", f"{QUESTION}?")
    assert "Asked from now on: papers until 2022, by Hinton." in notes
    assert talk.only == Filter(until="2022", authors=("Hinton",))
    assert [match.paper.title.split(":")[0] for match in talk.answers[0].matches] == ["Compost"]
    out, _ = say(talk, "/papers pretraining from checkpoints", "/status")
    assert "Compost" in out and "Pebble" not in out and "until 2022, by Hinton" in out
    _, notes = say(talk, "/filter off")
    assert "Asked from now on: all papers." in notes and not talk.only
    _, notes = say(talk, "/filter nothing of the kind")
    assert "says nothing of dates, authors or categories" in notes


def test_the_last_question_is_asked_again_as_it_was_asked(talk: Talk) -> None:
    say(talk, f"{QUESTION} since 2024?")
    assert not talk.answers[-1].answered
    out, _ = say(talk, "/asked")
    assert "Pretraining takes 1.5x less time on average [1]." in out
    assert len(talk.answers) == 1 and talk.answers[0].filter is not None and talk.answers[0].filter.as_asked
    _, notes = say(talk, "/asked")
    assert "Nothing of the last question was taken for a filter." in notes


def test_a_talk_may_begin_with_a_filter(talk: Talk) -> None:
    talk.only = Filter(since="2024")
    Session(talk, Typed(f"{QUESTION}?")).run()
    assert talk.answers[0].filter is not None and talk.answers[0].filter.filter == Filter(since="2024")
