"""What a call of ``vulcan`` may know: one :class:`CallContext` per VM, its parts swapped at every call.

``vulcan.install(runtime, context)`` runs once per VM, because building the table costs more than a call may.
It returns an :class:`Installed`; the engine calls its ``enter()`` before every call and around every nested
``vulcan.call``. So host functions read ``context.skill``, ``context.request`` … when they are called, never at
installation. The engine itself installs ``vulcan.call`` and the global ``print``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeVar

from luaskills.types import DatabaseManifest, Flavour, InvocationContext, Json, Profile

T = TypeVar("T")


class VmKind(str, Enum):
    """What a VM serves; decides what ``vulcan`` holds (availability matrix of the runtime)."""

    SKILL = "skill"
    """Entries, help bodies and ``run_lua``."""
    EXEC = "exec"
    """``vulcan.runtime.lua.exec``."""
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class DatabaseScope:
    """One database of one skill; ``binding()`` is what provider callbacks get."""

    space_label: str
    skill_id: str
    root_name: str
    space_root: str
    skill_dir: str
    skill_dir_name: str
    database_kind: str
    """``"sqlite"`` or ``"lance_db"``."""
    default_database_path: str
    manifest: DatabaseManifest

    @property
    def binding_tag(self) -> str:
        return f"{self.space_label}-{self.skill_id}"

    def binding(self) -> dict[str, Json]:
        return {
            "space_label": self.space_label,
            "skill_id": self.skill_id,
            "binding_tag": self.binding_tag,
            "root_name": self.root_name,
            "space_root": self.space_root,
            "skill_dir": self.skill_dir,
            "skill_dir_name": self.skill_dir_name,
            "database_kind": self.database_kind,
            "default_database_path": self.default_database_path,
        }


@dataclass(frozen=True, slots=True)
class SkillScope:
    """The skill whose entry (or help body) runs."""

    skill_id: str
    skill_name: str
    root_name: str
    skill_dir: str
    entry_name: str
    """Local name; for help bodies the path of the file in the package."""
    tool_name: str
    """Canonical name; ``vulcan-help`` for help bodies."""
    entry_file: str
    entry_dir: str
    tools_path: str
    lua_path: str
    ffi_path: str
    sqlite: DatabaseScope | None = None
    """None when the manifest does not enable it."""
    lancedb: DatabaseScope | None = None
    readable: tuple[str, ...] = ()
    """Directories the profile ``locked`` opens for reading."""
    writable: tuple[str, ...] = ()
    """Directories the profile ``locked`` opens for writing (and reading)."""


class ConfigStore(Protocol):
    """Strings per skill, kept in one file. Errors are :class:`~luaskills.errors.ConfigError`."""

    def get(self, skill_id: str, key: str) -> str | None: ...
    def set(self, skill_id: str, key: str, value: str) -> None: ...
    def delete(self, skill_id: str, key: str) -> bool: ...
    def values(self, skill_id: str) -> dict[str, str]: ...


class Callbacks(Protocol):
    """Functions of the host, looked up at each use.

    Names: ``sqlite_provider``, ``lancedb_provider``, ``host_tool``, ``model_embed``, ``model_llm``,
    ``skill_operation_progress``, ``skill_management``, ``skill_lifecycle``, ``entry_registry_delta``.
    Each takes one JSON value and returns one; what it raises is the failure text ``str(error)``.
    """

    def get(self, name: str) -> Callable[[Json], Json] | None: ...


@dataclass(frozen=True, slots=True)
class ExecRequest:
    """``vulcan.runtime.lua.exec`` after the checks of its input."""

    code: str
    args: Mapping[str, Json]
    timeout_ms: int
    file: str | None = None
    """Absolute path when a file runs: its directory is the working directory, it is ``context.entry_file``."""


@dataclass(frozen=True, slots=True)
class ExecOutcome:
    """What isolated code did. ``values`` are ``(lua type, JSON value)``; ``error`` is None on success."""

    values: tuple[tuple[str, Json], ...] = ()
    printed: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedLayer:
    """One loaded skill root."""

    label: str
    skills_dir: str


class SharedParts:
    """Things one engine owns for all its VMs (caches, open databases), made on first use, closed with the engine."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: dict[str, tuple[Any, Callable[[Any], None] | None]] = {}

    def get(self, name: str, make: Callable[[], T], close: Callable[[T], None] | None = None) -> T:
        """The part of this name; the first caller's ``make`` builds it."""
        with self._lock:
            if name not in self._parts:
                self._parts[name] = (make(), close)
            part: T = self._parts[name][0]
            return part

    def drop(self, chosen: Callable[[str], bool]) -> None:
        """Close the parts whose name is chosen; the next use makes them anew."""
        with self._lock:
            dropped = [self._parts.pop(name) for name in list(self._parts) if chosen(name)]
        for part, close in dropped:
            if close is not None:
                close(part)

    def close(self) -> None:
        """Close everything, last made first."""
        with self._lock:
            parts, self._parts = list(self._parts.values()), {}
        for part, close in reversed(parts):
            if close is not None:
                close(part)


@dataclass(frozen=True, slots=True)
class HostServices:
    """What an engine offers to the host functions of all its VMs."""

    options: Mapping[str, Json]
    """The host options with their defaults (temp_dir, resources_dir, default_text_encoding, cache_config …)."""
    profile: Profile
    flavour: Flavour
    config: ConfigStore
    callbacks: Callbacks
    shared: SharedParts
    lua_exec: Callable[[ExecRequest, CallContext], ExecOutcome]
    layers: Callable[[], tuple[LoadedLayer, ...]]
    tool_exists: Callable[[str], bool]
    log: logging.Logger
    memory_bytes: int | None = None
    """Heap bound of a VM, for values that are built outside of it."""


@dataclass(slots=True)
class CallContext:
    """The running call of one VM; the engine changes the fields between calls, host functions only read them."""

    host: HostServices
    kind: VmKind
    skill: SkillScope | None = None
    request: InvocationContext = field(default_factory=InvocationContext)
    luaexec_active: bool = False
    luaexec_caller: str | None = None
    entry_file: str | None = None
    """Set in ``lua.exec`` file mode without a skill."""
    cwd: str | None = None
    """Base of relative paths; None is the working directory of the process."""
    deadline: float | None = None
    """In seconds of ``time.monotonic``; whoever waits must stop there."""
    print_sink: Callable[[str], None] | None = None
    """Where ``print`` goes; None is the log."""
    settle: Callable[[], bool] | None = None
    """Called by host functions before they go back to Lua: True when a limit is over and the call ends there."""

    @property
    def options(self) -> Mapping[str, Json]:
        return self.host.options

    @property
    def profile(self) -> Profile:
        return self.host.profile

    def remaining(self) -> float | None:
        """Seconds until the deadline (never negative), None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


class Installed(Protocol):
    """What ``vulcan.install`` returns."""

    @property
    def encode(self) -> Any:
        """A Lua function: any value → JSON text; raises a text, or a table whose [1] is the text."""

    def offer(self, name: str, function: Any) -> None:
        """Make a Lua function of the engine ``vulcan.{name}``."""

    def close(self) -> None:
        """Let go of the VM."""

    def enter(self) -> bool:
        """Repair the core tables and fill ``vulcan.context``, ``.deps``, ``.runtime.internal`` from the context.

        Runs before every call and on both sides of a nested one. False: the VM can not be repaired and must be dropped.
        """
