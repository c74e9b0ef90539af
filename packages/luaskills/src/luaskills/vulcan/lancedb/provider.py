"""The built-in provider: tables of vectors in one LanceDB directory."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

from luaskills.errors import HostFunctionError
from luaskills.vulcan.fields import optional_text, optional_whole, required_text
from luaskills.vulcan.lancedb.columns import schema_of

ACTIONS = ("create_table", "vector_upsert", "vector_search", "delete", "drop_table")
OPERATION_SECONDS = 60.0
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
Fields = Mapping[str, object]
Answer = tuple[dict[str, object], bytes | None]


def library_version() -> str:
    """The version of LanceDB; empty without it."""
    try:
        return importlib.metadata.version("lancedb")
    except importlib.metadata.PackageNotFoundError:
        return ""


class LanceDbProvider:
    """One open directory; `close` frees it. Refusals are `HostFunctionError`."""

    def __init__(self, path: str) -> None:
        """Open or create the directory. Raises `HostFunctionError` without the extra `lancedb`."""
        try:
            module = importlib.import_module("lancedb")
        except ImportError:
            raise HostFunctionError(
                "vulcan.lancedb needs LanceDB (pip install 'luaskills-sdk[lancedb]') or lancedb_provider_mode "
                "host_callback"
            ) from None
        Path(path).mkdir(parents=True, exist_ok=True)
        self._database: Any = module.connect(path)
        # one worker: operations of a database run one after the other, and a caller can stop waiting at its deadline
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="luaskills-lancedb")
        self._actions: Mapping[str, Callable[[Fields, bytes | None], Answer]] = {
            "create_table": self._create_table,
            "vector_upsert": self._vector_upsert,
            "vector_search": self._vector_search,
            "delete": self._delete,
            "drop_table": self._drop_table,
        }

    def call(self, action: str, fields: Fields, payload: bytes | None, seconds: float | None) -> Answer:
        """The answer of an action and its bytes, within `seconds` (60 at most)."""
        if not _NAME.fullmatch(required_text(fields, "table_name")):
            raise HostFunctionError(f"table_name must match {_NAME.pattern}")
        future = self._worker.submit(self._actions[action], fields, payload)
        try:
            return future.result(OPERATION_SECONDS if seconds is None else min(seconds, OPERATION_SECONDS))
        except FutureTimeout:
            future.cancel()
            raise HostFunctionError(f"lancedb.{action} timed out") from None
        except HostFunctionError:
            raise
        except Exception as error:
            raise HostFunctionError(f"lancedb.{action}: {error}") from None

    def close(self) -> None:
        """Free the directory."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _table(self, fields: Fields) -> Any:
        name = required_text(fields, "table_name")
        try:
            return self._database.open_table(name)
        except (ValueError, FileNotFoundError):
            raise HostFunctionError(f"lancedb table `{name}` does not exist; call create_table first") from None

    def _create_table(self, fields: Fields, _payload: bytes | None) -> Answer:
        name = required_text(fields, "table_name")
        mode = "overwrite" if fields.get("overwrite") is True else "create"
        self._database.create_table(name, schema=schema_of(fields.get("columns")), mode=mode)
        return {"message": f"table {name} created"}, None

    def _vector_upsert(self, fields: Fields, payload: bytes | None) -> Answer:
        table = self._table(fields)
        rows = _rows(optional_text(fields, "input_format", "json"), payload or b"")
        count = len(rows) if isinstance(rows, list) else rows.num_rows
        keys = fields.get("key_columns")
        if keys:
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                raise HostFunctionError("key_columns must be an array of column names")
            merge = table.merge_insert(keys).when_matched_update_all().when_not_matched_insert_all()
            result = merge.execute(rows)
            inserted, updated = result.num_inserted_rows, result.num_updated_rows
        else:
            table.add(rows)
            inserted, updated = count, 0
        meta: dict[str, object] = {"message": f"{count} row(s) written", "version": table.version, "input_rows": count}
        return meta | {"inserted_rows": inserted, "updated_rows": updated, "deleted_rows": 0}, None

    def _vector_search(self, fields: Fields, _payload: bytes | None) -> Answer:
        vector = fields.get("vector")
        if not isinstance(vector, list) or not vector or not all(isinstance(v, int | float) for v in vector):
            raise HostFunctionError("vector must be a non-empty array of numbers")
        query = self._table(fields).search(vector).limit(optional_whole(fields, "limit", 10, least=1, most=10_000))
        condition = optional_text(fields, "filter")
        if condition.strip():
            query = query.where(condition, prefilter=True)
        output = optional_text(fields, "output_format", "json")
        found = query.to_arrow()
        meta: dict[str, object] = {"message": f"{found.num_rows} row(s)", "format": output, "rows": found.num_rows}
        match output:
            case "json":
                return meta, json.dumps(found.to_pylist(), default=_shown).encode()
            case "arrow_ipc":
                return meta, _ipc_bytes(found)
        raise HostFunctionError(f"output_format must be json or arrow_ipc, got `{output}`")

    def _delete(self, fields: Fields, _payload: bytes | None) -> Answer:
        table = self._table(fields)
        before = table.count_rows()
        table.delete(required_text(fields, "condition"))
        deleted = before - table.count_rows()
        return {"message": f"{deleted} row(s) deleted", "version": table.version, "deleted_rows": deleted}, None

    def _drop_table(self, fields: Fields, _payload: bytes | None) -> Answer:
        name = required_text(fields, "table_name")
        self._table(fields)
        self._database.drop_table(name)
        return {"message": f"table {name} dropped"}, None


def _rows(input_format: str, payload: bytes) -> Any:
    if input_format == "arrow_ipc":
        arrow = importlib.import_module("pyarrow")
        with arrow.ipc.open_stream(payload) as reader:
            return reader.read_all()
    if input_format != "json":
        raise HostFunctionError(f"input_format must be json or arrow_ipc, got `{input_format}`")
    try:
        rows = json.loads(payload)
    except ValueError as error:
        raise HostFunctionError(f"failed to parse LanceDB JSON rows: {error}") from None
    listed = [rows] if isinstance(rows, dict) else rows
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise HostFunctionError("failed to parse LanceDB JSON rows: expected an array of objects")
    return listed


def _ipc_bytes(found: Any) -> bytes:
    arrow = importlib.import_module("pyarrow")
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return bytes(sink.getvalue().to_pybytes())


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
