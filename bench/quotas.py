"""Limits: what counting costs, and who gets what when twenty callers ask for twice their quota.

``python -m bench.quotas``. A run of 30 s; the quiet caller is measured alone first.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import built
from bench.processes import kernel
from bench.report import Line, at_least, at_most, show
from pharia_kernel.access.keys import edited, new_key
from pharia_kernel.quotas import Ledger, Limits, LimitTable, Quotas, Spender, ledger_bytes
from pharia_kernel.quotas.limits import KERNEL, Account, Owner
from pharia_kernel.quotas.memory import Memory, OwnMemory
from pharia_kernel.quotas.shared_memory import SharedMemory, shared_descriptor
from pharia_kernel.types import Action
from pharia_kernel.usage import UsageBook

CALLERS = 20
RATE = 10
"""Calls per second that each may make; it tries twice as many."""
QUIET_RATE = 8
SECONDS = 30.0
ALONE_SECONDS = 15.0
ROUNDS = 20_000
BODY = b'{"name":"Homer"}'
LIMITED = Limits(concurrent=1000, rate=1e6, burst=1000)
SPENDER = Spender("dev", "greet", "key:1")


def _microseconds(work: Callable[[], object]) -> float:
    for _ in range(ROUNDS // 10):
        work()
    begin = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    return (time.perf_counter() - begin) / ROUNDS * 1e6


def _visits(memory: Memory, processes: int) -> tuple[float, float]:
    """A call, its beginning and its end; a reservation and its settlement."""
    ledger = Ledger(memory, 0, processes)
    accounts = (Account(KERNEL, Limits(concurrent=1000)), Account(Owner("caller", "a"), LIMITED))
    tokens = (Account(Owner("caller", "a"), Limits(minute_tokens=10**12, day_tokens=10**12)),)

    def call() -> None:
        ledger.arrive(accounts, behind=False)
        ledger.leave(accounts, 0.001)

    return _microseconds(call), _microseconds(lambda: ledger.settle(ledger.reserve(tokens, 10, 10), 5))


async def _placed() -> float:
    """One call of one caller with limits, in a process alone."""
    quotas = Quotas.alone(LimitTable(Limits(concurrent=1000), each_caller=LIMITED))
    begin = time.perf_counter()
    for _ in range(ROUNDS):
        async with quotas.place(SPENDER):
            pass
    return (time.perf_counter() - begin) / ROUNDS * 1e6


def costs() -> list[Line]:
    own = _visits(OwnMemory(ledger_bytes(1)), 1)
    descriptor = shared_descriptor(ledger_bytes(4))
    shared = _visits(SharedMemory(descriptor), 4)
    os.close(descriptor)
    book = UsageBook()
    return [
        Line("a call with limits of its own, in one process, all told", asyncio.run(_placed()), "us"),
        Line("of that: counting its beginning and its end", own[0], "us"),
        Line("the same in memory shared by 4 processes", shared[0], "us"),
        Line("reserving and settling tokens", own[1], "us"),
        Line("the same in memory shared by 4 processes", shared[1], "us"),
        Line("noting a call", _microseconds(lambda: book.called(SPENDER, failed=False, seconds=0.1)), "us"),
    ]


class Caller:
    def __init__(self, port: int, token: str) -> None:
        self._port = port
        head = [
            "POST /v1/skills/dev/greet/run HTTP/1.1",
            "Host: bench",
            f"Authorization: Bearer {token}",
            "Content-Type: application/json",
            f"Content-Length: {len(BODY)}",
        ]
        self._request = "\r\n".join([*head, "", ""]).encode() + BODY
        self.answers: dict[int, int] = {}
        self.seconds: list[float] = []

    async def ask(self, rate: float, seconds: float) -> None:
        """At even intervals, whatever becomes of the calls before; no two callers in step."""
        loop = asyncio.get_running_loop()
        begin, calls = loop.time() + random.uniform(0, 1 / rate), []
        idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        for number in range(round(rate * seconds)):
            await asyncio.sleep(begin + number / rate - loop.time())
            calls.append(asyncio.create_task(self._once(idle)))
        await asyncio.gather(*calls)
        for _, writer in idle:
            writer.close()

    async def _once(self, idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
        began = time.perf_counter()
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        idle.append((reader, writer))
        self.answers[status] = self.answers.get(status, 0) + 1
        self.seconds.append(time.perf_counter() - began)

    @property
    def p95_ms(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)] * 1e3


async def _run(port: int, tokens: list[str]) -> list[Line]:
    await Caller(port, tokens[0]).ask(QUIET_RATE, 2)
    alone = Caller(port, tokens[0])
    await alone.ask(QUIET_RATE, ALONE_SECONDS)
    quiet, loud = Caller(port, tokens[0]), [Caller(port, token) for token in tokens[1:]]
    await asyncio.gather(quiet.ask(QUIET_RATE, SECONDS), *(caller.ask(2 * RATE, SECONDS) for caller in loud))
    served = [caller.answers.get(200, 0) / (RATE * SECONDS) for caller in loud]
    others = sum(count for caller in loud for status, count in caller.answers.items() if status not in (200, 429))
    return [
        at_least("least that one of them got, of its quota", min(served), "x", 0.99),
        at_most("most that one of them got, of its quota", max(served), "x", 1.01),
        at_most("answers other than 200 and 429", others, "", 0),
        at_most("calls of the quiet caller that were refused", len(quiet.seconds) - quiet.answers.get(200, 0), "", 0),
        Line("p95 of the quiet caller, alone", alone.p95_ms, "ms"),
        Line("p95 of the quiet caller, beside them", quiet.p95_ms, "ms"),
        at_most("ratio", quiet.p95_ms / alone.p95_ms, "x", 1.5),
    ]


def main() -> None:
    show("what limits and usage cost", costs())
    with tempfile.TemporaryDirectory() as folder:
        file, tokens = Path(folder) / "keys.toml", []
        made = [
            new_key(f"caller {number}", ["dev"], [Action.RUN], datetime.now(UTC), None) for number in range(CALLERS + 1)
        ]
        edited(file, lambda _: [key for key, _ in made])
        tokens = [token for _, token in made]
        with kernel(
            built.skills(),
            ACCESS__MODE="keys",
            ACCESS__KEYS_FILE=str(file),
            AUDIT_LOG="off",
            NAMESPACES__DEV__INSTANCES__REUSE="1000",  # so that it is limits that are measured, and not the machine's
            CALLERS__DEFAULT__LIMITS__RATE=f"{RATE}/s",
        ) as (port, _):
            lines = asyncio.run(_run(port, tokens))
    show(f"{CALLERS} callers at twice their quota of {RATE} calls per second for {SECONDS:g} s, in all workers", lines)


if __name__ == "__main__":
    main()
