"""Full-text indexes on FTS5: documents are kept as given, the index holds their search words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from luaskills.errors import HostFunctionError
from luaskills.vulcan.sqlite.highlight import highlighted, snippet
from luaskills.vulcan.sqlite.tokenizer import match_query

Tokens = Callable[[str, str, bool], list[str]]
"""Text, tokenizer mode, whether short words inside long ones count too (as they do in documents) → search words."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_INDEXES = "CREATE TABLE IF NOT EXISTS _luaskills_fts_indexes (name TEXT PRIMARY KEY, tokenizer_mode TEXT NOT NULL)"


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed under an id."""

    id: str
    file_path: str
    title: str
    content: str


def index_name(name: str) -> str:
    """The name again, when it can be one."""
    if not _NAME.fullmatch(name):
        raise HostFunctionError(f"index_name must match {_NAME.pattern}, got `{name}`")
    return name


def ensure(connection: sqlite3.Connection, name: str, mode: str) -> dict[str, object]:
    """Create an index that is not there yet; an existing one keeps its tokenizer until it is rebuilt."""
    connection.execute(_INDEXES)
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS "{name}_documents" '
        "(rowid INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, file_path TEXT NOT NULL, title TEXT NOT NULL, "
        "content TEXT NOT NULL)"
    )
    connection.execute(f'CREATE VIRTUAL TABLE IF NOT EXISTS "{name}" USING fts5 (title, content)')
    connection.execute("INSERT OR IGNORE INTO _luaskills_fts_indexes VALUES (?, ?)", (name, mode))
    return {"success": True, "index_name": name, "tokenizer_mode": mode_of(connection, name)}


def mode_of(connection: sqlite3.Connection, name: str) -> str:
    """The tokenizer an index is built with. Raises `HostFunctionError` when there is no such index."""
    connection.execute(_INDEXES)
    row = connection.execute("SELECT tokenizer_mode FROM _luaskills_fts_indexes WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise HostFunctionError(f"fts index `{name}` does not exist; call ensure_fts_index first")
    return str(row[0])


def rebuild(connection: sqlite3.Connection, name: str, mode: str | None, tokens: Tokens) -> dict[str, object]:
    """Index all documents again, with another tokenizer when one is given."""
    chosen = mode or mode_of(connection, name)
    mode_of(connection, name)
    connection.execute("BEGIN")
    connection.execute("UPDATE _luaskills_fts_indexes SET tokenizer_mode = ? WHERE name = ?", (chosen, name))
    connection.execute(f'DELETE FROM "{name}"')
    documents = connection.execute(f'SELECT rowid, title, content FROM "{name}_documents"').fetchall()
    for rowid, title, content in documents:
        _index(connection, name, rowid, title, content, chosen, tokens)
    connection.execute("COMMIT")
    return {"success": True, "index_name": name, "tokenizer_mode": chosen, "reindexed_rows": len(documents)}


def upsert(connection: sqlite3.Connection, name: str, document: Document, tokens: Tokens) -> dict[str, object]:
    """Index a document, in place of the one with its id."""
    mode = mode_of(connection, name)
    connection.execute("BEGIN")
    _forget(connection, name, document.id)
    rowid = connection.execute(
        f'INSERT INTO "{name}_documents" (id, file_path, title, content) VALUES (?, ?, ?, ?)',
        (document.id, document.file_path, document.title, document.content),
    ).lastrowid
    _index(connection, name, rowid or 0, document.title, document.content, mode, tokens)
    connection.execute("COMMIT")
    return {"success": True, "affected_rows": 1, "index_name": name, "id": document.id}


def delete(connection: sqlite3.Connection, name: str, document_id: str) -> dict[str, object]:
    """Remove a document from the index."""
    mode_of(connection, name)
    connection.execute("BEGIN")
    count = _forget(connection, name, document_id)
    connection.execute("COMMIT")
    return {"success": True, "affected_rows": count, "index_name": name, "id": document_id}


def search(
    connection: sqlite3.Connection, name: str, query: str, *, limit: int, offset: int, mode: str | None, tokens: Tokens
) -> dict[str, object]:
    """Documents that hold all words of the query, best first."""
    chosen = mode or mode_of(connection, name)
    mode_of(connection, name)
    words = tokens(query, chosen, False)
    expression = match_query(words)
    total, found = 0, []
    if expression:
        total = connection.execute(f'SELECT count(*) FROM "{name}" WHERE "{name}" MATCH ?', (expression,)).fetchone()[0]
        found = connection.execute(
            f'SELECT d.id, d.file_path, d.title, d.content, bm25("{name}") AS raw FROM "{name}" '
            f'JOIN "{name}_documents" AS d ON d.rowid = "{name}".rowid WHERE "{name}" MATCH ? '
            "ORDER BY raw, d.id LIMIT ? OFFSET ?",
            (expression, limit, offset),
        ).fetchall()
    hits = [
        {
            "id": id_,
            "file_path": path,
            "title": title,
            "title_highlight": highlighted(title, words),
            "content_snippet": snippet(content, words),
            "score": -raw,
            "rank": rank,
            "raw_score": raw,
        }
        for rank, (id_, path, title, content, raw) in enumerate(found, start=offset + 1)
    ]
    return {
        "success": True,
        "index_name": name,
        "tokenizer_mode": chosen,
        "source": "fts5",
        "query_mode": "match" if expression else "empty",
        "total": total,
        "hits": hits,
    }


def _index(
    connection: sqlite3.Connection, name: str, rowid: int, title: str, content: str, mode: str, tokens: Tokens
) -> None:
    connection.execute(
        f'INSERT INTO "{name}" (rowid, title, content) VALUES (?, ?, ?)',
        (rowid, " ".join(tokens(title, mode, True)), " ".join(tokens(content, mode, True))),
    )


def _forget(connection: sqlite3.Connection, name: str, document_id: str) -> int:
    row = connection.execute(f'SELECT rowid FROM "{name}_documents" WHERE id = ?', (document_id,)).fetchone()
    if row is None:
        return 0
    connection.execute(f'DELETE FROM "{name}" WHERE rowid = ?', row)
    return connection.execute(f'DELETE FROM "{name}_documents" WHERE rowid = ?', row).rowcount
