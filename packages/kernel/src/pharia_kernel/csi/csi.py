"""The Cognitive System Interface as one running skill sees it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

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
    ToolInfo,
    ToolRequest,
    ToolResult,
)
from pharia_kernel.types import JsonValue


class Csi(Protocol):
    """Bound to one invocation: its caller, its namespace, its trace.

    Requests of one list run concurrently and are answered in order; the first failure fails the whole call and raises
    a :class:`~pharia_kernel.errors.CsiError`. Closing a stream, or cancelling an awaited call, cancels the request at
    the backend.
    """

    async def complete(self, requests: Sequence[CompleteRequest]) -> list[CompleteAnswer]: ...

    async def chat(self, requests: Sequence[ChatRequest]) -> list[ChatAnswer]: ...

    def complete_stream(self, request: CompleteRequest) -> AsyncGenerator[Part, None]: ...

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]: ...

    async def explain(self, requests: Sequence[ExplainRequest]) -> list[list[Score]]: ...

    async def embed(self, requests: Sequence[EmbedRequest]) -> list[Embedding]: ...

    async def chunk(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]: ...

    async def select_language(self, requests: Sequence[LanguageRequest]) -> list[str | None]: ...

    async def search(self, requests: Sequence[SearchRequest]) -> list[list[Hit]]: ...

    async def documents(self, requests: Sequence[DocPath]) -> list[Document]: ...

    async def document_metadata(self, requests: Sequence[DocPath]) -> list[JsonValue]: ...

    async def invoke_tools(self, requests: Sequence[ToolRequest]) -> list[ToolResult]: ...

    async def list_tools(self) -> list[ToolInfo]: ...
