"""A Python skill that asks a model, over HTTP: every call in a fresh instance, and instances used again; beside
``wasmtime serve`` with a one-line component, both ways. ``python -m bench.warm_reuse``."""

from __future__ import annotations

from bench import built, wasmtime_serve
from bench.load import alone, post, together
from bench.processes import BACKEND, free_port, kernel, process
from bench.report import Line, at_least, median_ms, show

REQUESTS = 1000
CONNECTIONS = 16
REUSE = 1000
ASK = post("/v1/skills/dev/ask/run", b'{"name":"Homer"}')
GREET = post("/v1/skills/dev/greet/run", b'{"name":"Homer"}')


def _calls(port: int, request: bytes) -> tuple[float, float]:
    """Calls per second, and milliseconds of one at a time."""
    many, seconds = together(port, request, connections=CONNECTIONS, requests=REQUESTS)
    return len(many) / seconds, median_ms(alone(port, request, REQUESTS // 5))


def _kernel(reuse: int) -> list[tuple[float, float]]:
    """Of the skill that asks a model, and of one that asks nobody."""
    backend_port = free_port()
    backend = [*BACKEND, str(backend_port), "0", "0", "0"]
    settings = {"NAMESPACES__DEV__INSTANCES__REUSE": str(reuse)}
    with (
        process(backend, backend_port),
        kernel(built.skills(), backend_port=backend_port, **settings) as (port, _),
    ):
        return [max(_calls(port, request) for _ in range(3)) for request in (ASK, GREET)]


def _wasmtime(reuse: int) -> tuple[float, float]:
    with wasmtime_serve.server(reuse) as port:
        return max(_calls(port, wasmtime_serve.REQUEST) for _ in range(3))


def main() -> None:
    (fresh, fresh_alone), (warm, warm_alone) = _kernel(1), _kernel(REUSE)
    their_fresh, their_warm = _wasmtime(1), _wasmtime(REUSE)
    show(
        f"a Python skill that asks a model, {CONNECTIONS} calls at a time (the best of 3 rounds)",
        [
            Line("this kernel, fresh instances", fresh[0], "calls/s"),
            Line(f"this kernel, {REUSE} calls of an instance", warm[0], "calls/s"),
            at_least("ratio", warm[0] / fresh[0], "x", 5.0),
            Line("this kernel, fresh instances, one at a time", fresh[1], "ms"),
            Line("this kernel, instances used again, one at a time", warm[1], "ms"),
            Line("a skill that asks nobody, fresh instances", fresh_alone[0], "calls/s"),
            Line("a skill that asks nobody, instances used again", warm_alone[0], "calls/s"),
            Line("ratio", warm_alone[0] / fresh_alone[0], "x"),
            Line("wasmtime serve (a line of Python, no model), fresh instances", their_fresh[0], "calls/s"),
            Line("wasmtime serve, instances used again", their_warm[0], "calls/s"),
            Line("its ratio", their_warm[0] / their_fresh[0], "x"),
            Line("this kernel's skill that asks nobody to it, fresh", fresh_alone[0] / their_fresh[0], "x"),
            Line("this kernel's skill that asks nobody to it, used again", warm_alone[0] / their_warm[0], "x"),
        ],
    )


if __name__ == "__main__":
    main()
