"""One Lua VM: compiles functions, runs them under the limits of a call, and says when it must be thrown away.

A call that hits a limit is stopped like this: a hook counts VM instructions and looks at the clock; once a
limit is over, every further instruction raises, so ``pcall`` loops and error handlers end too. LuaJIT's
compiled code calls no hook, so VMs with limits on time or instructions run with the JIT compiler off. One
long C function calls no hook either: the heap limit bounds ``string.rep`` and ``table.concat``, but a pattern
that backtracks for long, and in Lua 5.4 a table that is its own ``__call``, run to their end.
:mod:`luaskills.engine.worker` puts the engine into a process that is killed at the deadline.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from typing import Any, TypeVar

from luaskills.engine import lua
from luaskills.engine.context import CallContext, HostServices, SkillScope, VmKind
from luaskills.engine.sources import SourceReader
from luaskills.errors import CallFailed, LimitExceeded, LimitKind, SkillBroken
from luaskills.types import InvocationContext, Json, Limits
from luaskills.vulcan import install
from luaskills.vulcan.values import to_lua

T = TypeVar("T")
_STEP = 10_000
_MEMORY_TEXT = "not enough memory"
_EMPTY = InvocationContext()


def lua_source(name: str) -> str:
    """One of the Lua files beside this module."""
    return resources.files("luaskills.engine").joinpath(name).read_text("utf-8")


class Vm:
    """One runtime with ``vulcan`` inside; used by one call at a time.

    ``dropped`` is set when it must not serve another call: a limit was hit, or it can not be repaired.
    """

    def __init__(self, host: HostServices, kind: VmKind, limits: Limits, read: SourceReader | None = None) -> None:
        self.dropped = False
        self.idle_since = 0.0
        self.functions: dict[str, Any] = {}
        self.callers: list[SkillScope | None] = []
        self.limits = limits
        self.hooked = limits.hooked or kind is not VmKind.SKILL
        self.context = CallContext(host=host, kind=kind)
        self._lua = lua.module(host.flavour)
        self._owner: int | None = None
        self._runtime = runtime = lua.new_runtime(host.flavour, limits.memory_bytes)
        step = min(_STEP, max(1, (limits.instructions or _STEP * 10) // 10))
        self._inside = _load(runtime, "vm.lua")(self._tick, self._print, self.hooked, step)
        self._installed = install(runtime, self.context)
        reader = read or SourceReader(host)
        _load(runtime, "sandbox.lua")(
            host.profile.value, self.hooked, reader.bound(self.context), self._tick, self._inside["file"]
        )
        inside = self._inside
        self._arm, self._disarm, self._unhook = inside["arm"], inside["disarm"], inside["sethook"]
        inside["seal"]()
        self._restore = inside["restore"]
        self._run, self._run_json, self._compile = inside["run"], inside["run_json"], inside["compile"]

    @property
    def busy_here(self) -> bool:
        """Whether the calling thread runs a call in this VM."""
        return self._owner == threading.get_ident()

    def memory_used(self) -> int | None:
        """Bytes of the Lua heap; None without a memory limit."""
        used: int | None = self._runtime.get_memory_used()
        return used

    def offer(self, name: str, function: Any) -> None:
        """Make a Lua function ``vulcan.{name}``."""
        self._installed.offer(name, function)

    def wrap(self, source: str, *arguments: Any) -> Any:
        """The value of a Lua chunk of the host's own, given ``arguments`` as ``...``."""
        return self._runtime.compile(source)(*arguments)

    def to_lua(self, value: Json) -> Any:
        return to_lua(self._runtime, value)

    def to_json(self, value: Any) -> Json:
        """The JSON value of a Lua value; raises CallFailed when it has none."""
        if value is None or isinstance(value, bool | int | float | str):
            return value
        result = self._guard(self._run_json, self._installed.encode, self._inside["identity"], value)
        return json.loads(self._checked(result)[0])

    @property
    def encode(self) -> Any:
        """The Lua function that turns a value into JSON text."""
        return self._installed.encode

    def syntax_problem(self, source: bytes, chunk_name: str) -> str | None:
        """Why a chunk does not compile; None when it does."""
        compiled = self._compile(source, chunk_name)
        return str(compiled[1]) if isinstance(compiled, tuple) else None

    def with_args(self, code: str, chunk_name: str) -> Any:
        """Free code as a function of ``args``; raises CallFailed when it does not compile."""
        function = self._compile(f"local args = ...; {code}\n".encode(), chunk_name)
        if isinstance(function, tuple):
            raise CallFailed(str(function[1]))
        return function

    def lua_type(self, value: Any) -> str:
        """The type name the texts of the runtime use."""
        if value is None:
            return "nil"
        for python_type, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
            if isinstance(value, python_type):
                return name
        return self._lua.lua_type(value) or "userdata"

    def load(self, key: str, source: bytes, chunk_name: str) -> Any:
        """The function a chunk yields, kept under ``key``; raises SkillBroken with the reason of the failure."""
        known = self.functions.get(key)
        if known is None:
            known = self.functions[key] = self.load_afresh(source, chunk_name)
        return known

    def load_afresh(self, source: bytes, chunk_name: str) -> Any:
        """As :meth:`load`, without keeping it."""
        value = self.run_chunk(source, chunk_name)
        if self.lua_type(value) != "function":
            raise SkillBroken(f"Skill function '{chunk_name}' not found")
        return value

    def run_chunk(self, source: bytes, chunk_name: str) -> Any:
        """The first value of a chunk; runs inside the limits of the surrounding call."""
        compiled = self._compile(source, chunk_name)
        if isinstance(compiled, tuple):
            raise SkillBroken(f"Failed to compile skill '{chunk_name}': {compiled[1]}")
        try:
            values = self._checked(self._guard(self._run, compiled))
        except LimitExceeded:
            raise
        except CallFailed as error:
            raise SkillBroken(f"Failed to initialize skill '{chunk_name}': {error}") from None
        return values[0] if values else None

    def enter(self, skill: SkillScope | None, request: InvocationContext = _EMPTY) -> None:
        """Make this skill's context the current one."""
        self.context.skill = skill
        self.context.request = request
        if not self._installed.enter():
            self.dropped = True

    def call(
        self,
        work: Callable[[], T],
        skill: SkillScope | None,
        request: InvocationContext,
        *,
        time_ms: int | None = None,
    ) -> T:
        """Run ``work`` (which calls :meth:`run` or :meth:`run_json`) in a fresh scope, under the limits."""
        limits = self.limits if time_ms is None else replace(self.limits, time_ms=time_ms)
        context = self.context
        self.callers.clear()
        self._owner = threading.get_ident()
        if limits.time_ms is not None:
            context.deadline = time.monotonic() + limits.time_ms / 1000
        try:
            self._restore()
            self.enter(skill, request)
            if not limits.hooked:
                return work()
            self._arm(limits.instructions, limits.time_ms is not None)
            try:
                return work()
            finally:
                self._unhook()  # the C function: after a limit no Lua instruction runs before it
                self._stopped(self._disarm(), limits)
        finally:
            context.deadline, context.skill, self._owner = None, None, None

    def run(self, function: Any, *arguments: Any) -> tuple[Any, ...]:
        """All values of a Lua function; its error as CallFailed."""
        return self._checked(self._guard(self._run, function, *arguments))

    def run_json(self, function: Any, *arguments: Any) -> Json:
        """The first value of a Lua function as JSON value."""
        return json.loads(self._checked(self._guard(self._run_json, self._installed.encode, function, *arguments))[0])

    def limit_text(self, kind: str, limits: Limits) -> str:
        return {
            "time": f"execution timed out after {limits.time_ms} ms",
            "instruction": f"execution stopped after {limits.instructions} instructions",
            "memory": f"{_MEMORY_TEXT}: the limit is {limits.memory_bytes} bytes",
        }[kind]

    def _stopped(self, kind: LimitKind | None, limits: Limits) -> None:
        if kind is not None:
            self.dropped = True
            raise LimitExceeded(kind, self.limit_text(kind, limits))

    def _guard(self, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except self._lua.LuaMemoryError:
            self.dropped = True
            raise LimitExceeded("memory", self.limit_text("memory", self.limits)) from None
        except self._lua.LuaError as error:
            raise CallFailed(str(error)) from None

    def _checked(self, result: tuple[Any, ...]) -> tuple[Any, ...]:
        ok, count, *values = result
        if ok:
            return tuple(values[:count])
        text = str(values[0])
        if text.startswith(_MEMORY_TEXT):
            self.dropped = True
            raise LimitExceeded("memory", self.limit_text("memory", self.limits))
        raise CallFailed(text)

    def _tick(self) -> bool:
        deadline = self.context.deadline
        return deadline is not None and time.monotonic() >= deadline

    def _print(self, text: str) -> None:
        sink = self.context.print_sink
        if sink is None:
            self.context.host.log.info("[LuaSkill:info] %s", text)
        else:
            sink(text)


def _load(runtime: Any, name: str) -> Any:
    return runtime.compile(lua_source(name), name=f"={name}".encode())


def empty_arguments(args: object) -> Mapping[str, Json]:
    """Arguments of a call: anything but an object counts as empty."""
    return args if isinstance(args, dict) else {}
