"""Several processes behind one address."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from pharia_kernel.cli.serve import worker_share
from pharia_kernel.config import Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

HELLO = "/v1/skills/test-beta/hello/message-stream"


@asynccontextmanager
async def kernel(folder: Path, *options: str, **settings: str) -> AsyncIterator[Process]:
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(folder), "INFERENCE": "none", **settings}
    command = [sys.executable, "-m", "pharia_kernel", "--address", "127.0.0.1:0", "--workers", "2", *options]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def address(process: Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("Listening on http://127.0.0.1:"), line
    assert line.endswith(" (2 workers)\n")
    return line.removeprefix("Listening on ").split()[0]


def workers(process: Process) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


async def greeting(url: str) -> bool:
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
        return '"text":"H"' in (await client.post(HELLO, json="Homer")).text


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists()


async def gone(pids: list[int]) -> bool:
    while any(map(alive, pids)):  # noqa: ASYNC110 - no children of this process
        await asyncio.sleep(0.01)
    return True


async def test_all_serve_and_end_with_the_process_that_watches(tmp_path: Path) -> None:
    async with kernel(tmp_path) as process:
        url = await address(process)
        pids = workers(process)
        assert len(pids) == 2
        assert all(await asyncio.gather(*(greeting(url) for _ in range(20))))
        process.send_signal(signal.SIGTERM)
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert b"Stopping" in out
        assert await gone(pids)


async def test_a_worker_that_is_killed_is_started_again_and_its_connections_wait(tmp_path: Path) -> None:
    async with kernel(tmp_path) as process:
        url = await address(process)
        killed, other = workers(process)
        os.kill(killed, signal.SIGKILL)
        assert all(await asyncio.gather(*(greeting(url) for _ in range(20))))
        while len(workers(process)) < 2:  # noqa: ASYNC110 - no child of this process
            await asyncio.sleep(0.01)
        assert other in workers(process)
        assert killed not in workers(process)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        assert b"ended by itself (exit code -9)" in err


async def test_workers_do_not_outlive_the_process_that_watches(tmp_path: Path) -> None:
    async with kernel(tmp_path) as process:
        await address(process)
        pids = workers(process)
        process.kill()
        await process.wait()
        assert await gone(pids)


async def test_the_second_signal_ends_all_at_once(tmp_path: Path) -> None:
    async with kernel(tmp_path) as process:
        url = await address(process)
        pids = workers(process)
        host, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {HELLO} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        while b"Stopping" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert await process.wait() == -signal.SIGINT
        assert await gone(pids)
        writer.close()


async def test_a_worker_that_can_not_start_ends_the_kernel_with_its_message(tmp_path: Path) -> None:
    async with kernel(tmp_path, INFERENCE="openai") as process:
        _, err = await process.communicate()
        assert process.returncode == 1
        assert b"inference = openai needs an endpoint" in err
        assert b"could not start (exit code 1)" in err


def test_threads_are_shared_out_and_calls_are_counted_together() -> None:
    settings = Settings.model_validate(
        {"workers": 3, "threads": 2, "limits": {"concurrent-calls": 100, "queued-calls": 0}}
    )
    share = worker_share(settings)
    assert (share.limits.concurrent_calls, share.limits.queued_calls, share.threads) == (100, 0, 1)


def test_a_worker_has_two_threads_unless_told_otherwise() -> None:
    share = worker_share(Settings.model_validate({"workers": 256}))
    assert share.threads == 2
