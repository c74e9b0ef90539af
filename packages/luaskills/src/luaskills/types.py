"""The vocabulary of Lua skills: frozen values that every part of the package shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of the same."""


class Authority(str, Enum):
    """Who asks; injected by the host, never chosen by a model."""

    SYSTEM = "system"
    DELEGATED_TOOL = "delegated_tool"


class Flavour(str, Enum):
    """Which Lua runs the skills."""

    LUAJIT = "luajit"
    LUA54 = "lua54"


class Profile(str, Enum):
    """What skills may do, and what the host may rely on.

    ``TRUSTED``   All that Lua and ``vulcan`` offer, ``ffi``, ``debug`` and native libraries too. Promises nothing
                  beyond the good will of the code: limits stop its mistakes, not its intent.

    ``STANDARD``  No ``ffi``, ``debug``, native libraries or bytecode. Promises that the memory of the host is safe and
                  that a call ends at its limits, whatever Lua code does. Files, processes and the environment of the
                  host are open through ``io``, ``os`` and ``vulcan``. Skills share VMs: one can see and change the
                  globals of another until the next call begins (``isolation`` gives each its own).

    ``LOCKED``    As ``STANDARD``, and: no process, no network, no environment, and no file but these: the skill reads
                  its package, its private dependencies and the Lua packages of the host, and writes below
                  ``<temp_dir>/skills/<skill id>``. Its databases are its own, SQLite up to 1 GiB. VMs are never shared
                  between skills. A call has 60 seconds unless the host says otherwise. ``vulcan.host`` and
                  ``vulcan.models`` go to the host, which decides.

    What no profile promises inside the process of the host: an end of one long C function. The search for a pattern or
    a text in a long text runs to its end, in the worst case for hours, and so does code that waits in the operating
    system outside of ``LOCKED`` (``os.execute``, ``io.popen``, reading a pipe). Other threads go on meanwhile. Where
    hostile code runs, put the engine into a process that is killed at the deadline (:mod:`luaskills.engine.worker`).

    ``os.exit`` is gone in all of them.
    """

    TRUSTED = "trusted"
    STANDARD = "standard"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use; None is unlimited.

    A limit on time or instructions switches the JIT compiler off in that VM: compiled code does not call the hook that
    enforces it.
    """

    time_ms: int | None = None
    instructions: int | None = None
    memory_bytes: int | None = 256 * 1024 * 1024
    depth: int = 64
    """How deep ``vulcan.call`` may nest."""

    @property
    def hooked(self) -> bool:
        return self.time_ms is not None or self.instructions is not None


@dataclass(frozen=True, slots=True)
class SkillRoot:
    """One layer of the chain of skill roots: ROOT, PROJECT or USER, and its directory."""

    name: str
    skills_dir: str

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "skills_dir": self.skills_dir}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter of an entry."""

    name: str
    param_type: str
    description: str = ""
    required: bool = False

    def to_json(self) -> dict[str, Json]:
        return {
            "name": self.name,
            "param_type": self.param_type,
            "description": self.description,
            "required": self.required,
        }


@dataclass(frozen=True, slots=True)
class DatabaseManifest:
    """The ``sqlite`` or ``lancedb`` section of a manifest."""

    enable: bool = False
    log_level: str = "info"
    slow_log_enabled: bool = False
    slow_log_threshold_ms: int = 500


@dataclass(frozen=True, slots=True)
class EntryManifest:
    """One entry as ``skill.yaml`` declares it; ``input_schema`` is already read from its file."""

    name: str
    description: str
    lua_entry: str
    lua_module: str
    parameters: tuple[Parameter, ...]
    input_schema: Mapping[str, Json]
    help: str = ""


@dataclass(frozen=True, slots=True)
class HelpManifest:
    """One help node as declared: ``file`` is relative to the package."""

    name: str
    description: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class SkillManifest:
    """A checked ``skill.yaml``."""

    name: str
    version: str
    entries: tuple[EntryManifest, ...]
    help_main: HelpManifest
    help_topics: tuple[HelpManifest, ...] = ()
    enable: bool = True
    debug: bool = False
    sqlite: DatabaseManifest = DatabaseManifest()
    lancedb: DatabaseManifest = DatabaseManifest(slow_log_threshold_ms=800)


@dataclass(frozen=True, slots=True)
class Entry:
    """One callable entry under its canonical name."""

    canonical_name: str
    skill_id: str
    local_name: str
    root_name: str
    skill_dir: str
    description: str
    parameters: tuple[Parameter, ...]
    input_schema: Mapping[str, Json]

    def to_json(self) -> dict[str, Json]:
        return {
            "canonical_name": self.canonical_name,
            "skill_id": self.skill_id,
            "local_name": self.local_name,
            "root_name": self.root_name,
            "skill_dir": self.skill_dir,
            "description": self.description,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "input_schema": self.input_schema,
        }


@dataclass(frozen=True, slots=True)
class CallResult:
    """What an entry returned, checked."""

    content: str
    overflow_mode: str | None = None
    """``"Truncate"`` or ``"Page"``."""
    template_hint: str | None = None
    content_bytes: int = 0
    content_lines: int = 0
    host_result: Mapping[str, Json] | None = None

    def to_json(self) -> dict[str, Json]:
        value: dict[str, Json] = {
            "content": self.content,
            "overflow_mode": self.overflow_mode,
            "template_hint": self.template_hint,
            "content_bytes": self.content_bytes,
            "content_lines": self.content_lines,
        }
        if self.host_result is not None:
            value["host_result"] = self.host_result
        return value


@dataclass(frozen=True, slots=True)
class InvocationContext:
    """What the host says about a request; empty objects by default."""

    request_context: Mapping[str, Json] = field(default_factory=dict)
    client_budget: Mapping[str, Json] = field(default_factory=dict)
    tool_config: Mapping[str, Json] = field(default_factory=dict)
