"""`vulcan.lancedb`: the vector database of the running skill."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from luaskills.context import CallContext, DatabaseScope
from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Arguments, argument, mapping, strict
from luaskills.vulcan.database import LANCEDB, Database
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.lancedb.provider import ACTIONS, LanceDbProvider, library_version


class LanceDbTable:
    """The functions of `vulcan.lancedb` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._database = Database(context, LANCEDB)

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"info": self.status, "status": self.status} | {action: self._action(action) for action in ACTIONS}

    def status(self, _given: Arguments) -> object:
        """Whether and where the skill has a database."""
        return self._database.status(library_version(), list(ACTIONS))

    def _action(self, action: str) -> HostFunction:
        def call(given: Arguments) -> object:
            scope = self._database.required()
            fields = mapping(f"lancedb.{action}", "input", argument(given, 0))
            payload: bytes | None = None
            if action == "vector_upsert":
                fields, payload = _with_payload(fields)
            elif action == "vector_search":
                fields = {"output_format": "json"} | fields
            strict(f"lancedb.{action}", "input", fields)
            return self._database.logged(scope, action, lambda: self._answer(scope, action, fields, payload))

        return call

    def _answer(
        self, scope: DatabaseScope, action: str, fields: Mapping[str, object], payload: bytes | None
    ) -> dict[str, object]:
        if self._database.hosted:
            sent = dict(fields)
            if payload is not None:
                sent["data_base64"] = base64.b64encode(payload).decode()
            meta, data = _hosted(self._database.ask_host(scope, action, sent))
        else:
            provider = self._provider(scope.default_database_path)
            meta, data = provider.call(action, fields, payload, self._database.remaining())
        if action != "vector_search" or data is None:
            return meta
        if meta.get("format") != "json":
            return meta | {"data": data}
        try:
            return meta | {"data_json": json.loads(data)}
        except ValueError as error:
            raise HostFunctionError(f"failed to parse LanceDB JSON rows: {error}") from None

    def _provider(self, path: str) -> LanceDbProvider:
        return self._database.shared(path, lambda: LanceDbProvider(path), LanceDbProvider.close)


def _with_payload(fields: Mapping[str, object]) -> tuple[dict[str, object], bytes]:
    """The fields without `rows` and `data`, and these as bytes of `input_format`."""
    rest = {name: value for name, value in fields.items() if name not in ("rows", "data")}
    rows, data = fields.get("rows"), fields.get("data")
    if rows is None and data is None:
        raise HostFunctionError("lancedb.vector_upsert requires rows or data")
    if rows is None and isinstance(data, str):
        return {"input_format": "arrow_ipc"} | rest, data.encode("utf-8", "surrogateescape")
    value = data if rows is None else rows
    if not isinstance(value, list | dict):
        raise HostFunctionError("lancedb.vector_upsert payload must be string")
    try:
        content = json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise HostFunctionError("lancedb.vector_upsert: rows must hold valid UTF-8 strings") from None
    return ({} if rows is not None else {"input_format": "json"}) | rest | (
        {"input_format": "json"} if rows is not None else {}
    ), content


def _hosted(answer: object) -> tuple[dict[str, object], bytes | None]:
    if not isinstance(answer, Mapping):
        raise HostFunctionError("failed to parse lancedb provider response json: expected an object")
    meta, encoded = answer.get("meta"), answer.get("data_base64")
    if encoded is None:
        return dict(meta or {}), None
    try:
        return dict(meta or {}), base64.b64decode(str(encoded), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HostFunctionError(f"failed to decode lancedb provider data_base64: {error}") from None
