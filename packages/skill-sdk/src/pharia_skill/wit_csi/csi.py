"""Csi over the bindings."""

from __future__ import annotations

from collections.abc import Sequence

from pharia_skill.bindings.imports import chunking as wit_chunking
from pharia_skill.bindings.imports import document_index as wit_document_index
from pharia_skill.bindings.imports import inference as wit_inference
from pharia_skill.bindings.imports import language as wit_language
from pharia_skill.bindings.imports import tool as wit_tool
from pharia_skill.csi.chunking import Chunk, ChunkRequest
from pharia_skill.csi.csi import Csi
from pharia_skill.csi.document_index import Document, DocumentPath, JsonSerializable, SearchRequest, SearchResult
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
    InvokeRequest,
    Message,
    TextScore,
    Tool,
    ToolResult,
)
from pharia_skill.csi.language import Language, SelectLanguageRequest
from pharia_skill.wit_csi import document_index, texts, tool

if hasattr(wit_inference, "complete_v2"):  # only WIT 0.3 has it
    from pharia_skill.wit_csi import inference_0_3 as inference
else:
    from pharia_skill.wit_csi import inference_0_4 as inference  # type: ignore[no-redef]  # same functions, other line


class WitCsi(Csi):
    _carries_all_params = not hasattr(wit_inference, "complete_v2")

    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        return inference.complete(requests)

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        return inference.completion_stream(CompletionRequest(model, prompt, params))

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        return inference.chat(requests)

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        return inference.chat_stream(ChatRequest(model, messages, params))

    def explain_concurrent(self, requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
        return inference.explain(requests)

    def chunk_concurrent(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        answers = wit_chunking.chunk_with_offsets([texts.chunk_request_to_wit(request) for request in requests])
        return [[texts.chunk_from_wit(chunk) for chunk in chunks] for chunks in answers]

    def select_language_concurrent(self, requests: Sequence[SelectLanguageRequest]) -> list[Language | None]:
        answers = wit_language.select_language([texts.language_request_to_wit(request) for request in requests])
        return [texts.language_from_wit(code) for code in answers]

    def search_concurrent(self, requests: Sequence[SearchRequest]) -> list[list[SearchResult]]:
        answers = wit_document_index.search([document_index.search_request_to_wit(request) for request in requests])
        return [[document_index.search_result_from_wit(result) for result in results] for results in answers]

    def documents(self, document_paths: Sequence[DocumentPath]) -> list[Document]:
        answers = wit_document_index.documents([document_index.document_path_to_wit(path) for path in document_paths])
        return [document_index.document_from_wit(document) for document in answers]

    def documents_metadata(self, document_paths: Sequence[DocumentPath]) -> list[JsonSerializable]:
        paths = [document_index.document_path_to_wit(path) for path in document_paths]
        return [document_index.metadata_from_wit(answer) for answer in wit_document_index.document_metadata(paths)]

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        answers = wit_tool.invoke_tool([tool.invoke_request_to_wit(request) for request in requests])
        return [tool.tool_result_from_wit(answer) for answer in answers]

    def list_tools(self) -> list[Tool]:
        return [tool.tool_from_wit(description) for description in wit_tool.list_tools()]
