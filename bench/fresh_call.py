"""A fresh, isolated call of a Python skill: over HTTP here, as a plain loop over the ``wasmtime`` package, and in
``wasmtime serve``."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import wasmtime
from wasmtime import component as api

from bench import built, wasmtime_serve
from bench.load import measure, post
from bench.processes import kernel
from bench.report import Line, at_least, at_most, median_ms, show

REQUESTS = 400
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
        rounds = [_round(plain, port, request, their_port) for _ in range(3)]
    best = sorted(rounds, key=lambda r: r[0] / r[1])[len(rounds) // 2]
    ours, loop, ours_rate, loop_rate, threaded_rate, their_ms, their_rate = best
    show(
        "a fresh isolated call of a Python skill (the round with the median ratio of 3)",
        [
            Line("plain loop over the wasmtime package, one at a time", loop, "ms"),
            Line("this kernel over HTTP, one at a time", ours, "ms"),
            at_most("ratio", ours / loop, "x", 1.0),
            Line("plain loop, calls per second", loop_rate, "calls/s"),
            Line("plain loop on 16 threads, calls per second", threaded_rate, "calls/s"),
            Line("this kernel over HTTP, 16 at a time", ours_rate, "calls/s"),
            at_least("ratio to the plain loop", ours_rate / loop_rate, "x", 1.5),
            Line("wasmtime serve, one-line Python component, one at a time", their_ms, "ms"),
            Line("ratio of this kernel's time to it", ours / their_ms, "x"),
            Line("wasmtime serve, 16 at a time", their_rate, "calls/s"),
            Line("ratio of this kernel's throughput to it", ours_rate / their_rate, "x"),
        ],
    )


def _round(plain: PlainLoop, port: int, request: bytes, their_port: int) -> tuple[float, ...]:
    loop_times = [plain.call() for _ in range(REQUESTS)]
    ours, _ = asyncio.run(measure(port, request, connections=1, requests=REQUESTS))
    theirs, _ = asyncio.run(measure(their_port, wasmtime_serve.REQUEST, connections=1, requests=REQUESTS))
    many, seconds = asyncio.run(measure(port, request, connections=16, requests=2 * REQUESTS))
    their_many, their_seconds = asyncio.run(
        measure(their_port, wasmtime_serve.REQUEST, connections=16, requests=2 * REQUESTS)
    )
    return (
        median_ms(ours),
        median_ms(loop_times),
        len(many) / seconds,
        REQUESTS / sum(loop_times),
        plain.throughput(16),
        median_ms(theirs),
        len(their_many) / their_seconds,
    )


if __name__ == "__main__":
    main()
