"""The whole kernel behind real HTTP, with a scripted model endpoint, and what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import httpx

from components import wat
from doubles.openai_stub import OpenAiStub
from pharia_kernel import Kernel, Settings
from pharia_kernel.api.server import bind, serve
from pharia_kernel.config import LimitSettings, NamespaceSettings
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.runtimes.every_kind import EveryRuntime
from pharia_kernel.runtimes.lua.runtime import LuaOptions, LuaRuntime
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.telemetry.propagation import trace_headers
from pharia_kernel.telemetry.tracing import Tracing

from .answers import Event, events_of

MIB = 1 << 20
PLACES = 200
_PATIENCE = 20.0
"""Seconds for what takes milliseconds."""
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Held:
    """What calls take and must give back. Idle connections to the endpoint, which are kept on purpose, do not count."""

    instances: int
    calls: int
    backend_requests: int
    tasks: int
    files: int

    def is_within(self, other: Held) -> bool:
        return all(mine <= theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))


class Served:
    """One kernel, its client, its directory of skills, its model endpoint."""

    def __init__(
        self, kernel: Kernel, runtime: WasmRuntime, stub: OpenAiStub, client: httpx.AsyncClient, directory: Path
    ) -> None:
        self.kernel = kernel
        self.stub = stub
        self.client = client
        self.directory = directory
        self._runtime = runtime

    @property
    def address(self) -> tuple[str, int]:
        url = self.client.base_url
        assert url.port is not None
        return url.host, url.port

    def put(self, name: str, code: bytes) -> None:
        """Deploy as careful people do: whole, in one step."""
        path = self.directory / f"{name}.wasm"
        path.with_suffix(".part").write_bytes(code)
        path.with_suffix(".part").replace(path)

    async def run(self, name: str, input: Any = "hello") -> httpx.Response:
        return await self.client.post(f"/v1/skills/dev/{name}/run", json=input)

    def post(self, path: str, input: Any = "hello") -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        """An answer that is read while it arrives; leaving the context early closes the connection."""
        return self.client.stream("POST", f"/v1/skills/dev/{path}", content=json.dumps(input), headers=_JSON)

    @asynccontextmanager
    async def stream(self, name: str, input: Any = "hello") -> AsyncIterator[AsyncIterator[Event]]:
        async with self.post(f"{name}/message-stream", input) as response:
            assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
            async with contextlib.aclosing(events_of(response)) as events:
                yield events

    async def events(self, name: str, input: Any = "hello") -> list[Event]:
        """The whole stream."""
        async with self.stream(name, input) as events:
            return [event async for event in events]

    async def is_healthy(self) -> bool:
        """Another skill answers, and so do the probes."""
        answer = await self.run("healthy", "still here")
        ready = await self.client.get("/readyz")
        return (answer.status_code, answer.json(), ready.status_code) == (200, "still here", 200)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not condition():  # noqa: ASYNC110 - what is counted here has no event
                await asyncio.sleep(0.001)

    async def until_running(self, calls: int) -> None:
        await self.until(lambda: self.kernel.status().running_calls == calls)

    async def until_idle(self) -> None:
        """Every call has ended and given everything back."""
        await self.until(lambda: (held := self.held()).instances + held.calls + held.backend_requests == 0)

    def held(self) -> Held:
        status = self.kernel.status()
        kept = self.stub.connected
        return Held(
            instances=PLACES - self._runtime.free_places,
            calls=status.running_calls + status.queued_calls,
            backend_requests=self.stub.open,
            tasks=len(asyncio.all_tasks()) - kept,  # the stub has one per connection
            files=len(os.listdir("/proc/self/fd")) - 2 * kept,  # both ends are in this process
        )


@asynccontextmanager
async def served(
    folder: Path,
    code_folder: Path,
    *,
    options: dict[str, Any],
    limits: dict[str, Any],
    scan_seconds: float,
    tracing: Tracing | None,
    kind: type[Kernel] = Kernel,
    namespace: dict[str, Any] | None = None,
    namespaces: dict[str, NamespaceSettings] | None = None,
    **more: Any,
) -> AsyncIterator[Served]:
    """``options`` are those of the model endpoint, ``limits`` those of calls, ``more`` other settings.

    ``namespace`` has further settings of ``dev``, ``namespaces`` are beside it.

    ``dev/healthy`` repeats its input.
    """
    directory = folder / "skills"
    directory.mkdir(parents=True)
    (directory / "healthy.wasm").write_bytes(wat.TEXT_ECHO)
    settings = Settings(
        namespaces={"dev": NamespaceSettings(directory=directory, **(namespace or {})), **(namespaces or {})},
        directory_scan_interval=scan_seconds,
        limits=LimitSettings(**{"deadline_seconds": 60.0, "memory_bytes": 32 * MIB, **limits}),
        cache_dir=folder / "cache",
        **more,
    )
    runtime = WasmRuntime(
        EngineOptions(instances=PLACES, memory_bytes=settings.limits.memory_bytes, quick_code=True, tick_seconds=0.002),
        threads=2,
        cache_folder=code_folder,
    )
    every_runtime = EveryRuntime(runtime, LuaRuntime(LuaOptions(folder / "lua", processes=8)))
    async with OpenAiStub() as stub:
        # The shortest pauses between attempts that may be drawn.
        endpoint = OpenAiOptions(**{"url": stub.url, "token": "sk-test", **options})
        backend = OpenAiBackend(endpoint, trace_headers=trace_headers, uniform=lambda low, high: low)
        tracer = None if tracing is None else tracing.tracer
        async with (
            kind(settings, runtime=every_runtime, backend=backend, tracer=tracer) as kernel,
            serve(kernel, settings, listener=_listener(), tracing=tracing) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=_PATIENCE) as client,
        ):
            yield Served(kernel, runtime, stub, client, directory)


def _listener() -> socket.socket:
    """Its connections buffer so little that a client who does not read is felt at once."""
    listener = bind("127.0.0.1:0")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    return listener
