"""A thousand calls in flight, each waiting one second for a model."""

from __future__ import annotations

import asyncio
import time

from bench import built
from bench.load import exchange, post
from bench.processes import BACKEND, free_port, kernel, private_mib, process, threads
from bench.report import Line, at_most, show

CALLS = 1000
DELAY_MS = 1000
REQUEST = post("/v1/skills/dev/ask/run", b'{"name":"Homer"}')


async def burst(port: int, pid: int) -> tuple[float, float, int]:
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
    await asyncio.gather(*(exchange(reader, writer, REQUEST) for reader, writer in streams))
    seconds = time.perf_counter() - begin
    done.set()
    await watcher
    for _, writer in streams:
        writer.close()
    return seconds, peak, most_threads


async def measure(port: int, pid: int) -> list[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await exchange(reader, writer, REQUEST)
    writer.close()
    before = private_mib(pid)
    seconds, peak, most_threads = await burst(port, pid)
    again, _, _ = await burst(port, pid)
    after = private_mib(pid)
    return [
        at_most("until all are answered", seconds, "s", 4),
        at_most("the same once more", again, "s", 4),
        at_most("private memory per waiting call", (peak - before) / CALLS, "MiB", 1.5),
        Line("private memory before", before, "MiB"),
        Line("private memory afterwards", after, "MiB"),
        at_most("threads", most_threads, "", 19),
    ]


def main() -> None:
    folder = built.skills()
    backend_port = free_port()
    backend = [*BACKEND, str(backend_port), str(DELAY_MS), "0", "0"]
    with process(backend, backend_port), kernel(folder, backend_port=backend_port) as (port, pid):
        show(f"{CALLS:,} calls in flight, each waiting 1 s for a stub backend", asyncio.run(measure(port, pid)))


if __name__ == "__main__":
    main()
