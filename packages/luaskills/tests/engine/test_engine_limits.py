"""Hostile code: the limits hold, the host survives, the next call works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.engine.printed import CUT, Printed
from luaskills.errors import CallFailed, LimitExceeded

POOL = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}
LIMITS = {"time_ms": 100, "memory_bytes": 64 << 20}
PATIENT = {"time_ms": 60_000, "memory_bytes": 64 << 20}

DEEP = (
    "local deepest = 0 local function probe(n) deepest = n return 1 + probe(n + 1) end pcall(probe, 1) "
    "local function spin(n) if n == 0 then while true do end end return 1 + spin(n - 1) end "
    "while true do for n = deepest, deepest - 60, -1 do %s end end"
)
ENDLESS = {
    "a loop": "while true do end",
    "goto": "::top:: pcall(error) goto top",
    "pcall": "while true do pcall(function() while true do end end) end",
    "xpcall": "xpcall(function() while true do end end, function() while true do end end)",
    "error handler": "while true do xpcall(error, function() while true do end end) end",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "yields": "local co = coroutine.create(function() while true do coroutine.yield() end end) "
    "while true do coroutine.resume(co) end",
    "protected yields": "local co = coroutine.create(function() while true do pcall(coroutine.yield) end end) "
    "while true do pcall(coroutine.resume, co) end",
    "new coroutines": "while true do coroutine.resume(coroutine.create(function() while true do "
    "pcall(vulcan.fs.exists, '/x') end end)) end",
    "the compiler is switched on": "if jit.on then jit.on() end while true do end",
    "tostring": "error(setmetatable({}, {__tostring = function() while true do end end}))",
    "format": "string.format('%s', setmetatable({}, {__tostring = function() while true do end end}))",
    "sort": "table.sort({1, 2, 3}, function() while true do end end)",
    "a reader": "load(function() return ' ' end) while true do end",
    "a reader that does not return": "while true do load(function() while true do end end) end",
    "string metatable": "getmetatable('').__index = function() while true do end end return ('x'):foo()",
    "global metatable": "setmetatable(_G, {__index = function() while true do end end}) return undefined",
    "host functions": "while true do vulcan.json.encode({1}) end",
    "protected host functions": "while true do pcall(vulcan.json.decode, '{') end",
    "host iterators": "while true do pcall(vulcan.io.lines, '/etc/hostname') end",
    "host iterators in a coroutine": "coroutine.wrap(function() while true do "
    "pcall(vulcan.io.lines, '/etc/hostname') end end)()",
    "printing": "while true do print('x') end",
    "isolated code": "while true do pcall(vulcan.runtime.lua.exec, {code = 'while true do end'}) end",
    "recursion that is caught": "local f f = function() while true do pcall(f) end end f()",
    "recursion with handlers": "local f f = function() while true do xpcall(f, function() end) end end f()",
    "recursion of coroutines": "local f f = function() while true do pcall(coroutine.wrap(f)) end end f()",
    "recursion through gsub": "local f f = function() while true do pcall(string.gsub, 'a', 'a', f) end end f()",
    "recursion through metatables": "local f f = function() while true do pcall(function() "
    "local x = setmetatable({}, {__index = f}).x end) end end f()",
    "a loop where the stack is full": DEEP % "pcall(spin, n)",
    "the same with handlers": DEEP % "xpcall(spin, function() return 'fine' end, n)",
    "the same in coroutines": DEEP % "coroutine.resume(coroutine.create(spin), n)",
    "the same in readers": DEEP % "load(function() spin(n) end)",
}
GREEDY = {
    "strings": "local t = {} while true do t[#t + 1] = string.rep('x', 1e6) .. #t end",
    "doubling": "local s = 'x' while true do s = s .. s end",
    "rep": "return string.rep('x', 1e8)",
    "tables": "local t = {} while true do t = {t, {}} end",
    "caught": "local t = {} while true do pcall(function() while true do t = {t} end end) end",
    "coroutines": "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
    "a large result": "local t = {} for i = 1, 1e6 do t[i] = {} end return t",
}
REFUSED = {
    "recursion": "local function f() return 1 + f() end return f()",
    "recursion through gsub": "local function f() return (string.gsub('a', 'a', f)) end return f()",
    "recursion through format": "local f f = function() return string.format('%s', setmetatable({}, "
    "{__tostring = f})) end return f()",
    "recursion through sort": "local f f = function() table.sort({1, 2}, f) end f()",
    "recursion of coroutines": "local function f() return coroutine.wrap(f)() end return f()",
    "recursion through metatables": "return setmetatable({}, {__index = function(t, k) return t[k + 1] end})[1]",
    "nesting": "local t = {} for i = 1, 1e5 do t = {t} end return t",
    "a cycle": "local t = {} t[1] = t return t",
    "rep beyond all memory": "return ('x'):rep(1e18)",
    "unpack": "return unpack({}, 1, 1e8)",
    "exit": "os.exit(1)",
    "ffi": "return require('ffi')",
    "jit.util": "return require('jit.util').funcbc(print)",
    "registry": "return debug.getregistry()",
    "hooks": "debug.sethook()",
    "upvalues": "return debug.getupvalue(print, 1)",
    "bytecode out": "return string.dump(function() end)",
    "bytecode in": "return load('\\27LJ')()",
    "bytecode for 5.4": "return load('\\27Lua')()",
    "native libraries": "return package.loadlib('libc.so.6', '*')",
    "native modules": "package.cpath = '/usr/lib/?.so' return require('libc')",
    "metatable of files": "getmetatable(io.stdout).__gc = 1",
    "metatable of host objects": "local h = vulcan.io.tmpfile() getmetatable(h).__index = nil",
    "members of host objects": "return vulcan.fs.read.__globals__",
    "the bridge": "return python.eval('1')",
    "the environment": "if not setfenv then error('none') end setfenv(0, {})",
    "binary result": "return '\\255'",
    "binary error": "error('\\255')",
    "binary key": "return {['\\255'] = 1}",
}


def options(**host: Any) -> EngineOptions:
    return EngineOptions.parse({"pool_config": POOL, "host_options": {"limits": LIMITS, **host}})


@pytest.fixture(scope="module", params=["luajit-standard", "luajit-locked", "lua54-standard", "lua54-locked"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    flavour, profile = request.param.split("-")
    with Engine(options(flavour=flavour, profile=profile)) as engine:
        yield engine


@pytest.fixture(scope="module", params=["luajit-standard", "luajit-locked", "lua54-standard", "lua54-locked"])
def patient(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """With time for what is meant to succeed."""
    flavour, profile = request.param.split("-")
    with Engine(options(flavour=flavour, profile=profile, limits=PATIENT)) as engine:
        yield engine


@pytest.mark.parametrize("code", ENDLESS.values(), ids=list(ENDLESS))
def test_endless_code_ends_at_the_time_limit(engine: Engine, code: str) -> None:
    with pytest.raises(LimitExceeded, match="execution timed out after 100 ms") as caught:
        engine.run_lua(code)
    assert caught.value.code == "time_limit"
    assert engine.run_lua("return 1") == 1


@pytest.mark.parametrize("code", GREEDY.values(), ids=list(GREEDY))
def test_memory_ends_at_the_heap_limit(engine: Engine, code: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        engine.run_lua(code)
    assert caught.value.code in ("memory_limit", "time_limit")
    assert engine.run_lua("return #string.rep('x', 2e7)") == 20_000_000


@pytest.mark.parametrize("flavour", ["luajit", "lua54"])
def test_a_heap_without_room_to_end_the_call_is_a_memory_limit_too(flavour: str) -> None:
    """What comes after the call is Lua as well; the VM it fails in serves no other call."""
    with Engine(options(flavour=flavour)) as engine:
        engine.run_lua("return 1")
        with engine._calls._pool.lend("") as vm:

            def full() -> None:
                raise vm._lua.LuaMemoryError

            vm._disarm = full
        with pytest.raises(LimitExceeded, match="not enough memory") as caught:
            engine.run_lua("return 1")
        assert caught.value.code == "memory_limit"
        assert engine.run_lua("return 1") == 1


@pytest.mark.parametrize("code", REFUSED.values(), ids=list(REFUSED))
def test_forbidden_or_bottomless_code_is_an_error(engine: Engine, code: str) -> None:
    with pytest.raises(CallFailed):
        engine.run_lua(code)
    assert engine.run_lua("return 1") == 1


@pytest.mark.parametrize("flavour", ["luajit", "lua54"])
@pytest.mark.parametrize("name", ["a loop", "recursion that is caught", "host functions", "a reader"])
def test_instructions_are_counted(flavour: str, name: str) -> None:
    with (
        Engine(options(flavour=flavour, limits={"instructions": 100_000})) as engine,
        pytest.raises(LimitExceeded, match="stopped after 100000 instructions") as caught,
    ):
        engine.run_lua(ENDLESS[name])
    assert caught.value.code == "instruction_limit"


def test_results_and_arguments_of_ten_megabytes_pass(patient: Engine) -> None:
    assert len(patient.run_lua("return string.rep('x', 1e7)")) == 10_000_000
    assert patient.run_lua("return #args.x", {"x": "y" * 10_000_000}) == 10_000_000


def test_a_vm_full_of_what_a_call_left_behind_is_not_used_again(patient: Engine) -> None:
    patient.run_lua("kept = string.rep('x', 2e7)")
    assert patient.run_lua("return kept == nil") is True


@pytest.mark.parametrize("flavour", ["luajit", "lua54"])
def test_trusted_code_may_do_all_this_but_its_loops_end_too(flavour: str) -> None:
    with Engine(options(flavour=flavour, profile="trusted")) as engine:
        assert engine.run_lua("return type(debug.getregistry())") == "table"
        with pytest.raises(CallFailed):
            engine.run_lua("os.exit(1)")
        with pytest.raises(LimitExceeded):
            engine.run_lua(ENDLESS["pcall"])


def test_a_collector_can_not_be_switched_off(patient: Engine) -> None:
    assert patient.run_lua("collectgarbage('stop') for i = 1, 1e4 do local t = ('x'):rep(1e4) .. i end return 1") == 1


@pytest.mark.parametrize("profile", ["standard", "locked"])
class TestBetweenSkills:
    """Skills that call one another, in each Lua; ``locked`` has a VM for each."""

    @pytest.fixture
    def run(self, each: Any, profile: str) -> Any:
        def run(body: str, limits: dict[str, int], **others: str) -> str:
            for skill_id, code in others.items():
                each.skill(skill_id, code)
            each.skill("outer", f"return function() {body} end")
            content: str = each.engine(limits=limits, profile=profile).call_skill("outer-run").content
            return content

        return run

    def test_a_callee_that_never_becomes_a_function_ends_the_call(self, run: Any) -> None:
        with pytest.raises(LimitExceeded, match="timed out"):
            run("while true do pcall(vulcan.call, 'inner-run') end", LIMITS, inner="while true do end")

    def test_a_callee_without_end_ends_the_call(self, run: Any) -> None:
        with pytest.raises(LimitExceeded, match="timed out"):
            run(
                "while true do pcall(vulcan.call, 'inner-run') end",
                LIMITS,
                inner="return function() while true do pcall(error) end end",
            )

    FILL = "local t = {} for i = 1, %d do t[i] = ('%s'):rep(1e6) .. i end "

    def test_a_nested_call_has_memory(self, run: Any) -> None:
        inner = "return function() " + self.FILL % (30, "y") + "return 'fits' end"
        assert run("return vulcan.call('inner-run')", PATIENT, inner=inner) == "fits"

    def test_nesting_finds_no_memory_that_its_caller_uses(self, run: Any) -> None:
        with pytest.raises(LimitExceeded, match="not enough memory") as caught:
            run(
                self.FILL % (40, "x") + "return vulcan.call('inner-run') .. #t",
                PATIENT,
                inner="return function() " + self.FILL % (40, "y") + "return 'x' end",
            )
        assert caught.value.code == "memory_limit"


def test_a_hostile_call_does_not_hold_up_the_others(each: Any) -> None:
    each.skill("hostile", "return function() vulcan.host.call('x', {}) while true do pcall(error) end end")
    each.skill("good")
    running = threading.Event()
    callbacks = CallbackTable()
    callbacks.set("host_tool", lambda _request: running.set())
    engine = each.engine(limits={"time_ms": 1000}, callbacks=callbacks)
    problems: list[LimitExceeded] = []

    def hostile() -> None:
        with pytest.raises(LimitExceeded) as caught:
            engine.call_skill("hostile-run")
        problems.append(caught.value)

    thread = threading.Thread(target=hostile)
    thread.start()
    assert running.wait(60)
    assert [engine.call_skill("good-run").content for _ in range(20)] == ["x"] * 20
    thread.join()
    assert problems[0].code == "time_limit"


def test_what_is_printed_without_end_is_cut() -> None:
    printed = Printed()
    for _ in range(3):
        printed.add("x" * 600_000)
    assert printed.lines == ("x" * 600_000, CUT)
