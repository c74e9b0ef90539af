"""A thousand calls in flight, each waiting one second for a model: of a component in text form, which shows what the
kernel costs, and of a Python skill, which shows what its interpreter's memory adds."""

from __future__ import annotations

import asyncio
import time

from bench import built
from bench.load import exchange, post
from bench.processes import BACKEND, free_port, kernel, private_mib, process, threads
from bench.report import Line, at_most, show

CALLS = 1000
DELAY_MS = 1000
PYTHON = post("/v1/skills/dev/ask/run", b'{"name":"Homer"}')
TEXT_FORM = post("/v1/skills/dev/wait/run", b'"Homer"')


async def burst(port: int, pid: int, request: bytes) -> tuple[float, float, int]:
    """Seconds until all are answered; private memory at the top in MiB; threads."""
    streams = []
    for _ in range(CALLS):
        streams.append(await asyncio.open_connection("127.0.0.1", port))
    peak, most_threads, done = 0.0, 0, asyncio.Event()

    async def watch() -> None:
        nonlocal peak, most_threads
        while not done.is_set():
            peak, most_threads = max(peak, private_mib(pid)), max(most_threads, threads(pid))
            await asyncio.sleep(0.25)

    watcher = asyncio.create_task(watch())
    begin = time.perf_counter()
    await asyncio.gather(*(exchange(reader, writer, request) for reader, writer in streams))
    seconds = time.perf_counter() - begin
    done.set()
    await watcher
    for _, writer in streams:
        writer.close()
    return seconds, peak, most_threads


async def measure(what: str, port: int, pid: int, request: bytes) -> list[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await exchange(reader, writer, request)
    writer.close()
    before = private_mib(pid)
    seconds, peak, most_threads = await burst(port, pid, request)
    again, _, _ = await burst(port, pid, request)
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
            lines += asyncio.run(measure(what, port, pid, request))
    show(f"{CALLS:,} calls in flight, each waiting 1 s for a stub backend", lines)


if __name__ == "__main__":
    main()
