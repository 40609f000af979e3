"""Conversations ⇄ disk: each turn with its evidence and what its reader thought of it, each person's for them alone.

Knows nothing of pages or requests. Whoever changes what `Answer.to_dict` writes adds a step to ui/tables.py that
rewrites the answers that are kept.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.errors import UserError
from rag.answer import Answer
from ui import tables
from ui.database import Connection, Database
from ui.feedback import Feedback, Thumb
from ui.kept import KeptTurn, found_by, packed, unpacked
from ui.wording import one_line, shortened, title_of, words_of

FILE = "conversations.sqlite"
REASON_CHARS, SEARCH_CHARS = 2000, 200
_AT_ONCE = 100
_ID = re.compile(r"[\w-]{22}", re.A)


@dataclass(frozen=True)
class Conversation:
    """What a list of conversations shows of one.

    Attributes:
        id: Not to be guessed, and safe in an address.
        title: The first question, shortened, until it is renamed.
        started: ISO time, UTC.
        changed: ISO time of the last question, UTC.
        turns: How many questions.
    """

    id: str
    title: str
    started: str
    changed: str
    turns: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


class Conversations:
    """The conversations of everybody in one file; safe to share between threads, and the file between processes.

    Every method takes the name of who asks: another's conversation is as unknown as one that never was. The file holds
    no names, only their digests with a key of its own.
    """

    def __init__(self, path: Path) -> None:
        """Open a file, made when missing and readable for its owner only.

        Raises:
            UserError: It is damaged, another program's, a newer version's, or not to be written.
        """
        self._database = Database(path, tables.APPLICATION, tables.STEPS)
        with self._database.read() as file:
            [[self._key]] = file.execute("SELECT key FROM names")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def start(self, owner: str, title: str = "") -> Conversation:
        """Begin a conversation; one without title and question is in no list yet."""
        now, title = _now(), title_of(title) if title else ""
        conversation = Conversation(secrets.token_urlsafe(16), title, now, now)
        with self._database.write() as file:
            row = (conversation.id, self._digest(owner), title, bool(title), words_of(title), now, now)
            file.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return conversation

    def add(
        self,
        owner: str,
        conversation_id: str,
        answer: Answer,
        *,
        within: tuple[str, ...] = (),
        generation: int | None = None,
        seen: int | None = None,
    ) -> int:
        """Keep an answer as the next turn, and return its number, from 1.

        Args:
            owner: Who asks.
            conversation_id: Of their conversation.
            answer: The last of its stream.
            within: Ids of the papers that the question was asked of; empty for all.
            generation: Of the index, where known.
            seen: Turns that the caller knows of; None does not ask whether there are others by now.

        Raises:
            UserError: There is no such conversation, or it has gone on elsewhere.
        """
        turn = (found_by(answer), json.dumps(within), generation, packed(answer))
        with self._database.write() as file:
            number = _still(seen, self._turns_of(file, owner, conversation_id)) + 1
            self._put(file, conversation_id, number, answer, turn)
        return number

    def replace(
        self,
        owner: str,
        conversation_id: str,
        number: int,
        answer: Answer,
        *,
        within: tuple[str, ...] = (),
        generation: int | None = None,
        seen: int | None = None,
    ) -> None:
        """Keep an answer in place of turn `number` and delete those after it, for a question edited or asked again.

        Arguments are those of `add`.

        Raises:
            UserError: There is no such conversation or turn, or it has gone on elsewhere.
        """
        turn = (found_by(answer), json.dumps(within), generation, packed(answer))
        with self._database.write() as file:
            _checked(number, _still(seen, self._turns_of(file, owner, conversation_id)))
            file.execute("DELETE FROM turns WHERE conversation = ? AND number >= ?", (conversation_id, number))
            self._put(file, conversation_id, number, answer, turn)
        self._database.tidy()

    def turns(self, owner: str, conversation_id: str) -> tuple[Answer, ...]:
        """Return the answers of a conversation, oldest first; errors are those of `kept`."""
        return tuple(turn.answer for turn in self.kept(owner, conversation_id))

    def kept(self, owner: str, conversation_id: str) -> tuple[KeptTurn, ...]:
        """Return the turns of a conversation with all that is kept of them, oldest first.

        Raises:
            UserError: There is no such conversation, or an answer cannot be read.
        """
        with self._database.read() as file:
            self._turns_of(file, owner, conversation_id)
            rows = file.execute(
                "SELECT number, answer, asked, within, thumb, reason FROM turns WHERE conversation = ? ORDER BY number",
                (conversation_id,),
            ).fetchall()
        return tuple(
            KeptTurn(number, unpacked(row, self._database.path), asked, tuple(json.loads(within)), thumb, reason)
            for number, row, asked, within, thumb, reason in rows
        )

    def get(self, owner: str, conversation_id: str) -> Conversation:
        """Return one conversation.

        Raises:
            UserError: There is no such conversation.
        """
        with self._database.read() as file:
            turns = self._turns_of(file, owner, conversation_id)
            query = "SELECT title, started, changed FROM conversations WHERE id = ?"
            [title, started, changed] = file.execute(query, (conversation_id,)).fetchone()
        return Conversation(conversation_id, title, started, changed, turns)

    def list(self, owner: str, search: str = "", limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        """Return a person's conversations, the last changed first.

        Args:
            owner: Who asks.
            search: Words, or how they begin; each must stand in the title, a question or an answer. Case, accents and
                signs do not count, and no sign has a meaning. Of a longer text the first 200 characters count.
            limit: How many.
            offset: How many to pass over.
        """
        sought = [words_of(word) for word in search[:SEARCH_CHARS].split()]
        words = [word for word in sought if word]
        if search.strip() and not words:
            return ()
        with self._database.read() as file:
            rows = file.execute(tables.LIST, (self._digest(owner), json.dumps(words), limit, offset)).fetchall()
        return tuple(Conversation(*row) for row in rows)

    def rename(self, owner: str, conversation_id: str, title: str) -> None:
        """Give a conversation a title.

        Raises:
            UserError: There is no such conversation, or the title is blank or too long.
        """
        title = title_of(title)
        with self._database.write() as file:
            self._turns_of(file, owner, conversation_id)
            values = (title, words_of(title), conversation_id)
            file.execute("UPDATE conversations SET title = ?, named = 1, words = ? WHERE id = ?", values)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Delete a conversation with its turns and ratings; what it held is overwritten on disk.

        Raises:
            UserError: There is no such conversation.
        """
        with self._database.write() as file:
            self._turns_of(file, owner, conversation_id)
            file.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        self._database.tidy()

    def rate(self, owner: str, conversation_id: str, number: int, thumb: Thumb | None, reason: str = "") -> None:
        """Keep what a reader thinks of an answer, in place of what they thought before; None takes it back.

        Raises:
            UserError: There is no such conversation or turn, or the reason is too long.
            ValueError: The thumb is none of these.
        """
        if thumb not in ("up", "down", None):
            raise ValueError(f"thumb is {thumb!r}, expected 'up', 'down' or None")
        reason = one_line(reason) if thumb else ""
        if len(reason) > REASON_CHARS:
            raise UserError(f"The reason has {len(reason)} characters, at most {REASON_CHARS} are kept. Shorten it.")
        with self._database.write() as file:
            _checked(number, self._turns_of(file, owner, conversation_id))
            values = (thumb, reason, _now() if thumb else None, conversation_id, number)
            file.execute(
                "UPDATE turns SET thumb = ?, reason = ?, rated = ? WHERE conversation = ? AND number = ?", values
            )

    def feedback(self) -> Iterator[Feedback]:
        """Yield every rated answer of everybody, in the order of the answers.

        Raises:
            UserError: An answer cannot be read.
        """
        after = 0
        while True:
            with self._database.read() as file:
                rows = file.execute(tables.RATED, (after, _AT_ONCE)).fetchall()
            for _, reader, answered, generation, thumb, reason, rated in rows:
                answer = unpacked(answered, self._database.path)
                cited = tuple(citation.paper.id for citation in answer.citations)
                yield Feedback(
                    rated, reader[:8], thumb, reason, answer.question, answer.text, cited, answer.writer, generation
                )
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    def _digest(self, owner: str) -> str:
        name = owner.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(name, key=self._key, digest_size=16).hexdigest()

    def _turns_of(self, file: Connection, owner: str, conversation_id: str) -> int:
        """Return how many turns a person's conversation has."""
        query = (
            "SELECT (SELECT count(*) FROM turns WHERE conversation = id) FROM conversations WHERE id = ? AND owner = ?"
        )
        known = bool(_ID.fullmatch(conversation_id))
        row = file.execute(query, (conversation_id, self._digest(owner))).fetchone() if known else None
        if row is None:
            raise UserError("There is no such conversation; it may have been deleted. Choose another, or begin one.")
        return int(row[0])

    def _put(self, file: Connection, conversation_id: str, number: int, answer: Answer, turn: tuple[Any, ...]) -> None:
        """Write a turn; the first question names a conversation that nobody has named."""
        now = _now()
        file.execute(
            "INSERT INTO turns (conversation, number, asked, words, within, generation, answer) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (conversation_id, number, now, *turn),
        )
        file.execute("UPDATE conversations SET changed = ? WHERE id = ?", (now, conversation_id))
        if number == 1:
            title = shortened(one_line(answer.question))
            values = (title, words_of(title), conversation_id)
            file.execute("UPDATE conversations SET title = ?, words = ? WHERE id = ? AND NOT named", values)


def _still(seen: int | None, turns: int) -> int:
    """Return the turns that there are, as many as the caller has seen."""
    if seen not in (None, turns):
        raise UserError(f"The conversation has gone on elsewhere: {turns} turns, {seen} of them known. Open it again.")
    return turns


def _checked(number: int, turns: int) -> None:
    if not 1 <= number <= turns:
        raise UserError(f"There is no turn {number} in this conversation. It has {turns}, counted from 1.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
