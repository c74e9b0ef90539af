"""Skills of the guides, built and run on real parts: only the model and the namespace's tools are scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from doubles.documented_kernel import DocumentedCsi
from doubles.openai_stub import OpenAiStub
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.csi.language import LanguageSelector
from pharia_kernel.csi.tools import NativeTools, Toolbox, ToolScope
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolOutput, ToolRequest, ToolResult
from pharia_kernel.invocations import EventQueue
from pharia_kernel.runtimes.skill import MIB, SkillLimits
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.types import Caller, SkillPath, StreamEvent
from pharia_skill.builder import build

_LIMITS = SkillLimits(memory_bytes=128 * MIB)
_NAMESPACE = "dev"
_PATIENCE = 120
"""Seconds for a run, which takes milliseconds."""
Tools = Mapping[str, Callable[..., str]]


class ScriptedTools:
    """A source of functions; what they raise are the tool's errors."""

    def __init__(self) -> None:
        self.tools: Tools = {}

    async def list(self, scope: ToolScope) -> Sequence[ToolInfo]:
        return [ToolInfo(name, f"Can {name}.", {"type": "object"}) for name in self.tools]

    async def invoke(self, scope: ToolScope, request: ToolRequest) -> ToolResult:
        try:
            arguments = {name: json.loads(value) for name, value in request.arguments}
            return ToolOutput((self.tools[request.name](**arguments),))
        except LookupError as error:
            return ToolError(str(error))


class GuideHost:
    def __init__(self, runtime: WasmRuntime, drivers: Drivers, tools: ScriptedTools, model: OpenAiStub) -> None:
        self.tools = tools
        self.model = model
        self._runtime = runtime
        self._drivers = drivers

    async def run(self, component: Path, input: Any) -> Any:
        return json.loads(await self._run(component, input, None))

    async def stream(self, component: Path, input: Any) -> list[StreamEvent]:
        queue = EventQueue(1000)
        await self._run(component, input, queue)
        queue.finish(None)
        return [event async for event in queue]

    async def _run(self, component: Path, input: Any, output: EventQueue | None) -> bytes:
        path = SkillPath(_NAMESPACE, component.stem)
        skill = await self._runtime.load(path, await asyncio.to_thread(component.read_bytes), _LIMITS)
        tell = None if output is None else output.emit
        async with asyncio.timeout(_PATIENCE), InvocationCsi(self._drivers, Caller(), _NAMESPACE, tell) as csi:
            return await skill.run(json.dumps(input).encode(), DocumentedCsi(csi), output)


@asynccontextmanager
async def guide_host(folder: Path) -> AsyncIterator[GuideHost]:
    """``folder`` keeps compiled code."""
    tools = ScriptedTools()
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(OpenAiStub())
        backend = OpenAiBackend(OpenAiOptions(url=model.url, token="sk-test"))
        drivers = Drivers(
            await stack.enter_async_context(backend),
            Toolbox([NativeTools({_NAMESPACE: ["add", "saboteur", "subtract"]}), tools]),
            chunking=await stack.enter_async_context(Chunker(ChunkingOptions(fall_back=True))),
            language=await stack.enter_async_context(LanguageSelector()),
        )
        options = EngineOptions(instances=4, memory_bytes=_LIMITS.memory_bytes, quick_code=True)
        runtime = await stack.enter_async_context(WasmRuntime(options, cache_folder=folder / "code"))
        yield GuideHost(runtime, drivers, tools, model)


def built(source: Path, folder: Path) -> Path:
    """The component of a module, out of the builder's cache if it was built before. Blocks."""
    return build(source, folder / f"{source.stem}.wasm")
