"""The built-in provider: every action of `vulcan.sqlite` on one database file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping

from luaskills.vulcan.fields import optional_text, optional_whole, required_text, required_whole
from luaskills.vulcan.sqlite import fts, words
from luaskills.vulcan.sqlite.connection import Connection
from luaskills.vulcan.sqlite.params import items_of, params_of
from luaskills.vulcan.sqlite.statements import execute_batch, execute_script, query_json, rows
from luaskills.vulcan.sqlite.streams import CHUNK_BYTES, Streams
from luaskills.vulcan.sqlite.tokenizer import Tokenizer, checked_mode, match_query, normalized

Fields = Mapping[str, object]
Answer = dict[str, object]
ACTIONS = (
    "execute_script",
    "execute_batch",
    "query_json",
    "query_stream",
    "query_stream_wait_metrics",
    "query_stream_chunk",
    "query_stream_close",
    "tokenize_text",
    "upsert_custom_word",
    "remove_custom_word",
    "list_custom_words",
    "ensure_fts_index",
    "rebuild_fts_index",
    "upsert_fts_document",
    "delete_fts_document",
    "search_fts",
)


class SqliteProvider:
    """One open database; `close` frees it. Refusals are `HostFunctionError`."""

    def __init__(self, path: str, *, confined: bool) -> None:
        self._connection = Connection(path, confined=confined)
        self._streams, self._tokenizer = Streams(), Tokenizer(os.path.dirname(path))
        self._on_database: Mapping[str, Callable[[sqlite3.Connection, Fields], Answer]] = {
            "execute_script": lambda c, f: execute_script(c, required_text(f, "sql"), params_of(f)),
            "execute_batch": lambda c, f: execute_batch(c, required_text(f, "sql"), items_of(f)),
            "query_json": lambda c, f: query_json(c, required_text(f, "sql"), params_of(f)),
            "query_stream": self._query_stream,
            "tokenize_text": self._tokenize_text,
            "upsert_custom_word": self._upsert_word,
            "remove_custom_word": self._remove_word,
            "list_custom_words": _list_words,
            "ensure_fts_index": lambda c, f: fts.ensure(c, _index(f), _mode(f) or "none"),
            "rebuild_fts_index": lambda c, f: fts.rebuild(c, _index(f), _mode(f), self._tokens(c)),
            "upsert_fts_document": lambda c, f: fts.upsert(c, _index(f), _document(f), self._tokens(c)),
            "delete_fts_document": lambda c, f: fts.delete(c, _index(f), required_text(f, "id")),
            "search_fts": self._search,
        }

    def call(self, action: str, fields: Fields, seconds: float | None) -> Answer:
        """The answer of an action, within `seconds` (None: 60)."""
        match action:
            case "query_stream_wait_metrics":
                return self._streams.metrics(required_whole(fields, "stream_id"))
            case "query_stream_chunk":
                stream = required_whole(fields, "stream_id")
                return self._streams.chunk(stream, required_whole(fields, "index"))
            case "query_stream_close":
                return self._streams.close(required_whole(fields, "stream_id"))
        with self._connection.operation(seconds) as connection:
            return self._on_database[action](connection, fields)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _query_stream(self, connection: sqlite3.Connection, fields: Fields) -> Answer:
        name = "chunk_bytes" if fields.get("chunk_bytes") is not None else "chunk_size"
        chunk_bytes = optional_whole(fields, name, CHUNK_BYTES, least=1, most=16 * 1024 * 1024)
        return self._streams.open(rows(connection, required_text(fields, "sql"), params_of(fields)), chunk_bytes)

    def _tokenize_text(self, connection: sqlite3.Connection, fields: Fields) -> Answer:
        text = required_text(fields, "text")
        mode = _mode(fields) or "none"
        found = self._tokens(connection)(text, mode, fields.get("search_mode") is True)
        return {
            "success": True,
            "tokenizer_mode": mode,
            "normalized_text": normalized(text),
            "fts_query": match_query(found),
            "tokens": found,
        }

    def _upsert_word(self, connection: sqlite3.Connection, fields: Fields) -> Answer:
        weight = optional_whole(fields, "weight", 1, least=1, most=2**31 - 1)
        answer = words.upsert(connection, required_text(fields, "word").strip(), weight)
        self._tokenizer.forget()
        return answer

    def _remove_word(self, connection: sqlite3.Connection, fields: Fields) -> Answer:
        answer = words.remove(connection, required_text(fields, "word").strip())
        self._tokenizer.forget()
        return answer

    def _search(self, connection: sqlite3.Connection, fields: Fields) -> Answer:
        return fts.search(
            connection,
            _index(fields),
            required_text(fields, "query"),
            limit=optional_whole(fields, "limit", 10, least=1, most=1000),
            offset=optional_whole(fields, "offset", 0, most=1_000_000),
            mode=_mode(fields),
            tokens=self._tokens(connection),
        )

    def _tokens(self, connection: sqlite3.Connection) -> fts.Tokens:
        def tokens(text: str, mode: str, search: bool) -> list[str]:
            return self._tokenizer.tokens(text, mode, lambda: words.listed(connection), search=search)

        return tokens


def _list_words(connection: sqlite3.Connection, _fields: Fields) -> Answer:
    found = words.listed(connection)
    entries = [{"word": entry.word, "weight": entry.weight} for entry in found]
    return {"success": True, "total": len(found), "words": entries}


def _index(fields: Fields) -> str:
    return fts.index_name(required_text(fields, "index_name"))


def _mode(fields: Fields) -> str | None:
    mode = optional_text(fields, "tokenizer_mode") or optional_text(fields, "mode")
    return checked_mode(mode.strip().lower()) if mode.strip() else None


def _document(fields: Fields) -> fts.Document:
    return fts.Document(
        required_text(fields, "id"),
        required_text(fields, "file_path"),
        optional_text(fields, "title"),
        optional_text(fields, "content"),
    )
