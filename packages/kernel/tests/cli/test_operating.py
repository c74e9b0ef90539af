"""What operators see of running processes: metrics of all workers, logs, the audit log, traces."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from components import wat
from doubles.openai_stub import OpenAiStub, Whole, completion_answer
from doubles.otlp_collector import Collector

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

HELLO = "/v1/skills/test-beta/hello/message-stream"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Running:
    """A kernel in a process of its own, and what it says."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = ""
        self.lines: list[dict[str, Any]] = []

    async def begin(self) -> None:
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        assert line.startswith("Listening on ")
        self.url = line.removeprefix("Listening on ").split()[0]

    async def until_said(self, message: str) -> dict[str, Any]:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.lines.append(json.loads(line))
            if message in self.lines[-1]["message"]:
                return self.lines[-1]
        raise AssertionError(f"never said {message!r}")

    async def post(self, path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=False, timeout=30) as client:
            return await client.post(path, json="hello", headers=headers)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(each) for each in children.read_text().split()]

    async def end(self) -> list[dict[str, Any]]:
        """Everything that was logged."""
        self.process.send_signal(signal.SIGTERM)
        _, rest = await self.process.communicate()
        return self.lines + [json.loads(line) for line in rest.decode().splitlines()]


@asynccontextmanager
async def running(folder: Path, *options: str, **settings: str) -> AsyncIterator[Running]:
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(folder), "INFERENCE": "none", **settings}
    command = [sys.executable, "-m", "pharia_kernel", "--address", "127.0.0.1:0", *options]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(100):
            kernel = Running(process)
            if "METRICS_ADDRESS" not in settings:
                await kernel.begin()
            yield kernel
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def streams(metrics: str) -> float:
    """How many streams were answered, as Prometheus reads it."""
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=30) as client:
        text = (await client.get(metrics)).text
    counted = [line for line in text.splitlines() if line.startswith("kernel_http_requests_total{")]
    return sum(float(line.split()[-1]) for line in counted if "message-stream" in line)


async def test_several_workers_give_one_answer_that_survives_them(tmp_path: Path) -> None:
    async with running(tmp_path, "--workers", "2", METRICS_ADDRESS="127.0.0.1:0") as kernel:
        metrics = (await kernel.until_said("metrics are at"))["url"]
        await kernel.begin()
        await asyncio.gather(*(kernel.post(HELLO) for _ in range(20)))
        assert await streams(metrics) == 20
        os.kill(kernel.workers()[0], signal.SIGKILL)
        await kernel.until_said("ended by itself")
        assert await streams(metrics) == 20
        await asyncio.gather(*(kernel.post(HELLO) for _ in range(20)))
        while len(kernel.workers()) < 2:  # noqa: ASYNC110 - no child of this process
            await asyncio.sleep(0.01)
        assert await streams(metrics) == 40


async def test_an_address_for_metrics_that_is_in_use_ends_the_kernel_with_a_text(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        async with running(tmp_path, METRICS_ADDRESS=f"{host}:{port}") as kernel:
            _, err = await kernel.process.communicate()
    assert kernel.process.returncode == 1
    assert f"Error: Could not bind a tcp listener to '{host}:{port}'" in err.decode()
    assert "METRICS_ADDRESS" in err.decode()


async def test_what_a_skill_prints_and_what_is_asked_for_it_carry_the_trace_and_no_secret(tmp_path: Path) -> None:
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "asking.wasm").write_bytes(wat.ASKING)
    audit = tmp_path / "audit.jsonl"
    async with Collector() as collector, OpenAiStub(Whole(completion_answer("Hello back"))) as stub:
        settings = {
            "INFERENCE": "openai",
            "OPENAI_INFERENCE__URL": stub.url,
            "OPENAI_INFERENCE__TOKEN": "sk-very-secret",
            "NAMESPACES__DEV__DIRECTORY": str(skills),
            "LOG_LEVEL": "debug",
            "AUDIT_LOG": str(audit),
            "OTEL_ENDPOINT": collector.url,
            "OTEL_SAMPLING_RATIO": "0",
        }
        async with running(tmp_path, **settings) as kernel:
            traceparent = f"00-{TRACE}-00f067aa0ba902b7-01"
            answer = await kernel.post(
                "/v1/skills/dev/asking/run", traceparent=traceparent, authorization="Bearer my-own-secret"
            )
            assert answer.json() == "Hello back"
            lines = await kernel.end()
        assert {span.name for span in collector.spans} >= {"load_skill", "skill_execution", "text_completion"}
        assert {span.trace_id for span in collector.spans} == {TRACE}
    (done,) = [line for line in lines if line["message"] == "skill dev/asking: ok"]
    assert done["trace_id"] == TRACE
    assert done["span_id"] in {span.id for span in collector.spans}
    assert "secret" not in json.dumps(lines) + collector.text + audit.read_text()


async def test_the_form_of_the_log_can_be_chosen(tmp_path: Path) -> None:
    async with running(tmp_path, LOG_FORMAT="console", LOG_LEVEL="debug") as kernel:
        await kernel.post(HELLO)
        kernel.process.send_signal(signal.SIGTERM)
        _, err = await kernel.process.communicate()
    assert b"\x1b[0m \x1b[2mpharia_kernel.api:\x1b[0m answered" in err
