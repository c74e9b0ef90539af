"""The haiku skill of the examples, which asks a model, over HTTP: every call in a fresh instance, and instances used
again; beside ``wasmtime serve`` with a one-line component, both ways. ``python -m bench.warm_reuse``."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from bench import built, wasmtime_serve
from bench.load import alone, post, together
from bench.processes import BACKEND, free_port, kernel, process
from bench.report import Line, at_least, median_ms, show

CALLS = 500
"""In a round with fresh instances."""
WARM_CALLS = 2000
ALONE = 100
ROUNDS = 7
"""Of all, one after the other: what else the machine does changes from second to second."""
CONNECTIONS = 16
REUSE = 1000
HAIKU = post("/v1/skills/dev/haiku/run", b'{"topic":"oat milk"}')
GREET = post("/v1/skills/dev/greet/run", b'{"name":"Homer"}')


def _rate(port: int, request: bytes, requests: int) -> float:
    """Calls per second."""
    times, seconds = together(port, request, connections=CONNECTIONS, requests=requests)
    return len(times) / seconds


class _Round(NamedTuple):
    """Calls per second, and milliseconds of one at a time."""

    fresh: float
    warm: float
    fresh_alone: float
    warm_alone: float
    fresh_greet: float
    warm_greet: float
    their_fresh: float
    their_warm: float


def _round(fresh: int, warm: int, their_fresh: int, their_warm: int) -> _Round:
    """Of servers on these ports."""
    return _Round(
        _rate(fresh, HAIKU, CALLS),
        _rate(warm, HAIKU, WARM_CALLS),
        median_ms(alone(fresh, HAIKU, ALONE)),
        median_ms(alone(warm, HAIKU, ALONE)),
        _rate(fresh, GREET, CALLS),
        _rate(warm, GREET, WARM_CALLS),
        _rate(their_fresh, wasmtime_serve.REQUEST, CALLS),
        _rate(their_warm, wasmtime_serve.REQUEST, WARM_CALLS),
    )


def main() -> None:
    backend, skills = free_port(), built.skills()
    used_again = {"NAMESPACES__DEV__INSTANCES__REUSE": str(REUSE)}
    with (
        process([*BACKEND, str(backend), "0", "0", "0"], backend),
        kernel(skills, backend_port=backend) as (fresh, _),
        kernel(skills, backend_port=backend, **used_again) as (warm, _),
        wasmtime_serve.server(1) as their_fresh,
        wasmtime_serve.server(REUSE) as their_warm,
    ):
        rounds = [_round(fresh, warm, their_fresh, their_warm) for _ in range(ROUNDS)]
    middle = _Round(*map(statistics.median, zip(*rounds, strict=True)))
    ratio = statistics.median(each.warm / each.fresh for each in rounds)
    greet_ratio = statistics.median(each.warm_greet / each.fresh_greet for each in rounds)
    show(
        f"the haiku skill with a stub of a model, {CONNECTIONS} calls at a time (medians of {ROUNDS} rounds)",
        [
            Line("this kernel, fresh instances", middle.fresh, "calls/s"),
            Line(f"this kernel, {REUSE} calls of an instance", middle.warm, "calls/s"),
            at_least("ratio", ratio, "x", 5.0),
            Line("this kernel, fresh instances, one at a time", middle.fresh_alone, "ms"),
            Line("this kernel, instances used again, one at a time", middle.warm_alone, "ms"),
            Line("a skill that asks nobody, fresh instances", middle.fresh_greet, "calls/s"),
            Line("a skill that asks nobody, instances used again", middle.warm_greet, "calls/s"),
            Line("ratio", greet_ratio, "x"),
            Line("wasmtime serve (a line of Python, no model), fresh instances", middle.their_fresh, "calls/s"),
            Line("wasmtime serve, instances used again", middle.their_warm, "calls/s"),
            Line("its ratio", middle.their_warm / middle.their_fresh, "x"),
            Line("this kernel's skill that asks nobody to it, fresh", middle.fresh_greet / middle.their_fresh, "x"),
            Line("this kernel's skill that asks nobody to it, used again", middle.warm_greet / middle.their_warm, "x"),
        ],
    )


if __name__ == "__main__":
    main()
