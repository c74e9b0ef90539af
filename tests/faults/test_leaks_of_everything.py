"""Five hundred rounds of calls to a kernel with everything configured, in one process: nothing is left."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from components import wat
from doubles.description_server import description_server
from doubles.identity_service import identity_service
from doubles.mcp_servers import PROGRAM
from doubles.oci_image import skill_image
from doubles.openai_stub import Choose, Events, OpenAiStub, Whole, completion_answer
from doubles.otlp_collector import Collector
from doubles.scripted_registry import scripted_registry
from pharia_kernel import Kernel, Settings
from pharia_kernel.api.server import bind, serve
from pharia_kernel.composition.telemetry import telemetry

from .running import children, until

ROUNDS = 150
WARM_UP = 20
CONNECTIONS = 8
QUESTION = [{"text": "Guten Tag, wie geht es Ihnen heute?", "languages": ["deu", "eng"]}]
CHUNKS = [{"text": "One. Two. " * 20, "params": {"model": "any", "max_tokens": 20, "overlap": 0}}]
TOOLS = {
    "namespace": "dev",
    "requests": [{"name": "add", "arguments": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]}],
}


@dataclass(frozen=True, slots=True)
class Held:
    files: int
    tasks: int
    threads: int
    processes: int

    @classmethod
    def now(cls) -> Held:
        return cls(
            len(os.listdir("/proc/self/fd")),
            len(asyncio.all_tasks()),
            threading.active_count(),
            len(children(os.getpid())),
        )

    def is_within(self, other: Held) -> bool:
        return all(mine <= theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))


def settings_of(folder: Path, **urls: str) -> Settings:
    registry = {"registry": urls["registry"], "base-repository": "skills"}
    return Settings.model_validate(
        {
            "namespaces": {
                "dev": {
                    "directory": folder / "skills",
                    "native-tools": ["add"],
                    "skill-tools": True,
                    "mcp-servers": [{"command": [sys.executable, str(PROGRAM), "stdio"]}],
                },
                "images": {**registry, "skills": [{"name": "echo", "tag": "1"}]},
                "team": {**registry, "config-url": urls["description"]},
            },
            "openai-inference": {"url": urls["model"], "token": "sk-test"},
            "authorization-url": urls["identity"],
            "access": {"request-seconds": "5s", "iam": {"cache-seconds": "1ms", "refused-seconds": "1ms"}},
            "otel-endpoint": urls["collector"],
            "otel-sampling-ratio": 1,
            "limits": {"rate": 100_000, "tokens-per-day": 10**9},
            "callers": {"default": {"limits": {"concurrent-calls": 100, "tokens-per-minute": 10**8}}},
            "usage": {"file": folder / "usage.json"},
            "audit-log": str(folder / "audit.log"),
            "chunking": {"fallback": "characters"},
            "embedded-documents": {"directory": folder / "documents"},
            "embeddings": {"url": urls["model"], "model": "any"},
            "directory-scan-interval": "20ms",
            "namespace-update-interval": "50ms",
            "cache-dir": folder / "cache",
        }
    )


def _reply(body: Any) -> Whole | Events:
    if body["prompt"] == "break":
        return Events([b'{"choices":'], then="reset")
    return Whole(completion_answer("Hello back"))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Of a kernel with all that."""
    skills = tmp_path / "skills"
    skills.mkdir()
    for name, code in {"asking": wat.ASKING, "trap": wat.TRAPPING, "stream": wat.STREAM_ECHO}.items():
        (skills / f"{name}.wasm").write_bytes(code)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        registry = await enter(scripted_registry())
        for skill in ("echo", "other"):
            registry.put(f"skills/{skill}:1", skill_image(wat.TEXT_ECHO))
        description = await enter(description_server())
        description.text = 'skills = [{name = "other", tag = "1"}]'
        identity = await enter(identity_service())
        identity.permissions = {"alice": ["KernelAccess"]}
        stub = await enter(OpenAiStub(Choose(_reply)))
        collector = await enter(Collector())
        settings = settings_of(
            tmp_path,
            registry=f"http://{registry.host}",
            description=description.url,
            identity=identity.url,
            model=stub.url,
            collector=collector.url,
        )
        seen = await enter(telemetry(settings))
        kernel = await enter(Kernel(settings, tracer=seen.tracing.tracer, metrics=seen.metrics))
        server = serve(kernel, settings, listener=bind("127.0.0.1:0"), tracing=seen.tracing, metrics=seen.metrics)
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        yield await enter(
            httpx.AsyncClient(base_url=await enter(server), trust_env=False, verify=False, timeout=60, limits=limits)
        )


async def play(client: httpx.AsyncClient) -> dict[str, int]:
    """One of everything; gives the statuses."""
    alice, mallory = ({"authorization": f"Bearer {name}"} for name in ("alice", "mallory"))
    calls = {
        "model": ("/v1/skills/dev/asking/run", "hello", alice),
        "broken model": ("/v1/skills/dev/asking/run", "break", alice),
        "trap": ("/v1/skills/dev/trap/run", "hello", alice),
        "stream": ("/v1/skills/dev/stream/message-stream", "hello", alice),
        "image": ("/v1/skills/images/echo/run", "hello", alice),
        "described": ("/v1/skills/team/other/run", "hello", alice),
        "language": ("/csi/v1/select_language", QUESTION, alice),
        "chunks": ("/csi/v1/chunk", CHUNKS, alice),
        "tool": ("/csi/v1/invoke_tool", TOOLS, alice),
        "refused": ("/v1/skills/images/echo/run", "hello", mallory),
    }
    asked = {name: client.post(path, json=body, headers=who) for name, (path, body, who) in calls.items()}
    asked["tools"] = client.get("/v1/tools/dev", headers=alice)
    answers = await asyncio.gather(*asked.values())
    return {name: answer.status_code for name, answer in zip(asked, answers, strict=True)}


EXPECTED = {
    "model": 200,
    "broken model": 502,
    "trap": 500,
    "stream": 200,
    "image": 200,
    "described": 200,
    "language": 200,
    "chunks": 200,
    "tool": 200,
    "refused": 403,
    "tools": 200,
}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_nothing_is_left_with_everything_configured(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("pharia_kernel", "asyncio", "httpx"):
        caplog.set_level(logging.CRITICAL, name)  # thousands of failures, all of them wanted

    async def all_as_expected() -> bool:
        return await play(client) == EXPECTED

    assert await until(all_as_expected)  # servers of tools introduce themselves meanwhile
    for _ in range(WARM_UP):
        assert await play(client) == EXPECTED
    gc.collect()
    before = Held.now()
    for _ in range(ROUNDS):
        assert await play(client) == EXPECTED
    gc.collect()
    assert await until(lambda: Held.now().is_within(before)), (Held.now(), before)
