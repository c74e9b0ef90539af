"""A fresh, isolated call of a Python skill: over HTTP here, as a plain loop over the ``wasmtime`` package, and in
``wasmtime serve``."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import wasmtime
from wasmtime import component as api

from bench import built, wasmtime_serve
from bench.load import alone, post, together
from bench.processes import kernel
from bench.report import Line, at_least, at_most, median_ms, show

REQUESTS = 400
ROUNDS = 9
"""Of both, one after the other: what else the machine does changes from second to second."""
INPUT = b'{"name":"Homer"}'
EXPECTED = b'{"greeting":"Hello, Homer!"}'
HANDLER = "pharia:skill/skill-handler@"


class PlainLoop:
    """Instantiate, call, drop, by the package's own API."""

    def __init__(self, binary: bytes) -> None:
        self._engine = wasmtime.Engine()
        self._component = api.Component(self._engine, binary)
        self._linker = api.Linker(self._engine)
        self._linker.add_wasip2()
        self._define_csi()
        name = next(name for name in self._component.type.exports(self._engine) if name.startswith(HANDLER))
        self._handler = self._component.get_export_index(name)
        self._run = self._component.get_export_index("run", self._handler)
        assert self._run is not None

    def _define_csi(self) -> None:
        """The skill imports the CSI but does not call it."""
        with self._linker.root() as root:
            for name, extern in self._component.type.imports(self._engine).items():
                if name.startswith("pharia:") and isinstance(extern.ty, api.ComponentInstanceType):
                    with root.add_instance(name) as interface:
                        for member, item in extern.ty.exports(self._engine).items():
                            if isinstance(item.ty, api.FuncType):
                                interface.add_func(member, lambda *_: None)
                            elif isinstance(item.ty, api.ResourceType):
                                interface.add_resource(member, api.ResourceType.host(1), lambda *_: None)

    def call(self) -> float:
        begin = time.perf_counter()
        store = wasmtime.Store(self._engine)
        store.set_wasi(wasmtime.WasiConfig())
        instance = self._linker.instantiate(store, self._component)
        assert self._run is not None
        function = instance.get_func(store, self._run)
        assert function is not None
        answer = function(store, INPUT)
        function.post_return(store)
        store.close()
        assert bytes(getattr(answer, "payload", answer)) == EXPECTED, answer
        return time.perf_counter() - begin

    def throughput(self, threads: int) -> float:
        """Calls per second."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: self.call(), range(threads)))
            begin = time.perf_counter()
            list(pool.map(lambda _: self.call(), range(REQUESTS)))
            return REQUESTS / (time.perf_counter() - begin)


def main() -> None:
    folder = built.skills()
    plain = PlainLoop((folder / "greet.wasm").read_bytes())
    request = post("/v1/skills/dev/greet/run", INPUT)
    with kernel(folder) as (port, _), wasmtime_serve.server() as their_port:
        for _ in range(20):
            plain.call()
        rounds = [_round(plain, port, request, their_port) for _ in range(ROUNDS)]
    one_at_a_time = statistics.median(each.ours / each.loop for each in rounds)
    throughput = statistics.median(each.ours_rate / each.loop_rate for each in rounds)
    loop, ours, theirs, loop_rate, threaded_rate, ours_rate, their_rate = map(
        statistics.median, zip(*rounds, strict=True)
    )
    show(
        f"a fresh isolated call of a Python skill (medians of {ROUNDS} rounds)",
        [
            Line("plain loop over the wasmtime package, one at a time", loop, "ms"),
            Line("this kernel over HTTP, one at a time", ours, "ms"),
            at_most("ratio", one_at_a_time, "x", 1.0),
            Line("plain loop, calls per second", loop_rate, "calls/s"),
            Line("plain loop on 16 threads, calls per second", threaded_rate, "calls/s"),
            Line("this kernel over HTTP, 16 at a time", ours_rate, "calls/s"),
            at_least("ratio to the plain loop", throughput, "x", 1.5),
            Line("wasmtime serve, one-line Python component, one at a time", theirs, "ms"),
            Line("ratio of this kernel's time to it", ours / theirs, "x"),
            Line("wasmtime serve, 16 at a time", their_rate, "calls/s"),
            Line("ratio of this kernel's throughput to it", ours_rate / their_rate, "x"),
        ],
    )


class _Round(NamedTuple):
    """Milliseconds of one call at a time, and calls per second."""

    loop: float
    ours: float
    theirs: float
    loop_rate: float
    threaded_rate: float
    ours_rate: float
    their_rate: float


def _round(plain: PlainLoop, port: int, request: bytes, their_port: int) -> _Round:
    one_at_a_time = REQUESTS // 4
    loop_times = [plain.call() for _ in range(one_at_a_time)]
    ours = alone(port, request, one_at_a_time)
    theirs = alone(their_port, wasmtime_serve.REQUEST, one_at_a_time)
    many, seconds = together(port, request, connections=16, requests=REQUESTS)
    their_many, their_seconds = together(their_port, wasmtime_serve.REQUEST, connections=16, requests=REQUESTS)
    return _Round(
        median_ms(loop_times),
        median_ms(ours),
        median_ms(theirs),
        one_at_a_time / sum(loop_times),
        plain.throughput(16),
        len(many) / seconds,
        len(their_many) / their_seconds,
    )


if __name__ == "__main__":
    main()
