"""A thousand calls in flight, each waiting one second for a model: of a component in text form, which shows what the
kernel costs, and of a Python skill, which shows what its interpreter's memory adds."""

from __future__ import annotations

import threading

from bench import built
from bench.load import alone, post, together
from bench.processes import BACKEND, free_port, kernel, private_mib, process, threads
from bench.report import Line, at_most, show

CALLS = 1000
DELAY_MS = 1000
PYTHON = post("/v1/skills/dev/ask/run", b'{"name":"Homer"}')
TEXT_FORM = post("/v1/skills/dev/wait/run", b'"Homer"')


def burst(port: int, pid: int, request: bytes) -> tuple[float, float, int]:
    """Seconds until all are answered; private memory at the top in MiB; threads."""
    peak, most_threads, done = 0.0, 0, threading.Event()

    def watch() -> None:
        nonlocal peak, most_threads
        while not done.wait(0.25):
            peak, most_threads = max(peak, private_mib(pid)), max(most_threads, threads(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _, seconds = together(port, request, connections=CALLS, requests=CALLS, before=0)
    finally:
        done.set()
        watcher.join()
    return seconds, peak, most_threads


def measure(what: str, port: int, pid: int, request: bytes) -> list[Line]:
    alone(port, request, 1)
    before = private_mib(pid)
    seconds, peak, most_threads = burst(port, pid, request)
    again, _, _ = burst(port, pid, request)
    after = private_mib(pid)
    return [
        at_most(f"{what}: until all are answered", seconds, "s", 4),
        at_most(f"{what}: the same once more", again, "s", 4),
        at_most(f"{what}: private memory per waiting call", (peak - before) / CALLS, "MiB", 1.5),
        Line(f"{what}: private memory before", before, "MiB"),
        Line(f"{what}: private memory afterwards", after, "MiB"),
        at_most(f"{what}: threads", most_threads, "", 19),
    ]


def main() -> None:
    lines = []
    for what, request in (("text form", TEXT_FORM), ("Python", PYTHON)):
        backend_port = free_port()
        backend = [*BACKEND, str(backend_port), str(DELAY_MS), "0", "0"]
        with process(backend, backend_port), kernel(built.skills(), backend_port=backend_port) as (port, pid):
            lines += measure(what, port, pid, request)
    show(f"{CALLS:,} calls in flight, each waiting 1 s for a stub backend", lines)


if __name__ == "__main__":
    main()
