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
from pharia_kernel.csi.documents import AbsentDocuments, DocumentIndex
from pharia_kernel.csi.embeddings import AbsentEmbedder, Embedder
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.language import AbsentLanguages, LanguageSelection
from pharia_kernel.csi.meter import Meter, MeteredInference
from pharia_kernel.csi.tools import Toolbox, ToolScope
from pharia_kernel.csi.traced import ModelWatch, traced, traced_explain, traced_stream
from pharia_kernel.csi.traced_documents import traced_document, traced_metadata, traced_search
from pharia_kernel.csi.traced_embeddings import traced_embed
from pharia_kernel.csi.traced_texts import traced_chunk, traced_select
from pharia_kernel.csi.traced_tools import traced_list, traced_tool
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    Chunk,
    ChunkRequest,
    CompleteAnswer,
    CompleteRequest,
    DocPath,
    Document,
    Embedding,
    EmbedRequest,
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
from pharia_kernel.errors import KernelError
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import Caller, JsonValue, ToolBegin, ToolEnd, ToolEvent, ToolFailed

logger = logging.getLogger("pharia_kernel.csi")

_FUNCTIONS = {"document": "documents"}
"""What metrics call an operation, where that differs."""

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
    documents: DocumentIndex = field(default_factory=AbsentDocuments)
    embedder: Embedder = field(default_factory=AbsentEmbedder)
    metrics: Metrics = field(default_factory=Metrics)
    content: bool = False
    """Whether spans show what models were asked and what they answered."""
    watch: ModelWatch = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "watch", ModelWatch(self.tracer, self.metrics, self.content))


class InvocationCsi:
    """Implements :class:`~pharia_kernel.csi.csi.Csi`. Leaving its context closes the streams that are still open."""

    def __init__(
        self,
        drivers: Drivers,
        caller: Caller,
        namespace: str,
        tool_events: ToolEventSink | None = None,
        *,
        depth: int = 0,
        deadline: float | None = None,
        meter: Meter | None = None,
    ) -> None:
        """``tool_events`` is told about tool calls, in order; None for invocations that show none.

        ``depth`` and ``deadline`` are those of :class:`~pharia_kernel.csi.tools.ToolScope`. ``meter`` counts what
        models are asked.
        """
        self._drivers = drivers
        self._meter = meter
        self._inference = drivers.inference if meter is None else MeteredInference(drivers.inference, meter)
        self._caller = caller
        self._namespace = namespace
        self._scope = ToolScope(namespace, caller, depth, deadline)
        self._tool_events = tool_events
        self._streams: WeakSet[AsyncGenerator[Part, None]] | None = None
        """Made for the first: most invocations have none."""

    async def __aenter__(self) -> InvocationCsi:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for stream in list(self._streams or ()):
            try:
                await stream.aclose()
            except RuntimeError:
                logger.error("namespace %s: a stream was still being read when its invocation ended", self._namespace)

    async def complete(self, requests: Sequence[CompleteRequest]) -> list[CompleteAnswer]:
        watch, ask = self._drivers.watch, self._inference.complete
        return await self._batch("complete", [traced(watch, ask, one, self._caller) for one in requests])

    async def chat(self, requests: Sequence[ChatRequest]) -> list[ChatAnswer]:
        watch, ask = self._drivers.watch, self._inference.chat
        return await self._batch("chat", [traced(watch, ask, one, self._caller) for one in requests])

    def complete_stream(self, request: CompleteRequest) -> AsyncGenerator[Part, None]:
        ask = self._inference.complete_stream
        return self._tracked("completion_stream", traced_stream(self._drivers.watch, ask, request, self._caller))

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]:
        ask = self._inference.chat_stream
        return self._tracked("chat_stream", traced_stream(self._drivers.watch, ask, request, self._caller))

    async def explain(self, requests: Sequence[ExplainRequest]) -> list[list[Score]]:
        tracer, ask = self._drivers.tracer, self._inference.explain
        return await self._batch("explain", [traced_explain(tracer, ask, one, self._caller) for one in requests])

    async def embed(self, requests: Sequence[EmbedRequest]) -> list[Embedding]:
        tracer, embedder = self._drivers.tracer, self._drivers.embedder
        return await self._batch("embed", [traced_embed(tracer, embedder, one, self._meter) for one in requests])

    async def chunk(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        tracer, driver = self._drivers.tracer, self._drivers.chunking
        return await self._batch("chunk", [traced_chunk(tracer, driver, one, self._caller) for one in requests])

    async def select_language(self, requests: Sequence[LanguageRequest]) -> list[str | None]:
        tracer, driver = self._drivers.tracer, self._drivers.language
        return await self._batch("select_language", [traced_select(tracer, driver, one) for one in requests])

    async def search(self, requests: Sequence[SearchRequest]) -> list[list[Hit]]:
        tracer, driver = self._drivers.tracer, self._drivers.documents
        return await self._batch("search", [traced_search(tracer, driver, one, self._caller) for one in requests])

    async def documents(self, requests: Sequence[DocPath]) -> list[Document]:
        tracer, driver = self._drivers.tracer, self._drivers.documents
        return await self._batch("document", [traced_document(tracer, driver, one, self._caller) for one in requests])

    async def document_metadata(self, requests: Sequence[DocPath]) -> list[JsonValue]:
        tracer, driver = self._drivers.tracer, self._drivers.documents
        calls = [traced_metadata(tracer, driver, one, self._caller) for one in requests]
        return await self._batch("document_metadata", calls)

    async def invoke_tools(self, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        for request in requests:
            await self._tell(ToolBegin(request.name))
        tracer, tools = self._drivers.tracer, self._drivers.tools
        results = await self._batch("invoke_tool", [traced_tool(tracer, tools, self._scope, one) for one in requests])
        for request, result in zip(requests, results, strict=True):
            if isinstance(result, ToolError):
                await self._tell(ToolFailed(request.name, result.message))
            else:
                await self._tell(ToolEnd(request.name))
        return results

    async def list_tools(self) -> list[ToolInfo]:
        tracer, tools = self._drivers.tracer, self._drivers.tools
        (found,) = await self._batch("list_tools", [traced_list(tracer, tools, self._scope)])
        return found

    async def _tell(self, event: ToolEvent) -> None:
        if self._tool_events is not None:
            await self._tool_events(event)

    async def _batch(self, operation: str, calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        metrics, function = self._drivers.metrics, _FUNCTIONS.get(operation, operation)
        metrics.asked(function, len(calls))
        try:
            return await self._all_of(operation, calls)
        except KernelError as error:
            metrics.asked_in_vain(function, error.code)
            raise

    async def _all_of(self, operation: str, calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        if len(calls) < 2:
            return [await call for call in calls]
        with self._drivers.tracer.start_as_current_span(
            f"{operation}_concurrent",
            attributes={"requests": len(calls)},
            record_exception=False,  # its text may hold what users wrote
            set_status_on_exception=False,
        ):
            return await all_of(calls)

    def _tracked(self, function: str, stream: AsyncGenerator[Part, None]) -> AsyncGenerator[Part, None]:
        self._drivers.metrics.asked(function)
        if self._streams is None:
            self._streams = WeakSet()
        self._streams.add(stream)
        return stream
