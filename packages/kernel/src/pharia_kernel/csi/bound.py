"""What one invocation may ask for: its drivers, its caller's rights, its namespace."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakSet

from opentelemetry import trace
from opentelemetry.trace import Tracer

from pharia_kernel.csi.chunking import AbsentChunking, Chunking
from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.language import AbsentLanguages, LanguageSelection
from pharia_kernel.csi.tools import Toolbox, ToolScope
from pharia_kernel.csi.traced import traced, traced_stream
from pharia_kernel.csi.traced_texts import traced_chunk, traced_select
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    Chunk,
    ChunkRequest,
    CompleteAnswer,
    CompleteRequest,
    DocPath,
    Document,
    ExplainRequest,
    Hit,
    LanguageRequest,
    Part,
    Score,
    SearchRequest,
    ToolError,
    ToolInfo,
    ToolRequest,
    ToolResult,
)
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller, JsonValue, ToolBegin, ToolEnd, ToolEvent, ToolFailed

logger = logging.getLogger("pharia_kernel.csi")

T = TypeVar("T")
ToolEventSink = Callable[[ToolEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Drivers:
    """Where answers come from; shared by all invocations, owned by the kernel."""

    inference: InferenceBackend
    tools: Toolbox
    tracer: Tracer = field(default_factory=lambda: trace.get_tracer("pharia_kernel"))
    """Makes the spans; by default that of the program's global provider."""
    chunking: Chunking = field(default_factory=AbsentChunking)
    language: LanguageSelection = field(default_factory=AbsentLanguages)


class InvocationCsi:
    """Implements :class:`~pharia_kernel.csi.csi.Csi`. Leaving its context closes the streams that are still open."""

    def __init__(
        self, drivers: Drivers, caller: Caller, namespace: str, tool_events: ToolEventSink | None = None
    ) -> None:
        """``tool_events`` is told about tool calls, in order; None for invocations that show none."""
        self._drivers = drivers
        self._caller = caller
        self._namespace = namespace
        self._scope = ToolScope(namespace, caller)
        self._tool_events = tool_events
        self._streams: WeakSet[AsyncGenerator[Part, None]] = WeakSet()

    async def __aenter__(self) -> InvocationCsi:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for stream in list(self._streams):
            try:
                await stream.aclose()
            except RuntimeError:
                logger.error("namespace %s: a stream was still being read when its invocation ended", self._namespace)

    async def complete(self, requests: Sequence[CompleteRequest]) -> list[CompleteAnswer]:
        ask = self._drivers.inference.complete
        return await self._batch(
            "complete", [traced(self._drivers.tracer, ask, request, self._caller) for request in requests]
        )

    async def chat(self, requests: Sequence[ChatRequest]) -> list[ChatAnswer]:
        ask = self._drivers.inference.chat
        return await self._batch(
            "chat", [traced(self._drivers.tracer, ask, request, self._caller) for request in requests]
        )

    def complete_stream(self, request: CompleteRequest) -> AsyncGenerator[Part, None]:
        ask = self._drivers.inference.complete_stream
        return self._tracked(traced_stream(self._drivers.tracer, ask, request, self._caller))

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]:
        ask = self._drivers.inference.chat_stream
        return self._tracked(traced_stream(self._drivers.tracer, ask, request, self._caller))

    async def explain(self, requests: Sequence[ExplainRequest]) -> list[list[Score]]:
        ask = self._drivers.inference.explain
        return await self._batch("explain", [ask(request, self._caller) for request in requests])

    async def chunk(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        tracer, driver = self._drivers.tracer, self._drivers.chunking
        return await self._batch("chunk", [traced_chunk(tracer, driver, one, self._caller) for one in requests])

    async def select_language(self, requests: Sequence[LanguageRequest]) -> list[str | None]:
        tracer, driver = self._drivers.tracer, self._drivers.language
        return await self._batch("select_language", [traced_select(tracer, driver, one) for one in requests])

    async def search(self, requests: Sequence[SearchRequest]) -> list[list[Hit]]:
        return _none(requests, "documents can not be searched")

    async def documents(self, requests: Sequence[DocPath]) -> list[Document]:
        return _none(requests, "documents can not be read")

    async def document_metadata(self, requests: Sequence[DocPath]) -> list[JsonValue]:
        return _none(requests, "metadata of documents can not be read")

    async def invoke_tools(self, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        for request in requests:
            await self._tell(ToolBegin(request.name))
        results = await self._batch("invoke_tool", [self._invoke_tool(request) for request in requests])
        for request, result in zip(requests, results, strict=True):
            if isinstance(result, ToolError):
                await self._tell(ToolFailed(request.name, result.message))
            else:
                await self._tell(ToolEnd(request.name))
        return results

    async def list_tools(self) -> list[ToolInfo]:
        return await self._drivers.tools.list(self._scope)

    async def _invoke_tool(self, request: ToolRequest) -> ToolResult:
        attributes = {"tool_name": request.name}
        with self._drivers.tracer.start_as_current_span("invoke_tool", attributes=attributes):
            return await self._drivers.tools.invoke(self._scope, request)

    async def _tell(self, event: ToolEvent) -> None:
        if self._tool_events is not None:
            await self._tool_events(event)

    async def _batch(self, operation: str, calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        if len(calls) < 2:
            return [await call for call in calls]
        with self._drivers.tracer.start_as_current_span(
            f"{operation}_concurrent",
            attributes={"requests": len(calls)},
            record_exception=False,  # its text may hold what users wrote
            set_status_on_exception=False,
        ):
            return await all_of(calls)

    def _tracked(self, stream: AsyncGenerator[Part, None]) -> AsyncGenerator[Part, None]:
        self._streams.add(stream)
        return stream


def _none(requests: Sequence[object], what: str) -> list[Any]:
    if requests:
        raise NotConfigured(f"{what}: this kernel has no driver for it; ask its operator, or let the skill do without")
    return []
