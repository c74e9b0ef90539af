"""A call of a Lua skill inside this process, beside a plain loop over the Lua runtime the engine stands on.

``python -m bench.lua``. The plain loop keeps one runtime and one function: it checks nothing, shows the skill no
context and repairs nothing afterwards. The two take turns in short batches, so that other work on the machine falls on
both; of each the median batch counts. Over HTTP: ``python -m bench.lua_http``.
"""

from __future__ import annotations

import json
import logging
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.report import Line, at_least, at_most, show
from luaskills.engine import lua
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.types import Flavour

SKILLS = 100
BATCHES = 60
POOL = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}
NOTHING = "return function(args) return '' end"
ECHO = "return function(args) return vulcan.json.encode(args) end"
WORK = "return function(args) local x = 0 for i = 1, 2e7 do x = (x * 31 + i) % 1000003 end return tostring(x) end"
HITS = {
    "query": "how do skills run",
    "hits": [
        {
            "id": f"doc-{n}",
            "title": f"A title of document number {n}",
            "snippet": "some words of the text that was found, " * 5,
            "score": n / 4,
            "tags": ["alpha", "beta"],
            "meta": {"lang": "en", "year": 2000 + n},
        }
        for n in range(9)
    ],
}
"""About 3 KB, as a search answers."""
ROWS = {"rows": [{"id": n, "name": f"row {n}", "tags": ["a", "b"], "score": n / 7} for n in range(40)]}
"""About 3 KB of which most is structure."""
PLAIN_ENCODER = r"""
local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }
local function text(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return escapes[c] or ('\\u%04x'):format(c:byte()) end) .. '"'
end
local function encode(v)
  if type(v) == 'string' then return text(v) end
  if type(v) ~= 'table' then return tostring(v) end
  local parts = {}
  if #v > 0 then
    for i = 1, #v do parts[i] = encode(v[i]) end
    return '[' .. table.concat(parts, ',') .. ']'
  end
  for key, value in pairs(v) do parts[#parts + 1] = text(key) .. ':' .. encode(value) end
  return '{' .. table.concat(parts, ',') .. '}'
end
return encode
"""


def packages(folder: Path) -> list[dict[str, str]]:
    """A chain of one root with a hundred skills."""
    bodies = {"nothing": NOTHING, "echo": ECHO, "work": WORK}
    bodies |= {f"skill-{number}": NOTHING for number in range(SKILLS - len(bodies))}
    for skill_id, body in bodies.items():
        runtime = folder / "root_skills" / skill_id / "runtime"
        runtime.mkdir(parents=True)
        (runtime / "run.lua").write_text(body)
        (runtime.parent / "skill.yaml").write_text(
            f"name: {skill_id}\nversion: 1.0.0\nentries:\n"
            f"  - {{name: run, description: a skill, lua_entry: runtime/run.lua, lua_module: {skill_id}}}\n"
        )
    return [{"name": "ROOT", "skills_dir": str(folder / "root_skills")}]


def started(roots: list[dict[str, str]], **host: Any) -> Engine:
    engine = Engine(EngineOptions.parse({"pool_config": POOL, "host_options": host}))
    engine.load_from_roots(roots)
    return engine


@contextmanager
def engines(roots: list[dict[str, str]]) -> Iterator[dict[str, Engine]]:
    """One engine as it comes, one under a time limit, one locked."""
    made = {
        "as it comes": started(roots),
        "with a time limit": started(roots, limits={"time_ms": 60_000}),
        "profile locked": started(roots, profile="locked"),
    }
    try:
        yield made
    finally:
        for engine in made.values():
            engine.close()


def plain(body: str) -> Callable[[Any], Any]:
    """The plain loop: arguments into a table, one Lua call, its text back."""
    runtime = lua.module(Flavour.LUAJIT).LuaRuntime()
    runtime.execute("vulcan = { json = { encode = ... } }", runtime.execute(PLAIN_ENCODER))
    function = runtime.execute(body)
    table_from = runtime.table_from
    return lambda args: function(table_from(args, recursive=True))


def in_turns(uses: dict[str, Callable[[], Any]], times: int) -> dict[str, float]:
    """Microseconds of one use in the median batch of each."""
    spent: dict[str, list[float]] = {name: [] for name in uses}
    for batch in range(BATCHES):
        order = list(uses.items())
        for name, use in order if batch % 2 else order[::-1]:
            begin = time.perf_counter()
            for _ in range(times):
                use()
            if batch >= BATCHES // 10:  # the first ones compile
                spent[name].append((time.perf_counter() - begin) / times)
    return {name: statistics.median(values) * 1e6 for name, values in spent.items()}


def calls(made: dict[str, Engine], entry: str, body: str, args: Any, times: int) -> dict[str, float]:
    """Microseconds of one call, of the plain loop and of each engine."""
    loop = plain(body)

    def use(engine: Engine) -> Callable[[], Any]:
        return lambda: engine.call_skill(entry, args)

    return in_turns(
        {"plain": lambda: loop(args)} | {name: use(engine) for name, engine in made.items()},
        times,
    )


def compared(title: str, micros: dict[str, float], wanted: float | None) -> None:
    base, ours = micros["plain"], micros["as it comes"]
    what = "one call, the engine as it comes"
    first = Line(what, ours, "us") if wanted is None else at_most(what, ours, "us", wanted)
    others = [Line(f"one call, {name}", micros[name], "us") for name in ("with a time limit", "profile locked")]
    show(title, [first, *others, Line("the plain loop", base, "us"), Line("engine / plain loop", ours / base, "x")])


def starts(roots: list[dict[str, str]]) -> list[float]:
    """Milliseconds from options to an engine whose entries can be called."""
    found = []
    for _ in range(7):
        begin = time.perf_counter()
        engine = started(roots)
        found.append((time.perf_counter() - begin) * 1e3)
        engine.close()
    return found


def throughput(engine: Engine, threads: int, each: int = 4) -> float:
    """Calls per second of so many threads at once."""
    everybody = threading.Barrier(threads + 1)

    def work() -> None:
        everybody.wait()
        for _ in range(each):
            engine.call_skill("work-run")

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    everybody.wait()
    begin = time.perf_counter()
    for thread in running:
        thread.join()
    return threads * each / (time.perf_counter() - begin)


def parallel(engine: Engine) -> float:
    """How much more two threads get done than one: the median of neighbouring measurements."""
    throughput(engine, 2)
    return statistics.median(throughput(engine, 2) / throughput(engine, 1) for _ in range(5))


def main() -> None:
    logging.getLogger("luaskills.runtime").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        roots = packages(Path(folder))
        start = statistics.median(starts(roots))
        with engines(roots) as made:
            size = len(json.dumps(HITS)) / 1000
            compared("Lua in this process: a no-op entry", calls(made, "nothing-run", NOTHING, {}, 200), 30)
            compared(
                f"Lua in this process: {size:.1f} KB of JSON in and out", calls(made, "echo-run", ECHO, HITS, 40), 150
            )
            size = len(json.dumps(ROWS)) / 1000
            compared(
                f"Lua in this process: {size:.1f} KB of small values in and out",
                calls(made, "echo-run", ECHO, ROWS, 40),
                None,
            )
            show(
                "Lua in this process: an engine",
                [
                    at_most(f"start with {SKILLS} skills", start, "ms", 200),
                    at_least("calls of 2 threads / of 1 thread", parallel(made["as it comes"]), "x", 1.8),
                ],
            )


if __name__ == "__main__":
    main()
