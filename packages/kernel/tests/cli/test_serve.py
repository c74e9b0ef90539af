from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from pharia_kernel.cli.serve import readiness
from pharia_kernel.types import SkillPath

HELLO = "/v1/skills/test-beta/hello/message-stream"


@asynccontextmanager
async def kernel_process(folder: Path, address: str) -> AsyncIterator[Process]:
    environ = {
        "PATH": os.environ["PATH"],
        "XDG_CACHE_HOME": str(folder),
        "INFERENCE": "none",
        "KERNEL_ADDRESS": address,
    }
    command = [sys.executable, "-c", "from pharia_kernel.cli import app; app()"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def listening(process: Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("Listening on http://127.0.0.1:")
    return line.removeprefix("Listening on ").strip()


async def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    async with asyncio.timeout(60), kernel_process(tmp_path, "127.0.0.1:0") as process:
        url = await listening(process)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            assert (await client.get("/readyz")).status_code == 200
            assert '"text":"H"' in (await client.post(HELLO, json="Homer")).text
        process.send_signal(signal.SIGTERM)
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert b"Stopping" in out


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with asyncio.timeout(60), kernel_process(tmp_path, "127.0.0.1:0") as process:
        host, port = (await listening(process)).removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = (
            "POST /v1/skills/a/b/run HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"
        )
        writer.write(head.encode())
        await writer.drain()
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        while b"Stopping" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert await process.wait() == -signal.SIGINT
        writer.close()


async def test_an_address_in_use_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        async with asyncio.timeout(60), kernel_process(tmp_path, address) as process:
            out, err = await process.communicate()
            assert (process.returncode, out) == (1, b"")
            assert err.decode().startswith(f"Error: Could not bind a tcp listener to '{address}': ")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "No skills yet"), (2, "Serving dev/s0, dev/s1"), (10, "and 2 more")],
)
def test_the_start_says_what_can_be_called(count: int, text: str) -> None:
    assert text in readiness([SkillPath("dev", f"s{number}") for number in range(count)])
