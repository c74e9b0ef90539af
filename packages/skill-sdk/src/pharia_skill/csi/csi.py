"""The Cognitive System Interface: what a skill may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import JsonValue

from pharia_skill.csi.chunking import Chunk, ChunkParams, ChunkRequest
from pharia_skill.csi.document_index import (
    Document,
    DocumentPath,
    IndexPath,
    JsonSerializable,
    SearchRequest,
    SearchResult,
)
from pharia_skill.csi.inference import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    ChatStreamResponse,
    Completion,
    CompletionParams,
    CompletionRequest,
    CompletionStreamResponse,
    ExplanationRequest,
    Granularity,
    InvokeRequest,
    Message,
    TextScore,
    Tool,
    ToolOutput,
    ToolResult,
)
from pharia_skill.csi.inference.tool import ToolError
from pharia_skill.csi.language import Language, SelectLanguageRequest
from pharia_skill.csi.search_filter import SearchFilter
from pharia_skill.csi.tool_loop import chat_with_tools


class Csi(Protocol):
    """Give it to a skill; subclass it to provide it.

    The single forms are made of the forms that take several requests, which run concurrently and are answered in order.
    Inside the kernel only a tool's failure reaches the skill; any other failure ends the skill.
    """

    def complete(self, model: str, prompt: str, params: CompletionParams | None = None) -> Completion:
        """The model writes on where the prompt ends."""
        return self.complete_concurrent([CompletionRequest(model, prompt, params or CompletionParams())])[0]

    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        raise _missing(self, "complete_concurrent")

    def complete_all(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        """:meth:`complete_concurrent` as SDKs before 0.5.13 named it."""
        return self.complete_concurrent(requests)

    def completion_stream(
        self, model: str, prompt: str, params: CompletionParams | None = None
    ) -> CompletionStreamResponse:
        """As :meth:`complete`, while it is written. Use it in a ``with`` block."""
        return self._completion_stream(model, prompt, params or CompletionParams())

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        raise _missing(self, "_completion_stream")

    def chat(self, model: str, messages: list[Message], params: ChatParams | None = None) -> ChatResponse:
        """The assistant's next message of a conversation."""
        return self.chat_concurrent([ChatRequest(model, messages, params or ChatParams())])[0]

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        raise _missing(self, "chat_concurrent")

    def chat_stream(
        self,
        model: str,
        messages: list[Message],
        params: ChatParams | None = None,
        tools: list[str] | None = None,
        *,
        max_rounds: int = 16,
    ) -> ChatStreamResponse:
        """As :meth:`chat`, while it is written. Use it in a ``with`` block.

        With ``tools``, names of tools of the namespace, the model's tool calls are answered until it writes something
        else, at most ``max_rounds`` times; calls and answers are appended to ``messages``. Raises ``ValueError`` for a
        tool the namespace does not have, and :class:`~pharia_skill.errors.ToolRoundsExceeded`.
        """
        if not tools:
            return self.chat_stream_step(model, messages, params)
        return chat_with_tools(
            self, model, messages, params or ChatParams(), self._list_tool_schemas(tools), max_rounds
        )

    def chat_stream_step(
        self, model: str, messages: list[Message], params: ChatParams | None = None
    ) -> ChatStreamResponse:
        """One answer of the model. Tools of ``params`` are offered to it, their calls are not answered."""
        return self._chat_stream(model, messages, params or ChatParams())

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        raise _missing(self, "_chat_stream")

    def explain(
        self, prompt: str, target: str, model: str, granularity: Granularity = Granularity.AUTO
    ) -> list[TextScore]:
        """How much each part of the prompt speaks for the target. Skills built for WIT 0.3 have it."""
        return self.explain_concurrent([ExplanationRequest(prompt, target, model, granularity)])[0]

    def explain_concurrent(self, requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
        raise _missing(self, "explain_concurrent")

    def chunk(self, text: str, params: ChunkParams) -> list[Chunk]:
        """Cut a text into pieces that fit a model."""
        return self.chunk_concurrent([ChunkRequest(text, params)])[0]

    def chunk_concurrent(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        raise _missing(self, "chunk_concurrent")

    def select_language(self, text: str, languages: list[Language]) -> Language | None:
        """The most likely of some languages; ``None`` when the text is in none of them."""
        return self.select_language_concurrent([SelectLanguageRequest(text, languages)])[0]

    def select_language_concurrent(self, requests: Sequence[SelectLanguageRequest]) -> list[Language | None]:
        raise _missing(self, "select_language_concurrent")

    def search(
        self,
        index_path: IndexPath,
        query: str,
        max_results: int = 1,
        min_score: float | None = None,
        filters: list[SearchFilter] | None = None,
    ) -> list[SearchResult]:
        """The parts of the indexed documents that fit the query best, best first."""
        return self.search_concurrent([SearchRequest(index_path, query, max_results, min_score, filters or [])])[0]

    def search_concurrent(self, requests: Sequence[SearchRequest]) -> list[list[SearchResult]]:
        raise _missing(self, "search_concurrent")

    def document(self, document_path: DocumentPath) -> Document:
        return self.documents([document_path])[0]

    def documents(self, document_paths: Sequence[DocumentPath]) -> list[Document]:
        raise _missing(self, "documents")

    def document_metadata(self, document_path: DocumentPath) -> JsonSerializable:
        """``None`` when the document has no metadata."""
        return self.documents_metadata([document_path])[0]

    def documents_metadata(self, document_paths: Sequence[DocumentPath]) -> list[JsonSerializable]:
        raise _missing(self, "documents_metadata")

    def invoke_tool(self, tool: str, /, **arguments: JsonValue) -> ToolOutput:
        """Call a tool of the namespace; raises :class:`ToolError` when the tool fails."""
        result = self.invoke_tool_concurrent([InvokeRequest(tool, arguments)])[0]
        if isinstance(result, ToolError):
            raise result
        return result

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        """A tool that fails answers with a :class:`ToolError`, which is not raised."""
        raise _missing(self, "invoke_tool_concurrent")

    def list_tools(self) -> list[Tool]:
        """The tools of the namespace the skill runs in."""
        raise _missing(self, "list_tools")

    def _list_tool_schemas(self, tools: list[str]) -> list[Tool]:
        offered = self.list_tools()
        known = {tool.name for tool in offered}
        for name in tools:
            if name not in known:
                raise ValueError(f"Tool {name} required by Skill but not configured in namespace.")
        return [tool for tool in offered if tool.name in tools]


def _missing(csi: Csi, method: str) -> NotImplementedError:
    return NotImplementedError(f"{type(csi).__name__} does not implement {method}")
