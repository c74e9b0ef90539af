"""The CSI as a script: keeps what it is asked, answers what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

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
    ToolInfo,
    ToolRequest,
    ToolResult,
)
from pharia_kernel.types import JsonValue

HANG = object()
"""Part of a stream that never comes."""


class ScriptedCsi:
    """Implements :class:`~pharia_kernel.csi.csi.Csi`.

    ``ScriptedCsi(chat=[answer])`` answers chats; an exception is raised, a coroutine function awaited. Streams take one
    script per stream, a list of parts in which an exception is raised and :data:`HANG` waits for ever.
    """

    def __init__(self, **script: Any) -> None:
        self.asked: list[tuple[str, Any]] = []
        """Operation and requests of each call, in order."""
        self.reading: list[Any] = []
        """Requests of the streams that are not over."""
        self.begun = asyncio.Event()
        """Set when a stream is read."""
        self.let_go = asyncio.Event()
        """Set when a stream is over, in whatever way."""
        self.script = script

    async def _answer(self, operation: str, requests: Any = None) -> Any:
        self.asked.append((operation, requests))
        answer = self.script[operation]
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer

    def _stream(self, operation: str, request: Any) -> AsyncGenerator[Part, None]:
        self.asked.append((operation, request))
        number = sum(name == operation for name, _ in self.asked) - 1
        return self._parts(request, self.script[operation][number])

    async def _parts(self, request: Any, script: Sequence[Any]) -> AsyncGenerator[Part, None]:
        self.reading.append(request)
        self.begun.set()
        try:
            for part in script:
                if isinstance(part, Exception):
                    raise part
                if part is HANG:
                    await asyncio.Event().wait()
                yield part
        finally:
            self.reading.remove(request)
            self.let_go.set()

    async def complete(self, requests: Sequence[CompleteRequest]) -> list[CompleteAnswer]:
        return await self._answer("complete", requests)  # type: ignore[no-any-return]

    async def chat(self, requests: Sequence[ChatRequest]) -> list[ChatAnswer]:
        return await self._answer("chat", requests)  # type: ignore[no-any-return]

    def complete_stream(self, request: CompleteRequest) -> AsyncGenerator[Part, None]:
        return self._stream("complete_stream", request)

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]:
        return self._stream("chat_stream", request)

    async def explain(self, requests: Sequence[ExplainRequest]) -> list[list[Score]]:
        return await self._answer("explain", requests)  # type: ignore[no-any-return]

    async def chunk(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        return await self._answer("chunk", requests)  # type: ignore[no-any-return]

    async def select_language(self, requests: Sequence[LanguageRequest]) -> list[str | None]:
        return await self._answer("select_language", requests)  # type: ignore[no-any-return]

    async def search(self, requests: Sequence[SearchRequest]) -> list[list[Hit]]:
        return await self._answer("search", requests)  # type: ignore[no-any-return]

    async def documents(self, requests: Sequence[DocPath]) -> list[Document]:
        return await self._answer("documents", requests)  # type: ignore[no-any-return]

    async def document_metadata(self, requests: Sequence[DocPath]) -> list[JsonValue]:
        return await self._answer("document_metadata", requests)  # type: ignore[no-any-return]

    async def invoke_tools(self, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        return await self._answer("invoke_tools", requests)  # type: ignore[no-any-return]

    async def list_tools(self) -> list[ToolInfo]:
        return await self._answer("list_tools")  # type: ignore[no-any-return]
