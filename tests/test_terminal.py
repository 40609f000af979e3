"""The terminal's face: the drawing with real answers, a talk line by line, by keys, and in a pseudo-terminal."""

import io
import json
import os
import re
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from index import models, update
from index.papers import Paper
from index.store import Store
from index.vectors import SentenceEncoder
from rag import CANNOT_ANSWER, Answer, Citation, Engine, Match, Quote, Sentence, Settings
from rag.lists import PaperList
from rag.writer import Message, Piece
from tests.conftest import HashingEncoder, ScriptedWriter
from ui.terminal.commands import COMMANDS
from ui.terminal.growing import tell
from ui.terminal.keyboard import Keyboard
from ui.terminal.lines import Lines, PlainLines
from ui.terminal.printable import page_of
from ui.terminal.screen import LOOKS, Run, Screen
from ui.terminal.session import Session, suggestions
from ui.terminal.sheets import show_list, show_paper
from ui.terminal.talk import Talk

ROOT = Path(__file__).parents[1]
ENCODER = "all-MiniLM-L6-v2"
QUESTION = "How much less time does pretraining from old checkpoints take?"
HOSTILE = "It is\x1b]0;owned\x07 fast\x1b[2J\x1b[1;1H.\x9b31m Be\u202eware\x08\x00 of\x1bP1;2q\x1b\\ it\x1b."
OURS = re.compile(rf"\x1b\[(?:0|{'|'.join(LOOKS.values())})m|\x1b\]8;;[!-~]*\x1b\\")
PASSING = re.compile(r"[^\n]*\r\x1b\[K")


def terminal(out: io.StringIO, columns: int = 60) -> Screen:
    return Screen(out, lambda: columns, colours=True, links=True, erases=True)


def bare(text: str) -> str:
    """Return what is read of what was written to a terminal, with nothing in it that could move its cursor."""
    text = OURS.sub("", PASSING.sub("", text))
    assert [sign for sign in text if not sign.isprintable() and sign != "\n"] == []
    return text


class Typed:
    """Lines as a person types them, one after the other."""

    interactive = apart = True

    def __init__(self, *lines: str) -> None:
        self.left = list(lines)

    def read(self) -> str | None:
        return self.left.pop(0) if self.left else None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        yield


@pytest.fixture
def talk(engine: Engine) -> Talk:
    return Talk(engine, Screen(io.StringIO()), Screen(io.StringIO()))


def say(talk: Talk, *lines: str | Lines) -> tuple[str, str]:
    """Run a talk of some lines; return what was printed and what was noted."""
    source = lines[0] if lines and not isinstance(lines[0], str) else Typed(*[str(line) for line in lines])
    assert not isinstance(source, str)
    for screen in (talk.screen, talk.notes):
        assert isinstance(screen._out, io.StringIO)
        screen._out.seek(0)
        screen._out.truncate()
    Session(talk, source).run()
    return talk.screen._out.getvalue(), talk.notes._out.getvalue()  # type: ignore[attr-defined]


# --- printing -------------------------------------------------------------------------------------------------------


def test_words_are_wrapped_at_the_width_with_a_hanging_indent() -> None:
    out = io.StringIO()
    Screen(out, lambda: 25).line("one two three four five six seven", indent=2)
    assert out.getvalue() == "one two three four five\n  six seven\n"


def test_what_is_written_on_goes_on_in_the_same_line() -> None:
    out = io.StringIO()
    screen = Screen(out, lambda: 25)
    screen.flow("one two three")
    screen.flow(" four", " five ")
    screen.flow("six")
    screen.end()
    assert out.getvalue() == "one two three four five\nsix\n"


def test_wide_signs_take_two_columns() -> None:
    out = io.StringIO()
    Screen(out, lambda: 21).line("学习学习学习 学习学习学习")
    assert out.getvalue() == "学习学习学习\n学习学习学习\n"


def test_a_pipe_gets_one_line_without_codes() -> None:
    out = io.StringIO()
    screen = Screen.of(out, {"TERM": "xterm"})
    screen.passing("Reading…")
    screen.line(Run("a title " * 30, "title", "https://example.org"))
    assert out.getvalue() == ("a title " * 30).strip() + "\n"


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colours", "links"),
    [
        ({"TERM": "xterm-256color"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"TERM": "linux"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
    ],
)
def test_colours_and_links_come_where_the_terminal_can(environment: dict[str, str], colours: bool, links: bool) -> None:
    out = Tty()
    screen = Screen.of(out, environment)
    screen.line(Run("title", "title", "https://example.org"))
    assert screen.terminal and (screen.colours, screen.links) == (colours, links)
    assert ("\x1b[1mtitle\x1b[0m" in out.getvalue()) is colours
    assert ("\x1b]8;;https://example.org\x1b\\" in out.getvalue()) is links


def test_a_passing_line_gives_way_to_the_next() -> None:
    out = io.StringIO()
    screen = terminal(out)
    screen.passing("Reading…")
    screen.line("Read.")
    screen.passing("More…")
    screen.rest()
    assert out.getvalue() == "\x1b[2mReading…\x1b[0m\r\x1b[KRead.\n\x1b[2mMore…\x1b[0m\r\x1b[K"


def test_signs_that_a_stream_cannot_encode_become_question_marks() -> None:
    stream = io.TextIOWrapper(raw := io.BytesIO(), encoding="ascii")
    Screen(stream).line("“x” é")
    assert raw.getvalue() == b"?x? ?\n"


# --- hostile texts --------------------------------------------------------------------------------------------------


def test_a_hostile_abstract_moves_no_cursor_and_sets_no_title(tmp_path: Path) -> None:
    paper = Paper("title:x", f"Fast\x1b]0;owned\x07 {HOSTILE}", HOSTILE, (HOSTILE,), HOSTILE, f"https://x.org/{HOSTILE}",
                  (HOSTILE,), (HOSTILE,), (HOSTILE,), "digest")  # fmt: skip
    quote = Quote(HOSTILE, 0, len(HOSTILE))
    match = Match(paper, 1.0, (quote,))
    sentence = Sentence(HOSTILE, (1,), "quoted", (quote,))
    answer = Answer("q", "q", f"{HOSTILE} [1]", True, (sentence,), (Citation(1, paper, quote),), (match,), note=HOSTILE)
    for screen in (terminal(out := io.StringIO()), Screen(out)):
        tell([answer], screen, screen)
        tell([replace(answer, answered=False, sentences=(), citations=())], screen, screen)
        show_list(PaperList(HOSTILE, (match,), HOSTILE), screen, screen)
        show_paper(1, paper, [quote], screen)
    read = bare(out.getvalue())
    assert "owned" not in read and "It is fast. Beware of it" in read


def test_a_link_holds_nothing_but_the_signs_of_an_address() -> None:
    paper = Paper("x", "t", "a", url="https://x.org/a b\x1b\\\x07é")
    assert page_of(paper) == "https://x.org/a%20b%C3%A9"
    assert page_of(replace(paper, url="javascript:alert(1)")) == ""
    assert page_of(Paper("doi:10.1/x y", "t", "a", url="file:///etc/passwd")) == "https://doi.org/10.1/x%20y"


def test_a_question_of_escape_sequences_ends_nothing(talk: Talk) -> None:
    printed, noted = say(talk, HOSTILE, "/\x1b[2J", "/open \x1b[31m1", QUESTION)
    assert "Pretraining takes 1.5x less time on average [1]." in printed
    assert bare(printed + noted)


# --- answers --------------------------------------------------------------------------------------------------------


def test_ask_prints_the_answer_then_its_citations(engine: Engine) -> None:
    out, notes = io.StringIO(), io.StringIO()
    answer = tell(engine.stream(QUESTION), Screen(out), Screen(notes))
    title, quote = answer.citations[0].paper.title, answer.citations[0].quote.text
    assert out.getvalue() == f"Pretraining takes 1.5x less time on average [1].\n\n[1] {title}\n    “{quote}”\n"
    assert notes.getvalue() == ""


def test_a_terminal_shows_the_papers_before_the_first_word(engine: Engine) -> None:
    out = io.StringIO()
    stream = engine.stream(QUESTION)
    found = next(stream)

    def before_the_first_word() -> Iterator[Answer]:
        yield found
        assert "Found: Compost; " in bare(out.getvalue())
        yield from stream

    tell(before_the_first_word(), terminal(out), Screen(io.StringIO()))
    assert all(len(line) < 60 for line in bare(out.getvalue()).splitlines())


def test_every_sentence_is_shown_once_as_it_is_checked(engine: Engine, writer: ScriptedWriter) -> None:
    writer.pieces = ["Pretraining takes 1.5x less time on average. ", "Averaging five ", "checkpoints works best."]
    out = io.StringIO()
    seen: list[str] = []

    def watched() -> Iterator[Answer]:
        for answer in engine.stream(QUESTION):
            yield answer
            seen.append(out.getvalue())

    tell(watched(), Screen(out), Screen(io.StringIO()))
    assert "Pretraining takes 1.5x less time on average [1]." in seen
    assert out.getvalue().count("1.5x less time on average [1].") == 1
    assert "average [1]. Averaging five checkpoints works best [1].\n" in out.getvalue()


def told(answers: Sequence[Answer], colours: bool = False) -> str:
    out = io.StringIO()
    tell(answers, terminal(out) if colours else Screen(out), Screen(io.StringIO()))
    return out.getvalue()


def test_a_verified_sentence_has_a_mark_and_a_quoted_one_quotation_marks() -> None:
    sentences = (
        Sentence("A is B.", (), "supported"),
        Sentence("C is D.", (), "quoted"),
        Sentence("E is F.", (), "unverified"),
    )
    answer = Answer("q", "q", "A is B. “C is D.” E is F.", sentences=sentences, done=True)
    assert told([answer]) == "A is B. ✓ “C is D.” E is F.\n"
    assert "A is B.\x1b[2m ✓\x1b[0m “C is D.” E is F." in told([answer], colours=True)


def test_sentences_on_lines_of_their_own_stay_there() -> None:
    first, second = Sentence("A is B.", (), "supported", lead=""), Sentence("C is D.", (), "supported", lead="\n")
    assert told([Answer("q", "q", "…", sentences=(first, second))]) == "A is B. ✓\nC is D. ✓\n"


def test_an_answer_that_is_declined_after_all_takes_back_what_was_shown(papers: list[Paper]) -> None:
    shown = Answer("q", "q", "A is B.", sentences=(Sentence("A is B.", (), "supported"),))
    declined = Answer("q", "q", CANNOT_ANSWER, False, matches=(Match(papers[0], 1.0),), done=True)
    assert told([shown, declined]) == (
        "A is B. ✓\nThe lines above are taken back: they do not hold as an answer.\n"
        f"{CANNOT_ANSWER}\n\nNearest papers:\n  - {papers[0].title}\n"
    )
    quoted = replace(shown, sentences=(Sentence("C is D.", (), "supported"),), done=True)
    assert told([shown, quoted]).endswith("do not hold as an answer.\nC is D. ✓\n")


# --- a talk ---------------------------------------------------------------------------------------------------------


def test_a_question_has_those_before_it_behind_it(talk: Talk, writer: ScriptedWriter) -> None:
    say(talk, QUESTION, "", "  ", "and how many checkpoints does it average?")
    assert len(talk.history) == 2
    assert QUESTION in writer.asked[-1][-1].content
    say(talk, "/new")
    assert talk.history == []


def test_open_shows_the_whole_abstract_with_what_is_quoted_of_it(talk: Talk) -> None:
    printed, noted = say(talk, QUESTION, "/open 1")
    assert "\n[1] Compost: Reusing Old Checkpoints for Pretraining\n" in printed
    assert "\n    Compost starts pretraining from old checkpoints instead of random weights. Averaging" in printed
    assert "**On average, pretraining takes 1.5x less time.**" in printed
    assert "From ten.jsonl." in printed and noted.count("\n") == 1


def test_open_highlights_by_colour_where_there_are_colours(papers: list[Paper]) -> None:
    quote = Quote(papers[0].abstract[:9], 0, 9)
    wrong = Quote("not there", 20, 29)
    show_paper(1, papers[0], [quote, wrong], terminal(out := io.StringIO()))
    assert f"\x1b[30;43m{quote.text}\x1b[0m" in out.getvalue() and "**" not in out.getvalue()
    assert " ".join(bare(out.getvalue()).split()).count(papers[0].abstract) == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/open 9", "No paper has the number 9. Those of “How much less time"),
        ("/open 0", "go from 1 to 1."),
        ("/open one", "'one' is no number. Give that of a paper, 1 to 1."),
        ("/open", "Write it so: /open n"),
        ("/new now", "Write it so: /new"),
        ("/opn 1", "There is no /opn. Did you mean /open? /help"),
        ("/e", "There is no /e. Did you mean /export?"),
        ("/xyzzy", "There is no /xyzzy. /help lists what there is."),
        ("/", "There is no /. /help lists what there is."),
        ("/export answer.docx", "The suffix of 'answer.docx' names no format. Known: .md, .bib, .ris, .csv, .json."),
        ("/export /nowhere/at/all.md", "/nowhere/at/all.md cannot be written: No such file or directory."),
        ("w" * 2001, "The question has 2001 characters, at most 2000 are taken."),
    ],
)
def test_wrong_use_is_said_and_ends_nothing(talk: Talk, line: str, says: str) -> None:
    printed, noted = say(talk, QUESTION, line, QUESTION)
    assert says in noted
    assert printed.count("1.5x less time on average [1].") == 2


@pytest.mark.parametrize("line", ["/open 1", "/cite all", "/similar 1", "/export x.bib"])
def test_without_papers_on_the_screen_there_is_nothing_to_number(talk: Talk, line: str) -> None:
    assert "Ask something, or list papers: /papers REQUEST." in say(talk, line)[1]


def test_papers_lists_with_the_sentence_that_says_why_and_numbers_are_those_of_the_list(talk: Talk) -> None:
    printed, _ = say(talk, QUESTION, "/papers pruning of convolutional networks", "/open 1")
    title = "A Survey of Pruning in Convolutional Networks"
    assert f"\n1. {title}\n" in printed and f"[1] {title}\n" in printed
    assert "“This survey compares 80 pruning methods for convolutional networks.”" in printed
    assert "**This survey compares 80 pruning methods for convolutional networks.** Structured" in printed


def test_similar_lists_neighbours_without_the_paper_itself(talk: Talk) -> None:
    printed, _ = say(talk, QUESTION, "/similar [1]")
    assert printed.count("Compost: Reusing") == 1
    assert len(talk.papers) == 9 and talk.listed


def test_cite_prints_bibtex_of_some_or_all(talk: Talk) -> None:
    assert say(talk, QUESTION, "/cite 1")[0].endswith(
        "@misc{papercompost,\n  title = {{Compost: Reusing Old Checkpoints for Pretraining}},\n}\n"
    )
    printed, noted = say(talk, "/similar 1", "/cite 1, 2", "/cite all", "/cite 1 77")
    assert printed.count("@misc{") == 2 + 9
    assert "No paper has the number 77." in noted


def test_an_answer_that_declines_numbers_the_nearest_papers(talk: Talk, writer: ScriptedWriter) -> None:
    writer.pieces = [CANNOT_ANSWER]
    printed, _ = say(talk, "Why do federated clients leave?", "/open 1")
    assert f"{CANNOT_ANSWER}\n\nNearest papers:\n  1. Federated Learning" in printed
    assert "\n[1] Federated Learning with Unreliable Clients\n" in printed


def test_export_writes_the_talk_its_citations_or_the_list(talk: Talk, tmp_path: Path) -> None:
    names = {form: tmp_path / f"a b{form}" for form in (".md", ".bib", ".ris", ".csv", ".json")}
    _, noted = say(talk, QUESTION, *[f"/export {path}" for path in names.values()])
    texts = {form: path.read_text(encoding="utf-8") for form, path in names.items()}
    assert texts[".md"].startswith(f"## {QUESTION}\n\nPretraining takes 1.5x less time on average")
    assert Answer.from_dict(json.loads(texts[".json"])[0]) == talk.answers[0]
    assert [texts[form].count("Compost: Reusing") for form in (".bib", ".ris", ".csv")] == [1, 1, 1]
    assert noted.endswith(f"{names['.json']}: 1 question.\n")

    _, noted = say(talk, "/papers pruning of networks", f"/export {tmp_path / 'LIST.MD'}", f"/export {tmp_path}/l.json")
    assert (tmp_path / "LIST.MD").read_text(encoding="utf-8").startswith("# pruning of networks\n")
    assert json.loads((tmp_path / "l.json").read_text(encoding="utf-8"))["request"] == "pruning of networks"


def test_export_replaces_a_file_only_when_told_to(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "x.bib").write_text("mine")
    _, noted = say(talk, QUESTION, f"/export {tmp_path / 'x.bib'}")
    assert f"exists. Take another name, or: /export {tmp_path / 'x.bib'} --overwrite" in noted
    assert (tmp_path / "x.bib").read_text() == "mine"
    say(talk, f"/export {tmp_path / 'x.bib'} --overwrite")
    assert (tmp_path / "x.bib").read_text().startswith("@misc{papercompost")


def test_help_names_every_command_and_quit_leaves(talk: Talk) -> None:
    printed, noted = say(talk, "/help", "/status", "/sources", "/QUIT", QUESTION)
    assert [name for name in COMMANDS if f"\n/{name} " not in f"\n{printed}"] == []
    assert "papers   10\n" in printed and "model    scripted (ready)\n" in printed and "\n  ten.jsonl\n" in printed
    assert "1.5x" not in printed
    assert noted == "10 papers · scripted. Ask, or see /help; Ctrl-C stops an answer, Ctrl-D leaves.\n"


def test_an_error_of_ours_ends_no_talk(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk.engine, "similar", lambda *_: 1 / 0)
    printed, noted = say(talk, QUESTION, "/similar 1", QUESTION)
    assert "Something went wrong (ZeroDivisionError: division by zero)." in noted
    assert printed.count("1.5x less time") == 4


class Interrupted(ScriptedWriter):
    """Presses Ctrl-C, once or more, behind its first sentence."""

    presses = 1

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        for piece in super().write(messages, max_tokens, cancel):
            yield piece
            for _ in range(self.presses):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_stops_an_answer_and_the_talk_goes_on(store: Store, encoder: HashingEncoder, presses: int) -> None:
    writer = Interrupted("Pretraining takes 1.5x less time on average. Averaging five ", "checkpoints works best.")
    writer.presses = presses
    talk = Talk(Engine(Settings(), store, encoder, writer), Screen(io.StringIO()), Screen(io.StringIO()))
    before = signal.getsignal(signal.SIGINT)
    printed, noted = say(talk, QUESTION, "/help")
    assert "1.5x less time on average [1]." in printed and "works best" not in printed
    assert ("[1] Compost" in printed) is (presses == 1)
    assert len(talk.history) == (presses == 1)
    assert "Stopped." in noted and "/quit" in printed
    assert signal.getsignal(signal.SIGINT) is before


def test_a_pipe_is_read_line_by_line_without_a_prompt(talk: Talk) -> None:
    printed, noted = say(talk, PlainLines(io.StringIO(f"{QUESTION}\n/cite 1\n\n{QUESTION}")))
    assert printed.startswith("Pretraining takes 1.5x less time on average [1].\n")
    assert (
        printed.count("\n\n@misc{") == 1 and printed.count("}\n\nPretraining takes 1.5x less time on average [1].") == 1
    )
    assert ">" not in printed and "\x1b" not in printed + noted


def test_bytes_that_are_no_text_end_no_talk() -> None:
    lines = PlainLines(io.TextIOWrapper(io.BytesIO(b"a\xff\nb\n"), encoding="utf-8"))
    assert [lines.read(), lines.read(), lines.read()] == ["a\ufffd", "b", None]


# --- keys -----------------------------------------------------------------------------------------------------------


def typed(kept: Path, *lines: str) -> list[str | None]:
    """Return what comes of the keys of each line."""
    with create_pipe_input() as pipe:
        board = Keyboard(kept, lambda line: [], pipe, DummyOutput())
        read = []
        for keys in lines:
            pipe.send_text(keys)
            with board.quiet():
                read.append(board.read())
        return read


def test_lines_are_edited_kept_and_brought_back(tmp_path: Path) -> None:
    kept = tmp_path / "new" / "questions.txt"
    assert typed(kept, "Why moss\x01\x1b[3~w\r", "\x04") == ["why moss", None]
    assert typed(kept, "\x1b[A?\r") == ["why moss?"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_ctrl_c_drops_the_line_and_ctrl_d_ends(tmp_path: Path) -> None:
    assert typed(tmp_path / "kept", "never mind\x03", "Why?\r", "\x04") == ["", "Why?", None]


def test_where_lines_cannot_be_kept_they_are_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert typed(tmp_path / "file" / "kept", "Why?\r", "\x1b[A\r", "\x04") == ["Why?", "Why?", None]


def test_suggestions_are_commands_numbers_and_files(talk: Talk) -> None:
    assert [each.text for each in suggestions(talk, "/")] == [
        f"/{name}" + " " * bool(command.takes) for name, command in COMMANDS.items()
    ]
    assert suggestions(talk, "/open ") == suggestions(talk, "What /is") == suggestions(talk, "/nothing ") == []
    say(talk, QUESTION, "/similar 1")
    assert [each.text for each in suggestions(talk, "/cite 1 ")] == list("123456789")
    (one,) = suggestions(talk, "/open 1")
    assert (one.text, one.typed, one.meaning) == ("1", 1, talk.papers.matches[0].paper.title)
    assert [each.file for each in suggestions(talk, "/export ~/pa")] == ["~/pa"]


# --- a real terminal ------------------------------------------------------------------------------------------------


class Pty:
    """A process in a pseudo-terminal that it controls."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        import pty

        self.keys, inner = pty.openpty()
        code = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from ui.cli import main; main()"
        env = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAPERCHAT_OFFLINE": "1", **environment}
        env.pop("NO_COLOR", None)
        self.process = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, env=env, stdin=inner,
                                        stdout=inner, stderr=inner, start_new_session=True)  # fmt: skip
        os.close(inner)
        self.text = ""

    def press(self, keys: str) -> None:
        os.write(self.keys, keys.encode())

    def until(self, wanted: str, timeout_s: float = 120) -> str:
        """Return what is shown up to and with a text, which is then past."""
        end = time.monotonic() + timeout_s
        while wanted not in self.text:
            ready, _, _ = select.select([self.keys], [], [], max(end - time.monotonic(), 0))
            try:
                more = os.read(self.keys, 65536) if ready else b""
            except OSError:  # the process has ended
                more = b""
            assert more, f"{wanted!r} did not come: {self.text!r}"
            self.text += more.decode(errors="replace")
        shown, _, self.text = self.text.partition(wanted)
        return shown + wanted

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.keys)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> Path:
    """Return a home folder with an index of the ten papers."""
    pytest.importorskip("pty", reason="pseudo-terminals are of Unix")
    if models.find(ENCODER) is None:
        pytest.skip(f"no weights: paperchat models pull {ENCODER}")
    folder = tmp_path_factory.mktemp("home")
    update(folder / "index", papers, SentenceEncoder.from_name(ENCODER))
    return folder


@pytest.mark.model
def test_chat_in_a_terminal(home: Path) -> None:
    screen = Pty("chat", "--model", "none", PAPERCHAT_HOME=str(home))
    try:
        screen.until("10 papers · no language model.")
        screen.until("> ")
        screen.press(f"{QUESTION}\r")
        assert "Found: Compost; " in screen.until("\x1b[36m[1]\x1b[0m")
        screen.until("\x1b[1mCompost: Reusing Old Checkpoints for Pretraining\x1b[0m")
        screen.until("> ")
        screen.press("/op")
        screen.until("/open n")  # the menu
        screen.press("\t1\r")
        screen.until("\x1b[30;43mOn average, pretraining takes\x1b[0m")
        screen.until("\x1b[30;43m1.5x less time.\x1b[0m")
        screen.until("> ")
        screen.press("never mind\x03")
        screen.until("> ")
        screen.press("\x04")
        assert screen.process.wait(60) == 0
    finally:
        screen.close()
    assert f"+{QUESTION}\n" in (home / "questions.txt").read_text()


@pytest.mark.model
def test_papers_are_a_list_to_read_in_a_terminal(home: Path) -> None:
    screen = Pty("papers", "pruning of convolutional networks", "--limit", "1", PAPERCHAT_HOME=str(home))
    try:
        screen.until("\x1b[36m1.\x1b[0m \x1b[1mA Survey of Pruning in Convolutional Networks\x1b[0m\r\n")
        screen.until("\x1b[2m“This survey compares")
        assert screen.process.wait(60) == 0
    finally:
        screen.close()
