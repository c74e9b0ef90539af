"""The bridge of one VM: binds host functions into Lua, seals the API tables, and shows each call its own context.

Cost per call: `enter` compares about 150 table fields in Lua and makes the few tables that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from luaskills.context import CallContext, SkillScope
from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import received
from luaskills.vulcan.call_tables import request_fields, skill_fields
from luaskills.vulcan.chunk import chunk
from luaskills.vulcan.function import Handle, HostFunction, Iterator
from luaskills.vulcan.values import NotForLua, to_lua

BOOT = Path(__file__).with_name("boot.lua")
MANAGED_IO = Path(__file__).with_name("managed_io.lua")

_KNOWN_SKILLS = 256


class Bridge:
    """`vulcan` in one Lua runtime; satisfies `luaskills.context.Installed`."""

    def __init__(self, runtime: Any, context: CallContext) -> None:
        self._runtime, self._context = runtime, context
        self._lua = chunk(runtime, BOOT, "@vulcan")()
        self._bind, self._enter = self._lua.bind, self._lua.enter
        self._layout: list[str] = []
        self._functions: list[tuple[str, HostFunction]] = []
        self._values: dict[str, Mapping[str, object]] = {}
        # by identity: hashing a scope costs more than a call may
        self._static: dict[int, tuple[SkillScope | None, Any]] = {}

    def table(
        self, path: str, functions: Mapping[str, HostFunction] | None = None, values: Mapping[str, object] | None = None
    ) -> None:
        """Add the table `vulcan.{path}` with functions and plain values; its parent must be there."""
        names = functions or {}
        self._layout.append(f"{path}:{','.join(names)};")
        self._functions += [(f"{path}.{name}", function) for name, function in names.items()]
        if values:
            self._values[path] = values

    def function(self, name: str, function: HostFunction) -> Any:
        """A Lua function that calls `function`; refusals become Lua errors with their text."""
        return self._bind(self._guarded(name, function))

    def sealed(self) -> None:
        """Make the tables, all at once, and remember them as they are now: later changes by skills are undone."""
        self._lua.build("".join(self._layout), self._numbered, to_lua(self._runtime, self._values))

    @property
    def encode(self) -> Any:
        """A Lua function: a value → its JSON text; raises a table with the reason as its first element."""
        return self._lua.encode

    def manage_io(self, log: Any) -> None:
        """Put the managed `io` in place of the native one; `log` is a Lua function for output without a file."""
        self._lua.manage_io(chunk(self._runtime, MANAGED_IO, "@vulcan.io"), log)

    def offer(self, name: str, function: Any) -> None:
        """Make a Lua function of the engine `vulcan.{name}`, after sealing; it shows from the next `enter` on."""
        self._lua.offer(name, function)

    def enter(self) -> bool:
        """Repair the core tables and show the current context; False when the VM must be dropped."""
        context = self._context
        known = self._static.get(id(context.skill))
        static = known[1] if known is not None else self._static_of(context.skill)
        request = context.request
        shown = None
        if request.request_context or request.client_budget or request.tool_config:
            shown = to_lua(self._runtime, request_fields(request))
        return bool(self._enter(static, shown, context.luaexec_active, context.luaexec_caller, context.entry_file))

    def close(self) -> None:
        """Let go of the runtime, which holds this object by its functions."""
        vars(self).clear()

    def _static_of(self, skill: SkillScope | None) -> Any:
        if len(self._static) >= _KNOWN_SKILLS:
            self._static.clear()
        static = to_lua(self._runtime, skill_fields(skill))
        self._static[id(skill)] = skill, static
        return static

    def _guarded(self, name: str, function: HostFunction) -> Callable[..., tuple[bool, object]]:
        return lambda *values: self._answer(name, function, values)

    def _numbered(self, number: int, *values: object) -> tuple[bool, object]:
        """What function ``number`` (from 1) of the tables answers."""
        return self._answer(*self._functions[number - 1], values)

    def _answer(self, name: str, function: HostFunction, values: tuple[object, ...]) -> tuple[bool, object]:
        context = self._context
        failed: Exception | None = None
        try:
            answer: tuple[bool, object] = True, self._result(name, function(received(values)))
        except HostFunctionError as error:
            answer = False, str(error).encode("utf-8", "replace")
        except MemoryError:
            answer = False, f"{name}: not enough memory".encode()
        except NotForLua as error:
            answer = False, f"{name}: {error}".encode()
        except UnicodeEncodeError:
            answer = False, f"{name}: a text of the answer is not valid Unicode".encode()
        except Exception as error:
            failed = error
            answer = False, f"{name}: internal error ({type(error).__name__})".encode()
        over = context.settle is not None and context.settle()
        if failed is not None and not over:
            context.host.log.error("vulcan.%s failed", name, exc_info=failed)
        return answer

    def _result(self, name: str, value: object) -> object:
        if isinstance(value, Handle):
            methods = self._runtime.table()
            for method, function in value.methods.items():
                methods[method] = self._guarded(f"{name}:{method}", function)
            return self._lua.handle(methods, self._runtime.table_from(list(value.methods)))
        if isinstance(value, Iterator):
            return self.function(name, value.step)
        return to_lua(self._runtime, value)
