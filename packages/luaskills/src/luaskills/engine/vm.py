"""One Lua VM: compiles functions, runs them under the limits of a call, and says when it must be thrown away.

A call that hits a limit is stopped like this: a hook counts VM instructions and looks at the clock; once a
limit is over, every further instruction raises, so ``pcall`` loops and error handlers end too. LuaJIT's
compiled code calls no hook, so VMs with limits on time or instructions run with the JIT compiler off. Host
functions look at the clock before they go back to Lua. One long C function calls no hook: the heap limit bounds
``string.rep`` and ``table.concat``, but the search for a pattern or a text can take for ever.
:mod:`luaskills.engine.worker` puts the engine into a process that is killed at the deadline.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from luaskills.context import CallContext, HostServices, SkillScope, VmKind
from luaskills.engine import lua
from luaskills.engine.lua_packages import search_templates
from luaskills.engine.sources import SourceReader
from luaskills.errors import CallFailed, LimitExceeded, LimitKind, SkillBroken
from luaskills.types import InvocationContext, Json, Limits, Profile
from luaskills.vulcan import install
from luaskills.vulcan.chunk import chunk
from luaskills.vulcan.values import to_lua

T = TypeVar("T")
_STEP = 10_000
_MEMORY_TEXT = "not enough memory"
_HEAVY_PART = 4
_LEAST_BYTES = 1024 * 1024
_EMPTY = InvocationContext()


_FILES = {file.name: file for file in Path(__file__).parent.glob("*.lua")}


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
        self._over = False
        self._below = 0
        self._runtime = runtime = lua.new_runtime(host.flavour, limits.memory_bytes)
        step = min(_STEP, max(1, (limits.instructions or _STEP * 10) // 10))
        if self.hooked:
            self.context.settle = self._settle
        limit = _load(runtime, "limits.lua")(self._tick, self.hooked, step)
        _load(runtime, "dialect.lua")()
        self._inside = inside = _load(runtime, "vm.lua")(self.settling(self._print), limit["over"])
        self._installed = install(runtime, self.context)
        reader = self.settling((read or SourceReader(host)).bound(self.context))
        _load(runtime, "sandbox.lua")(host.profile.value, self.hooked, reader, self._tick, inside["file"])
        self._arm, self._disarm, self._sethook = limit["arm"], limit["disarm"], limit["sethook"]
        self._expire, self._stop = limit["expire"], limit["stop"]
        inside["search"](*search_templates(host.options, host.profile is Profile.TRUSTED))
        self._restore = inside["restore"]
        self._start = None if self.hooked else inside["start"]
        self._run, self._run_json, self._compile = inside["run"], inside["run_json"], inside["compile"]

    def memory_used(self) -> int:
        """Bytes of the Lua heap; 0 without a memory limit."""
        return self._runtime.get_memory_used() or 0

    @property
    def heavy(self) -> bool:
        """Whether what earlier calls left behind takes a good part of the memory of the next one."""
        most = self.limits.memory_bytes
        return most is not None and self.memory_used() > most // _HEAVY_PART

    def close(self) -> None:
        """Free the memory now; nothing else may be asked of it afterwards.

        Lua holds functions of this object, which holds Lua: without this it would all wait for Python's collector.
        """
        self._installed.close()
        vars(self).clear()

    def nest_below(self, caller: Vm) -> None:
        """Share the memory of a call with the VM it nests in; raises LimitExceeded when nothing is left."""
        most = self.limits.memory_bytes
        if most is None:
            return
        self._below = caller._below + caller.memory_used()
        left = most - self._below
        if left < self.memory_used() + _LEAST_BYTES:
            raise LimitExceeded("memory", self.limit_text("memory", self.limits))
        self._runtime.set_max_memory(left)

    def surface(self) -> None:
        """Have the whole memory again after a nested call."""
        if self._below:
            self._below = 0
            self._runtime.set_max_memory(self.limits.memory_bytes)

    def search(self, lua: str, native: str = "") -> None:
        """Put templates (each with its ``;``) in front of ``package.path`` and ``package.cpath`` of a fresh VM."""
        self._inside["search"](lua, native)

    def offer(self, name: str, function: Any) -> None:
        """Make a Lua function ``vulcan.{name}``."""
        self._installed.offer(name, function)

    def settling(self, function: Callable[..., T]) -> Callable[..., T]:
        """A host function that ends the call when a limit is over by the time it goes back to Lua."""
        if not self.hooked:
            return function

        def call(*arguments: Any) -> T:
            try:
                return function(*arguments)
            finally:
                self._settle()

        return call

    def wrap(self, name: str, *arguments: Any) -> Any:
        """The value of one of the Lua files beside this module, given ``arguments`` as ``...``."""
        return _load(self._runtime, name)(*arguments)

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
            raise CallFailed("the VM can not show its context: not enough memory")

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
        self._owner, self._over = threading.get_ident(), False
        if limits.time_ms is not None:
            context.deadline = time.monotonic() + limits.time_ms / 1000
        try:
            self._restore()
            self.enter(skill, request)
            if self._start is not None:
                self._start()
                self._start = None
            if not limits.hooked:
                return work()
            self._arm(limits.instructions, limits.time_ms is not None)
            try:
                return work()
            finally:
                self._sethook()  # the C function: after a limit no Lua instruction runs before it
                self._stopped(self._guard(self._disarm), limits)
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

    def _tick(self, other: str | None = None) -> bool:
        deadline = self.context.deadline
        self._over = other is not None or (deadline is not None and time.monotonic() >= deadline)
        return self._over

    def _settle(self) -> bool:
        """Whether the call is over; if so, the next Lua instruction ends it.

        Python catches the error of a limit that Lua code below it hits, and nothing stops LuaJIT from then on.
        """
        if self._owner is None or not (self._over or self._tick()):
            return False
        self._sethook()
        self._guard(self._expire, "time")
        self._sethook(self._stop, "", 1)
        return True

    def _print(self, text: str) -> None:
        sink = self.context.print_sink
        if sink is None:
            self.context.host.log.info("[LuaSkill:info] %s", text)
        else:
            sink(text)


def _load(runtime: Any, name: str) -> Any:
    return chunk(runtime, _FILES[name], f"={name}")
