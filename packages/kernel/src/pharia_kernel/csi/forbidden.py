"""The CSI of code that must not use it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import NoReturn

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
from pharia_kernel.errors import MetadataUsedCsi
from pharia_kernel.types import JsonValue


class ForbiddenCsi:
    """Implements :class:`~pharia_kernel.csi.csi.Csi` for the metadata function; every use raises MetadataUsedCsi."""

    async def complete(self, requests: Sequence[CompleteRequest]) -> list[CompleteAnswer]:
        self._refuse("complete")

    async def chat(self, requests: Sequence[ChatRequest]) -> list[ChatAnswer]:
        self._refuse("chat")

    def complete_stream(self, request: CompleteRequest) -> AsyncGenerator[Part, None]:
        self._refuse("complete_stream")

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]:
        self._refuse("chat_stream")

    async def explain(self, requests: Sequence[ExplainRequest]) -> list[list[Score]]:
        self._refuse("explain")

    async def embed(self, requests: Sequence[EmbedRequest]) -> list[Embedding]:
        self._refuse("embed")

    async def chunk(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        self._refuse("chunk")

    async def select_language(self, requests: Sequence[LanguageRequest]) -> list[str | None]:
        self._refuse("select_language")

    async def search(self, requests: Sequence[SearchRequest]) -> list[list[Hit]]:
        self._refuse("search")

    async def documents(self, requests: Sequence[DocPath]) -> list[Document]:
        self._refuse("documents")

    async def document_metadata(self, requests: Sequence[DocPath]) -> list[JsonValue]:
        self._refuse("document_metadata")

    async def invoke_tools(self, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        self._refuse("invoke_tools")

    async def list_tools(self) -> list[ToolInfo]:
        self._refuse("list_tools")

    def _refuse(self, operation: str) -> NoReturn:
        raise MetadataUsedCsi(
            f"the skill's metadata function called `{operation}`; "
            "metadata must not depend on models, documents or tools"
        )
