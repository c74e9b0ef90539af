"""Hostile code: the limits hold, the host survives, the next call works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.engine.worker import WorkerEngine
from luaskills.errors import CallFailed, LimitExceeded

POOL = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}
PATTERN = "return string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40) .. 'b')"


def options(**host: Any) -> dict[str, Any]:
    return {"pool_config": POOL, "host_options": host}


@pytest.fixture(scope="module", params=["luajit-standard", "luajit-locked", "lua54-standard", "lua54-locked"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    flavour, profile = request.param.split("-")
    limits = {"time_ms": 200, "memory_bytes": 64 << 20}
    with Engine(EngineOptions.parse(options(flavour=flavour, profile=profile, limits=limits))) as engine:
        yield engine
        assert engine.run_lua("return 1") == 1


@pytest.mark.parametrize(
    "code",
    [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "while true do xpcall(error, function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "local co = coroutine.create(function() while true do coroutine.yield() end end) "
        "while true do coroutine.resume(co) end",
        "if jit.on then jit.on() end while true do end",
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
        "load(function() return ' ' end) while true do end",
    ],
)
def test_endless_code_ends_at_the_time_limit(engine: Engine, code: str) -> None:
    with pytest.raises(LimitExceeded, match="execution timed out after 200 ms") as caught:
        engine.run_lua(code)
    assert caught.value.code == "time_limit"


@pytest.mark.parametrize(
    "code",
    [
        "local t = {} while true do t[#t + 1] = string.rep('x', 1e6) .. #t end",
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 1e8)",
    ],
)
def test_memory_ends_at_the_heap_limit(engine: Engine, code: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        engine.run_lua(code)
    assert caught.value.code in ("memory_limit", "time_limit")


@pytest.mark.parametrize(
    "code",
    [
        "local function f() return 1 + f() end return f()",
        "local function f() return (string.gsub('a', 'a', f)) end return f()",
        "local function f() return coroutine.wrap(f)() end return f()",
        "os.exit(1)",
        "return require('ffi')",
        "return debug.getregistry()",
        "return string.dump(function() end)",
        "return load('\\27LJ')()",
        "getmetatable(io.stdout).__gc = 1",
        "return '\\255'",
        "error('\\255')",
    ],
)
def test_forbidden_or_bottomless_code_is_an_ordinary_error(engine: Engine, code: str) -> None:
    with pytest.raises(CallFailed):
        engine.run_lua(code)
    assert engine.run_lua("return 1") == 1


def test_instructions_are_counted() -> None:
    limits = {"instructions": 100_000}
    with (
        Engine(EngineOptions.parse(options(limits=limits))) as engine,
        pytest.raises(LimitExceeded, match="stopped after 100000 instructions"),
    ):
        engine.run_lua("while true do end")


def test_a_result_of_ten_megabytes_passes(engine: Engine) -> None:
    assert len(engine.run_lua("return string.rep('x', 1e6)")) == 1_000_000


def test_a_worker_is_killed_when_a_pattern_backtracks_for_ever() -> None:
    with WorkerEngine(options(), deadline_ms=300) as worker:
        assert worker.run_lua("return args.x", {"x": 1}) == 1
        with pytest.raises(LimitExceeded, match="the worker was killed"):
            worker.run_lua(PATTERN)
        assert worker.run_lua("return 2") == 2
