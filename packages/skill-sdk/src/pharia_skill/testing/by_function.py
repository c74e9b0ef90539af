"""A Csi whose calls all come through one door, named as in the kernel's HTTP interface."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from pharia_skill.csi import (
    ChatRequest,
    ChatResponse,
    Chunk,
    ChunkRequest,
    Completion,
    CompletionRequest,
    Csi,
    Document,
    DocumentPath,
    ExplanationRequest,
    InvokeRequest,
    JsonSerializable,
    Language,
    SearchRequest,
    SearchResult,
    SelectLanguageRequest,
    TextScore,
    ToolResult,
)

METHODS = {
    "chat": "chat_concurrent",
    "chunk_with_offsets": "chunk_concurrent",
    "complete": "complete_concurrent",
    "document_metadata": "documents_metadata",
    "documents": "documents",
    "explain": "explain_concurrent",
    "invoke_tool": "invoke_tool_concurrent",
    "search": "search_concurrent",
    "select_language": "select_language_concurrent",
}
"""The functions that answer a list of requests with a list as long, and the method each of them is in Python."""


class CsiByFunction(Csi):
    """Streams and ``list_tools`` are left to the subclass."""

    @abstractmethod
    def _answers_of(self, function: str, requests: Sequence[Any]) -> list[Any]:
        """One answer for each request, of the type that belongs to the function."""

    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        return self._answers_of("complete", requests)

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        return self._answers_of("chat", requests)

    def explain_concurrent(self, requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
        return self._answers_of("explain", requests)

    def chunk_concurrent(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        return self._answers_of("chunk_with_offsets", requests)

    def select_language_concurrent(self, requests: Sequence[SelectLanguageRequest]) -> list[Language | None]:
        return self._answers_of("select_language", requests)

    def search_concurrent(self, requests: Sequence[SearchRequest]) -> list[list[SearchResult]]:
        return self._answers_of("search", requests)

    def documents(self, document_paths: Sequence[DocumentPath]) -> list[Document]:
        return self._answers_of("documents", document_paths)

    def documents_metadata(self, document_paths: Sequence[DocumentPath]) -> list[JsonSerializable]:
        return self._answers_of("document_metadata", document_paths)

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        return self._answers_of("invoke_tool", requests)
