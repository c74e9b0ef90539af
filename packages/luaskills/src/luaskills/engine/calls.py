"""Running entries, free code and help bodies in pooled VMs, and what skills call in one another."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from luaskills.context import CallContext, ExecOutcome, ExecRequest, HostServices, SkillScope, VmKind
from luaskills.engine.catalog import Catalog
from luaskills.engine.options import EngineOptions
from luaskills.engine.package import BoundEntry
from luaskills.engine.pool import VmPool
from luaskills.engine.printed import Printed
from luaskills.engine.results import parse_result
from luaskills.engine.vm import Vm
from luaskills.errors import (
    CallFailed,
    EngineError,
    LimitExceeded,
    ManifestError,
    ResultInvalid,
    SkillBroken,
    SkillNotFound,
)
from luaskills.types import CallResult, InvocationContext, Json

_NESTED, _NESTED_APART = "nested.lua", "nested_apart.lua"
_EXEC_TOOLS = ("vulcan-runtime-lua-exec", "vulcan-runtime-lua-file")
_EXEC_CONTEXT = InvocationContext(
    request_context={
        "transport_name": "luaexec_call",
        "session_id": "luaexec-call-internal",
        "client_info": {"kind": "runtime", "name": "luaexec_call", "version": "internal-runtime"},
    }
)


class Calls:
    """The calls of one catalog: its entries, its VMs. Thread safe; calls run in parallel, each in a VM of its own."""

    def __init__(self, catalog: Catalog, options: EngineOptions, host: Callable[[Calls], HostServices]) -> None:
        self.catalog, self._options = catalog, options
        self.host = host(self)
        self._apart = options.isolation != "pooled"
        self._pool = VmPool(options.pool, lambda: self.new_vm(VmKind.SKILL), reuse=options.isolation != "fresh")
        self._exec_pool = VmPool(options.exec_pool, lambda: self.new_vm(VmKind.EXEC))
        self._depth = threading.local()

    def warm(self) -> None:
        """Make the VMs that stand ready, and say which entries do not compile."""
        if not self._apart:
            self._pool.warm("")
        with self._pool.lend("") as vm:
            for bound in self.catalog.entries.values():
                problem = vm.syntax_problem(bound.source, bound.chunk_name)
                if problem:
                    self.host.log.error("[LuaSkill] %s", _compile_text(bound, problem))

    def prepare(self, name: str) -> None:
        """A VM for the next call of an entry."""
        bound = self.entry(name)
        self._pool.warm(bound.entry.skill_id if self._apart else "")

    def retire(self) -> None:
        self._pool.retire()
        self._exec_pool.retire()

    def new_vm(self, kind: VmKind) -> Vm:
        """A VM outside the pools, for its caller alone."""
        vm = Vm(self.host, kind, self._options.limits)
        if self._apart or kind is not VmKind.SKILL:
            vm.offer("call", vm.wrap(_NESTED_APART, vm.settling(self._call_apart(vm)), vm.encode))
        else:
            switch = _Switch(vm, self)
            vm.offer("call", vm.wrap(_NESTED, vm.settling(switch.open), vm.settling(switch.close)))
        return vm

    def call_skill(self, name: str, args: Json, request: InvocationContext) -> CallResult:
        """Run an entry; raises SkillNotFound, CallFailed and its kinds."""
        bound = self.entry(name)
        given: Mapping[str, Json] = args if isinstance(args, dict) else {}
        if bound.check is not None:
            bound.check(given)

        def work(vm: Vm) -> CallResult:
            values = vm.run(self.function(vm, bound), vm.to_lua(given))
            capabilities = request.request_context.get("client_capabilities")
            return parse_result(name, values, vm.lua_type, vm.to_json, capabilities)

        try:
            result: CallResult = self._in_vm(bound, request, work)
            return result
        except UnicodeDecodeError as error:
            raise ResultInvalid(f"Lua skill '{name}' returned an invalid UTF-8 string: {error}") from None
        except (ResultInvalid, SkillBroken):
            raise
        except LimitExceeded as error:
            raise LimitExceeded(error.kind, f"Lua skill '{name}' error: {error}") from None
        except CallFailed as error:
            raise CallFailed(f"Lua skill '{name}' error: {error}") from None

    def run_lua(self, code: str, args: Json, request: InvocationContext) -> Json:
        """The first value of code as JSON value; raises CallFailed."""
        given = args if isinstance(args, dict) else {}

        def work(vm: Vm) -> Json:
            return vm.run_json(vm.with_args(code, "run_lua"), vm.to_lua(given))

        try:
            with self._pool.lend("") as vm:
                return vm.call(lambda: work(vm), None, request)
        except UnicodeDecodeError as error:
            raise CallFailed(f"Lua run_lua error: the result is not valid UTF-8: {error}") from None
        except LimitExceeded as error:
            raise LimitExceeded(error.kind, f"Lua run_lua error: {error}") from None
        except CallFailed as error:
            raise CallFailed(f"Lua run_lua error: {error}") from None

    def help_body(self, scope: SkillScope, source: bytes, request: InvocationContext) -> Any:
        """What a help file in Lua yields, with its Lua type name: ``(value, type)``."""
        key = scope.skill_id if self._apart else ""

        def work(vm: Vm) -> tuple[Any, str]:
            value = vm.run_chunk(source, scope.entry_name)
            if vm.lua_type(value) == "function":
                values = vm.run(value)
                value = values[0] if values else None
            return value, vm.lua_type(value)

        with self._pool.lend(key) as vm:
            return vm.call(lambda: work(vm), scope, request)

    def execute(self, request: ExecRequest, caller: CallContext) -> ExecOutcome:
        """``vulcan.runtime.lua.exec``: code in a VM of the other pool, under its own time limit."""
        printed = Printed()
        remaining = caller.remaining()
        time_ms = request.timeout_ms if remaining is None else max(1, min(request.timeout_ms, int(remaining * 1000)))
        with self._exec_pool.lend("") as vm:
            context = vm.context
            context.luaexec_active = True
            context.luaexec_caller = caller.skill.tool_name if caller.skill else None
            context.entry_file = request.file
            context.cwd = request.file.rpartition("/")[0] or "/" if request.file else caller.cwd
            context.print_sink = printed.add
            try:
                values = vm.call(lambda: _exec_values(vm, request), None, _EXEC_CONTEXT, time_ms=time_ms)
                return ExecOutcome(values=values, printed=printed.lines)
            except LimitExceeded as error:
                text = f"luaexec {error}" if error.kind == "time" else str(error)
                return ExecOutcome(printed=printed.lines, error=text)
            except CallFailed as error:
                return ExecOutcome(printed=printed.lines, error=str(error))
            except UnicodeDecodeError as error:
                return ExecOutcome(printed=printed.lines, error=f"the result is not valid UTF-8: {error}")
            finally:
                context.luaexec_active, context.luaexec_caller = False, None
                context.entry_file, context.cwd, context.print_sink = None, None, None

    def entry(self, name: str) -> BoundEntry:
        bound = self.catalog.entries.get(name)
        if bound is None:
            raise SkillNotFound(f"Lua skill '{name}' not found")
        return bound

    def function(self, vm: Vm, bound: BoundEntry) -> Any:
        """The handler of an entry in a VM, compiled there at its first use; raises SkillBroken."""
        name = bound.entry.canonical_name
        try:
            if bound.package.manifest.debug:
                self.host.log.info("[LuaSkill] Hot reload %s: %s", bound.chunk_name, bound.scope.entry_file)
                return vm.load_afresh(bound.source, bound.chunk_name)
            return vm.functions.get(name) or vm.load(name, bound.source, bound.chunk_name)
        except ManifestError as error:
            raise SkillBroken(str(error)) from None
        except SkillBroken as error:
            raise SkillBroken(
                str(error).replace(
                    f"skill '{bound.chunk_name}'", f"skill '{bound.entry.skill_id}::{bound.chunk_name}'", 1
                )
            ) from None

    def callee(self, context: CallContext, name: object) -> BoundEntry:
        """The entry ``vulcan.call`` names; raises SkillNotFound or CallFailed for what ``lua.exec`` may not call."""
        if context.luaexec_active:
            if name == context.luaexec_caller:
                raise CallFailed(f"vulcan.call cannot call the current luaexec caller tool '{name}'")
            if name in _EXEC_TOOLS:
                raise CallFailed(f"vulcan.call cannot invoke '{name}' inside luaexec")
        bound = self.catalog.entries.get(name) if isinstance(name, str) else None
        if bound is None:
            raise SkillNotFound(f"Skill '{name}' not found")
        return bound

    def check_depth(self, depth: int) -> None:
        if depth >= self._options.limits.depth:
            raise LimitExceeded("depth", f"vulcan.call is nested deeper than {self._options.limits.depth} levels")

    def _in_vm(self, bound: BoundEntry, request: InvocationContext, work: Callable[[Vm], Any]) -> Any:
        self.check_depth(self._pool.holds)
        with self._pool.lend(bound.entry.skill_id if self._apart else "") as vm:
            return vm.call(lambda: work(vm), bound.scope, request)

    def _call_apart(self, caller: Vm) -> Callable[[object, str], Any]:
        def call(name: object, text: str) -> Any:
            try:
                bound = self.callee(caller.context, name)
                args = json.loads(text) or {}

                def work(vm: Vm) -> Any:
                    values = vm.run(self.function(vm, bound), vm.to_lua(args if isinstance(args, dict) else {}))
                    return [vm.to_json(value) for value in values]

                remaining = caller.context.remaining()
                self.check_depth(self._pool.holds + self._exec_pool.holds)
                with self._pool.lend(bound.entry.skill_id if self._apart else "") as vm:
                    time_ms = None if remaining is None else max(1, int(remaining * 1000))
                    vm.nest_below(caller)
                    values = vm.call(lambda: work(vm), bound.scope, caller.context.request, time_ms=time_ms)
                return caller.to_lua(values) if values else caller.to_lua([False]), len(values)
            except (EngineError, UnicodeDecodeError, ValueError) as error:
                return None, str(error)

        return call


class _Switch:
    """Switches the one VM of a nested call between caller and callee."""

    def __init__(self, vm: Vm, calls: Calls) -> None:
        self._vm, self._calls = vm, calls

    def open(self, name: object) -> Any:
        vm, context = self._vm, self._vm.context
        try:
            bound = self._calls.callee(context, name)
            self._calls.check_depth(len(vm.callers))
            function = self._calls.function(vm, bound)
        except EngineError as error:
            return None, str(error)
        vm.callers.append(context.skill)
        vm.enter(bound.scope, context.request)
        return function

    def close(self) -> None:
        vm = self._vm
        if vm.callers:
            vm.enter(vm.callers.pop(), vm.context.request)


def _exec_values(vm: Vm, request: ExecRequest) -> tuple[tuple[str, Json], ...]:
    values = vm.run(vm.with_args(request.code, "luaexec"), vm.to_lua(request.args))
    return tuple((vm.lua_type(value), vm.to_json(value)) for value in values)


def _compile_text(bound: BoundEntry, problem: str) -> str:
    return f"Failed to compile skill '{bound.entry.skill_id}::{bound.chunk_name}': {problem}"
