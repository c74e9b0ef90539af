from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from pharia_kernel.cli.stop import SIGNALS, stop_signals


@pytest.mark.parametrize("number", SIGNALS)
async def test_the_first_signal_asks_and_the_second_would_end_the_process(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    async with asyncio.timeout(10):
        with stop_signals() as stop:
            os.kill(os.getpid(), number)
            await stop.wait()
            assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_DFL, signal.SIG_DFL]
    assert {each: signal.getsignal(each) for each in SIGNALS} == before


async def test_a_signal_interrupts_the_start() -> None:
    async def start() -> None:
        with stop_signals() as stop, stop.interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.create_task(start()), 10)


async def test_after_the_start_a_signal_interrupts_nothing() -> None:
    async with asyncio.timeout(10):
        with stop_signals() as stop:
            with stop.interrupts():
                pass
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()


_AS_FIRST_PROCESS = """
import asyncio, os, signal
from pharia_kernel.cli.stop import stop_signals

async def main():
    own = os.getpid()
    os.getpid = lambda: 1
    with stop_signals() as stop:
        os.kill(own, signal.SIGTERM)
        await stop.wait()
        os.kill(own, signal.SIGTERM)
        await asyncio.sleep(30)

asyncio.run(main())
"""


def test_the_second_signal_ends_the_first_process_of_a_container_too() -> None:
    ended = subprocess.run([sys.executable, "-c", _AS_FIRST_PROCESS], timeout=60, check=False)
    assert ended.returncode == 128 + signal.SIGTERM
