from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from components import wat
from doubles.openai_stub import OpenAiStub, Whole, completion_answer
from pharia_kernel.cli.serve import readiness
from pharia_kernel.types import SkillPath

HELLO = "/v1/skills/test-beta/hello/message-stream"


@asynccontextmanager
async def kernel_process(folder: Path, address: str, **settings: str) -> AsyncIterator[Process]:
    environ = {
        "PATH": os.environ["PATH"],
        "XDG_CACHE_HOME": str(folder),
        "INFERENCE": "none",
        "KERNEL_ADDRESS": address,
        **settings,
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
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
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


async def test_it_may_open_as_many_files_as_the_operator_allows(tmp_path: Path) -> None:
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = len(os.listdir("/proc/self/fd")) + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, former[1]))  # which the process inherits
    try:
        async with asyncio.timeout(60), kernel_process(tmp_path, "127.0.0.1:0") as process:
            await listening(process)
            assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (former[1], former[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, former)


async def test_model_requests_belong_to_the_trace_of_their_request(tmp_path: Path) -> None:
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "asking.wasm").write_bytes(wat.ASKING)
    async with asyncio.timeout(60), OpenAiStub(Whole(completion_answer("Hello back"))) as stub:
        settings = {
            "INFERENCE": "openai",
            "OPENAI_INFERENCE__URL": stub.url,
            "OPENAI_INFERENCE__TOKEN": "sk-test",
            "NAMESPACES__DEV__DIRECTORY": str(skills),
        }
        async with (
            kernel_process(tmp_path, "127.0.0.1:0", **settings) as process,
            httpx.AsyncClient(base_url=await listening(process), trust_env=False, verify=False, timeout=30) as client,
        ):
            answer = await client.post("/v1/skills/dev/asking/run", json="hello")
    assert answer.json() == "Hello back"
    assert stub.received[-1].headers["traceparent"] == answer.headers["traceparent"]  # traces are off: no other span


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "No skills yet"), (2, "Serving dev/s0, dev/s1"), (10, "and 2 more")],
)
def test_the_start_says_what_can_be_called(count: int, text: str) -> None:
    assert text in readiness([SkillPath("dev", f"s{number}") for number in range(count)])
