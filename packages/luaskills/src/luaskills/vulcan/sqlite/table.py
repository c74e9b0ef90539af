"""`vulcan.sqlite`: the database of the running skill."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.vulcan.arguments import Arguments, argument, mapping, strict
from luaskills.vulcan.database import SQLITE, Database
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.sqlite.provider import ACTIONS, SqliteProvider


class SqliteTable:
    """The functions of `vulcan.sqlite` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._database = Database(context, SQLITE)

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"info": self.info, "status": self.status} | {action: self._action(action) for action in ACTIONS}

    def status(self, _given: Arguments) -> object:
        """Whether and where the skill has a database."""
        return self._database.status(sqlite3.sqlite_version, list(ACTIONS))

    def info(self, _given: Arguments) -> object:
        """The status, and what answers."""
        status = self._database.status(sqlite3.sqlite_version, list(ACTIONS))
        if not status["enabled"]:
            return status
        library = {"name": "library_name", "version": "library_version", "ffi_stage": "ffi_stage"}
        return status | {"library_info": {name: status[field] for name, field in library.items()}}

    def _action(self, action: str) -> HostFunction:
        def call(given: Arguments) -> object:
            scope = self._database.required()
            if action == "list_custom_words" and argument(given, 0).absent:
                fields: dict[str, object] = {}
            else:
                fields = mapping(f"sqlite.{action}", "input", argument(given, 0))
                strict(f"sqlite.{action}", "input", fields)
            if self._database.hosted:
                ask = lambda: self._database.ask_host(scope, action, fields)  # noqa: E731
            else:
                ask = lambda: self._provider(scope.default_database_path).call(  # noqa: E731
                    action, fields, self._database.remaining()
                )
            return self._database.logged(scope, action, ask)

        return call

    def _provider(self, path: str) -> SqliteProvider:
        confined = self._database.locked
        return self._database.shared(path, lambda: SqliteProvider(path, confined=confined), SqliteProvider.close)
