"""SQL given by skills: scripts, batches and queries."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator, Sequence

from luaskills.errors import HostFunctionError
from luaskills.vulcan.sqlite.params import Bound

RESULT_BYTES = 64 * 1024 * 1024
_INT64 = 2**63


def split(sql: str) -> list[str]:
    """The statements of a script, without those that are only blanks and comments."""
    statements, start = [], 0
    position = sql.find(";")
    while position >= 0:
        if sqlite3.complete_statement(sql[start : position + 1]):
            statements.append(sql[start : position + 1])
            start = position + 1
        position = sql.find(";", position + 1)
    statements.append(sql[start:])
    return [statement for statement in statements if _has_content(statement)]


def _has_content(statement: str) -> bool:
    rest = statement.strip().rstrip(";").strip()
    while rest:
        if rest.startswith("--"):
            rest = rest.partition("\n")[2].strip()
        elif rest.startswith("/*"):
            rest = rest.partition("*/")[2].strip()
        else:
            return True
    return False


def execute_script(connection: sqlite3.Connection, sql: str, params: Sequence[Bound]) -> dict[str, object]:
    """Run every statement, all or none; parameters go with a single statement."""
    statements = split(sql)
    if params and len(statements) > 1:
        raise HostFunctionError("params need a script of one statement")
    return _changed(connection, [(statement, [params]) for statement in statements])


def execute_batch(connection: sqlite3.Connection, sql: str, items: Sequence[Sequence[Bound]]) -> dict[str, object]:
    """Run one statement for every row of parameters, all or none."""
    statements = split(sql)
    if len(statements) != 1:
        raise HostFunctionError("a batch needs exactly one statement")
    return _changed(connection, [(statements[0], items)])


def _changed(
    connection: sqlite3.Connection, work: Sequence[tuple[str, Sequence[Sequence[Bound]]]]
) -> dict[str, object]:
    before, count = connection.total_changes, 0
    own = not any(_controls_transactions(statement) for statement, _ in work)
    if own:
        connection.execute("BEGIN")
    last = 0
    for statement, rows in work:
        for row in rows:
            cursor = connection.execute(statement, row)
            last = cursor.lastrowid or last
            cursor.close()
            count += 1
    if own:
        connection.execute("COMMIT")
    return {
        "success": True,
        "message": f"{count} statement(s) executed",
        "rows_changed": connection.total_changes - before,
        "last_insert_rowid": last,
        "statements_executed": count,
    }


def _controls_transactions(statement: str) -> bool:
    word = statement.strip().split(None, 1)[0].upper().rstrip(";")
    return word in {
        "BEGIN",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT",
        "RELEASE",
        "PRAGMA",
        "VACUUM",
        "ATTACH",
        "DETACH",
    }


def rows(connection: sqlite3.Connection, sql: str, params: Sequence[Bound]) -> Iterator[str]:
    """Each row of a query as a JSON object; blobs are base64 texts. Raises when the result grows over 64 MiB."""
    statements = split(sql)
    if len(statements) != 1:
        raise HostFunctionError("a query needs exactly one statement")
    cursor = connection.execute(statements[0], params)
    try:
        names = [column[0] for column in cursor.description or ()]
        size = 0
        for row in cursor:
            text = json.dumps({name: _shown(value) for name, value in zip(names, row, strict=True)}, ensure_ascii=False)
            size += len(text)
            if size > RESULT_BYTES:
                raise HostFunctionError(f"query result is larger than {RESULT_BYTES} bytes; use LIMIT")
            yield text
    finally:
        cursor.close()


def query_json(connection: sqlite3.Connection, sql: str, params: Sequence[Bound]) -> dict[str, object]:
    """All rows, as JSON text and decoded."""
    found = list(rows(connection, sql, params))
    data = f"[{','.join(found)}]"
    return {"success": True, "row_count": len(found), "json_data": data, "rows": json.loads(data)}


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and value - value != 0:
        return None
    return value
