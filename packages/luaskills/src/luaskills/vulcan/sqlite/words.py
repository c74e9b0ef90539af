"""The skill's own dictionary words, kept in its database."""

from __future__ import annotations

import sqlite3

from luaskills.vulcan.sqlite.tokenizer import CustomWord

_TABLE = "CREATE TABLE IF NOT EXISTS _luaskills_custom_words (word TEXT PRIMARY KEY, weight INTEGER NOT NULL)"


def upsert(connection: sqlite3.Connection, word: str, weight: int) -> dict[str, object]:
    """Add a word or change its weight."""
    connection.execute(_TABLE)
    changed = connection.execute(
        "INSERT INTO _luaskills_custom_words VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET weight = excluded.weight",
        (word, weight),
    ).rowcount
    return {"success": True, "affected_rows": changed, "word": word, "weight": weight}


def remove(connection: sqlite3.Connection, word: str) -> dict[str, object]:
    """Remove a word; nothing happens when it is not there."""
    connection.execute(_TABLE)
    known = {entry.word: entry.weight for entry in listed(connection)}
    changed = connection.execute("DELETE FROM _luaskills_custom_words WHERE word = ?", (word,)).rowcount
    return {"success": True, "affected_rows": changed, "word": word, "weight": known.get(word)}


def listed(connection: sqlite3.Connection) -> list[CustomWord]:
    """All words, sorted."""
    connection.execute(_TABLE)
    found = connection.execute("SELECT word, weight FROM _luaskills_custom_words ORDER BY word").fetchall()
    return [CustomWord(word, weight) for word, weight in found]
