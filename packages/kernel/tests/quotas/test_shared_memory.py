"""Several processes that count together."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest

from pharia_kernel.errors import Saturated
from pharia_kernel.quotas import Admission, Ledger, Limits, LimitTable, Quotas, Spender, ledger_bytes
from pharia_kernel.quotas.bells import Bells, pipes
from pharia_kernel.quotas.limits import KERNEL, Account, Owner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no such memory")

PROCESSES = 3
ROUNDS = 400
WORK = f"""
import sys
from pharia_kernel.errors import QuotaExceeded
from pharia_kernel.quotas import Ledger, Limits
from pharia_kernel.quotas.limits import KERNEL, Account, Owner
from pharia_kernel.quotas.shared_memory import SharedMemory

ledger = Ledger(SharedMemory(int(sys.argv[1])), int(sys.argv[2]), {PROCESSES}, clock=lambda: 5.0, wall=lambda: 6e8)
calls = (Account(KERNEL, Limits()), Account(Owner("caller", "a"), Limits(rate=0.001, burst={ROUNDS})))
places = (Account(KERNEL, Limits()), Account(Owner("caller", "b"), Limits(concurrent=2, queued=0)))
tokens = (Account(Owner("caller", "c"), Limits(day_tokens={ROUNDS * 10})),)
print("ready", flush=True)
input()
passed = most = taken = 0
for _ in range({ROUNDS}):
    try:
        ledger.arrive(calls, behind=False)
        ledger.leave(calls, 0.0)
        passed += 1
    except QuotaExceeded:
        pass
    try:
        ledger.arrive(places, behind=False)
        most = max(most, ledger.running(places[1].owner))
        ledger.leave(places, 0.0)
    except QuotaExceeded:
        pass
    try:
        reservation = ledger.reserve(tokens, 15, 15)
        ledger.settle(reservation, 10)
        taken += 10
    except QuotaExceeded:
        pass
print(passed, most, taken)
"""


async def test_processes_share_one_quota_to_the_call_and_to_the_token() -> None:
    from pharia_kernel.quotas.shared_memory import SharedMemory, shared_descriptor

    descriptor = shared_descriptor(ledger_bytes(PROCESSES))
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORK, str(descriptor), str(number), stdin=PIPE, stdout=PIPE, pass_fds=(descriptor,)
        )
        for number in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
    told = [(await worker.communicate())[0] for worker in workers]
    passed, most, taken = zip(*([int(word) for word in line.split()] for line in told), strict=True)
    assert sum(passed) == ROUNDS
    assert max(most) <= 2
    assert ROUNDS * 10 - 15 < sum(taken) <= ROUNDS * 10
    ledger = Ledger(SharedMemory(descriptor), 0, PROCESSES, wall=lambda: 6e8)
    assert [ledger.running(Owner("caller", name)) for name in "ab"] == [0, 0]
    os.close(descriptor)


@pytest.fixture
async def processes() -> AsyncIterator[Callable[..., list[Quotas]]]:
    """Quotas as two processes have them, on one event loop."""
    from pharia_kernel.quotas.shared_memory import SharedMemory, shared_descriptor

    descriptor, made = shared_descriptor(ledger_bytes(2)), pipes(2)
    opened: list[Quotas] = []

    def make(table: LimitTable) -> list[Quotas]:
        for number in range(2):
            ledger = Ledger(SharedMemory(os.dup(descriptor)), number, 2)
            bells = Bells(made[number][0], [write for _, write in made])
            opened.append(Quotas(table, ledger, Admission(ledger, number, 2, bells)))
        return opened

    yield make
    for quotas in opened:
        quotas.close()
    for end in (descriptor, *(end for pair in made for end in pair)):
        os.close(end)


async def hold(quotas: Quotas, namespace: str, began: list[str], name: str, leave: asyncio.Event) -> None:
    async with quotas.place(Spender(namespace, "s", "a")):
        began.append(name)
        await leave.wait()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the news come through a pipe
            await asyncio.sleep(0.001)


async def test_a_place_that_becomes_free_in_one_process_is_taken_in_another(
    processes: Callable[..., list[Quotas]],
) -> None:
    first, second = processes(LimitTable(Limits(concurrent=1, queued=5)))
    began: list[str] = []
    leave = [asyncio.Event(), asyncio.Event()]
    tasks = [asyncio.create_task(hold(first, "dev", began, "first", leave[0]))]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(hold(second, "dev", began, "second", leave[1])))
    await asyncio.sleep(0)
    assert (began, second.waiting) == (["first"], 1)
    leave[0].set()
    await until(lambda: len(began) == 2)
    leave[1].set()
    await asyncio.gather(*tasks)
    assert second.ledger.running(KERNEL) == 0


async def test_a_process_that_floods_does_not_keep_the_places_from_another(
    processes: Callable[..., list[Quotas]],
) -> None:
    first, second = processes(LimitTable(Limits(concurrent=1, queued=50)))
    began: list[str] = []
    leave = asyncio.Event()
    leave.set()
    held = first.place(Spender("loud", "s", "a"))
    await held.__aenter__()
    tasks = [asyncio.create_task(hold(first, "loud", began, f"loud {number}", leave)) for number in range(30)]
    tasks.append(asyncio.create_task(hold(second, "quiet", began, "quiet", leave)))
    await asyncio.sleep(0)
    await held.__aexit__(None, None, None)
    await asyncio.gather(*tasks)
    assert began.index("quiet") <= 2


async def test_who_can_use_nothing_passes_the_news_on(processes: Callable[..., list[Quotas]]) -> None:
    table = LimitTable(Limits(concurrent=3, queued=50), namespaces={"loud": Limits(concurrent=1)})
    first, second = processes(table)
    began: list[str] = []
    leave = asyncio.Event()
    loud = asyncio.create_task(hold(second, "loud", began, "loud 0", leave))
    quiet = [first.place(Spender("quiet", "s", "a")) for _ in range(2)]
    for place in quiet:
        await place.__aenter__()
    tasks = [asyncio.create_task(hold(second, "loud", began, "loud 1", leave))]
    tasks.append(asyncio.create_task(hold(first, "quiet", began, "quiet", leave)))
    await asyncio.sleep(0)
    await quiet[0].__aexit__(None, None, None)
    await until(lambda: "quiet" in began)
    assert "loud 1" not in began
    leave.set()
    await quiet[1].__aexit__(None, None, None)
    await asyncio.gather(loud, *tasks)


HOLD = """
import sys
from pharia_kernel.quotas.shared_memory import SharedMemory

with SharedMemory(int(sys.argv[1])):
    print("held", flush=True)
    input()
"""


async def test_a_lock_that_is_not_given_back_is_an_error_and_no_wait_without_end() -> None:
    from pharia_kernel.quotas.shared_memory import SharedMemory, shared_descriptor

    descriptor = shared_descriptor(ledger_bytes(1))
    ticks = count()
    memory = SharedMemory(descriptor, clock=lambda: float(next(ticks)))
    command = (sys.executable, "-c", HOLD, str(descriptor))
    holder = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, pass_fds=(descriptor,))
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    everybody = (Account(KERNEL, Limits()),)
    with pytest.raises(Saturated, match="can not be counted now"):
        Ledger(memory).arrive(everybody, behind=False)
    holder.kill()
    await holder.wait()
    assert Ledger(memory).arrive(everybody, behind=False)
    os.close(descriptor)
