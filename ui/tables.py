"""The tables of conversations and how they came about: the steps from one version to the next, and the long queries."""

import secrets

from ui.database import Connection

APPLICATION = 0x70617063
"""Marks a file as one of ours: "papc"."""


def _first_tables(file: Connection) -> None:
    file.execute("CREATE TABLE names (key BLOB NOT NULL)")
    file.execute("INSERT INTO names VALUES (?)", (secrets.token_bytes(32),))
    file.execute(
        "CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, "
        "named INTEGER NOT NULL, words TEXT NOT NULL, started TEXT NOT NULL, changed TEXT NOT NULL)"
    )
    file.execute("CREATE INDEX by_owner ON conversations (owner, changed)")
    file.execute(
        "CREATE TABLE turns (at INTEGER PRIMARY KEY, "
        "conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, number INTEGER NOT NULL, "
        "asked TEXT NOT NULL, thumb TEXT, reason TEXT NOT NULL DEFAULT '', rated TEXT, within TEXT NOT NULL, "
        "generation INTEGER, words TEXT NOT NULL, answer BLOB NOT NULL, UNIQUE (conversation, number))"
    )
    file.execute("CREATE INDEX by_rating ON turns (at) WHERE thumb IS NOT NULL")


STEPS = (_first_tables,)
"""What has made the tables so far, oldest first; a step that was once released never changes."""

LIST = """
SELECT id, title, started, changed, (SELECT count(*) FROM turns WHERE conversation = id) AS number
FROM conversations AS one
WHERE owner = ? AND (named OR number) AND NOT EXISTS (
    SELECT 1 FROM json_each(?) AS sought
    WHERE NOT instr(one.words, sought.value) AND NOT EXISTS (
        SELECT 1 FROM turns WHERE conversation = one.id AND instr(turns.words, sought.value)))
ORDER BY changed DESC, one.rowid DESC LIMIT ? OFFSET ?
"""
RATED = """
SELECT at, owner, answer, generation, thumb, reason, rated
FROM turns JOIN conversations ON id = conversation
WHERE thumb IS NOT NULL AND at > ? ORDER BY at LIMIT ?
"""
