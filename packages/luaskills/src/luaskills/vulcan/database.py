"""What the tables `vulcan.sqlite` and `vulcan.lancedb` share: whose database, which provider, logging, status."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from luaskills.context import CallContext, DatabaseScope
from luaskills.errors import HostFunctionError
from luaskills.types import Json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """One of the two databases, as names in options, logs and messages."""

    name: Literal["sqlite", "lancedb"]
    log_name: str
    builtin_name: str

    @property
    def reason_disabled(self) -> str:
        return f"current skill has not enabled {self.name}"


SQLITE = DatabaseKind("sqlite", "Sqlite", "sqlite3")
LANCEDB = DatabaseKind("lancedb", "LanceDb", "lancedb")


class Database:
    """The database of the running skill."""

    def __init__(self, context: CallContext, kind: DatabaseKind) -> None:
        self._context, self.kind = context, kind

    @property
    def scope(self) -> DatabaseScope | None:
        """None when the skill has none."""
        skill = self._context.skill
        if skill is None:
            return None
        return skill.sqlite if self.kind is SQLITE else skill.lancedb

    @property
    def hosted(self) -> bool:
        """Whether the host answers instead of the built-in provider."""
        return self._context.options.get(f"{self.kind.name}_provider_mode") == "host_callback"

    def required(self) -> DatabaseScope:
        """The scope. Raises `HostFunctionError` when the skill has not enabled this database."""
        scope = self.scope
        if scope is None:
            raise HostFunctionError(self.kind.reason_disabled)
        return scope

    def ask_host(self, scope: DatabaseScope, action: str, value: Mapping[str, Json]) -> Json:
        """The answer of the host's provider callback."""
        callback = self._context.host.callbacks.get(f"{self.kind.name}_provider")
        if callback is None:
            label = "SQLite" if self.kind is SQLITE else "LanceDB"
            raise HostFunctionError(f"{label} host-callback mode is enabled but no json callback is registered")
        try:
            return callback({"action": action, "binding": scope.binding(), "input": value})
        except Exception as error:
            raise HostFunctionError(str(error)) from None

    def logged(self, scope: DatabaseScope, action: str, work: Callable[[], T]) -> T:
        """Run one operation and log it as the manifest of the skill says."""
        settings, prefix = scope.manifest, self.kind.log_name
        where = f"skill={scope.skill_id} db={scope.default_database_path} op={action}"
        start = time.monotonic()
        try:
            result = work()
        except HostFunctionError as error:
            if settings.log_level != "off":
                self._log(logging.WARNING, f"[{prefix}:warn] {where} message={error}")
            raise
        elapsed = int((time.monotonic() - start) * 1000)
        if settings.log_level == "info":
            self._log(logging.INFO, f"[{prefix}:info] {where}")
        if settings.slow_log_enabled and elapsed >= settings.slow_log_threshold_ms:
            self._log(logging.WARNING, f"[{prefix}:slow] {where} elapsed_ms={elapsed}")
        return result

    def remaining(self) -> float | None:
        """Seconds the running call still has."""
        return self._context.remaining()

    def status(self, version: str, capabilities: list[str]) -> dict[str, Any]:
        """The answer of `status()`."""
        scope = self.scope
        if scope is None:
            skill = self._context.skill
            return {
                "enabled": False,
                "initialized": False,
                "skill_name": skill.skill_id if skill else "",
                "integration_mode": "dynamic_library",
                "reason": self.kind.reason_disabled,
            }
        settings = scope.manifest
        hosted = self.hosted
        return {
            "enabled": True,
            "initialized": True,
            "skill_name": scope.skill_id,
            "skill_dir_name": scope.skill_dir_name,
            "database_path": scope.default_database_path,
            "integration_mode": "host_callback" if hosted else "dynamic_library",
            "library_path": "host_callback" if hosted else "builtin",
            "library_name": "host_callback" if hosted else self.kind.builtin_name,
            "library_version": "host_managed" if hosted else version,
            "ffi_stage": "host_managed" if hosted else "builtin",
            "capabilities": capabilities,
            "space_label": scope.space_label,
            "root_name": scope.root_name,
            "binding_tag": scope.binding_tag,
            "space_root": scope.space_root,
            "default_database_path": scope.default_database_path,
            "log_level": settings.log_level,
            "slow_log_enabled": settings.slow_log_enabled,
            "slow_log_threshold_ms": settings.slow_log_threshold_ms,
        }

    def shared(self, path: str, make: Callable[[], T], close: Callable[[T], None]) -> T:
        """The one open database of a path in this engine."""
        return self._context.host.shared.get(f"vulcan.{self.kind.name}:{path}", make, close)

    @property
    def locked(self) -> bool:
        """Whether the skill may reach nothing beside its own database."""
        return self._context.profile.value == "locked"

    def _log(self, level: int, line: str) -> None:
        self._context.host.log.log(level, "%s", line)
