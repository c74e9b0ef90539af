"""1 MB of bytes into a guest and out again: our converters beside the value classes of the ``wasmtime`` package."""

from __future__ import annotations

import asyncio
import time

import wasmtime
from wasmtime import component as api

from bench.report import Line, at_least, median_ms, show
from pharia_kernel.runtimes.wasm.host.host import ComponentHost

SIZE = 1_000_000
MEMORY = 64 << 20
ROUNDS = 7
ECHO = """
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (memory.grow (i32.const 32)))
      (i32.const 1024))
    (func (export "run") (param $address i32) (param $length i32) (result i32)
      (i32.store (i32.const 0) (local.get $address))
      (i32.store (i32.const 4) (local.get $length))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (param "in" (list u8)) (result (list u8))
    (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
"""


def value_classes(binary: bytes, data: bytes) -> list[float]:
    engine = wasmtime.Engine()
    component = api.Component(engine, binary)
    times = []
    for _ in range(ROUNDS):
        store = wasmtime.Store(engine)
        begin = time.perf_counter()
        function = api.Linker(engine).instantiate(store, component).get_func(store, "run")
        assert function is not None
        assert bytes(function(store, data)) == data
        times.append(time.perf_counter() - begin)
    return times


async def ours(binary: bytes, data: bytes) -> list[float]:
    times = []
    with ComponentHost() as host:
        component = host.load(binary, lambda name, interface: None)
        run = component.function(None, "run")
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            assert await host.execution(component, run, None, memory_bytes=MEMORY).run([data]) == data
            times.append(time.perf_counter() - begin)
    return times


def main() -> None:
    binary = bytes(wasmtime.wat2wasm(ECHO))
    data = bytes(range(256)) * (SIZE // 256)
    theirs_ms = median_ms(value_classes(binary, data))
    ours_ms = median_ms(asyncio.run(ours(binary, data)))
    show(
        "1 MB of bytes in and out of an echo component, median",
        [
            Line("value classes of the wasmtime package", theirs_ms, "ms"),
            Line("this host", ours_ms, "ms"),
            at_least("times faster", theirs_ms / ours_ms, "x", 10),
        ],
    )


if __name__ == "__main__":
    main()
