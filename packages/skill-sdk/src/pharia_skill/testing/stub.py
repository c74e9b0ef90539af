"""A Csi that answers by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pharia_skill.csi import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    Chunk,
    ChunkRequest,
    Completion,
    CompletionParams,
    CompletionRequest,
    Csi,
    Cursor,
    Document,
    DocumentPath,
    ExplanationRequest,
    FinishReason,
    InvokeRequest,
    JsonSerializable,
    Language,
    Message,
    SearchRequest,
    SearchResult,
    SelectLanguageRequest,
    Text,
    TextScore,
    TokenUsage,
    Tool,
    ToolOutput,
    ToolResult,
)
from pharia_skill.csi.inference import (
    ChatEvent,
    ChatStreamResponse,
    CompletionAppend,
    CompletionEvent,
    CompletionStreamResponse,
    MessageAppend,
    MessageBegin,
    Reasoning,
)
from pharia_skill.testing.streams import ChatEvents, CompletionEvents

_FOUND = SearchResult(
    DocumentPath("dummy-namespace", "dummy-collection", "dummy-name"), "dummy-content", 1.0, Cursor(0, 0), Cursor(0, 0)
)


class StubCsi(Csi):
    """Models repeat what they are told, searches find one document, tools say nothing.

    Subclass it and override what the test is about. Token usage counts characters.
    """

    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        return [Completion(request.prompt, FinishReason.STOP, [], _usage(len(request.prompt))) for request in requests]

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        def events() -> Iterator[CompletionEvent]:
            for character in prompt:
                yield CompletionAppend(character, [])
            yield FinishReason.STOP
            yield _usage(len(prompt))

        return CompletionEvents(events())

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        return [_echo(request) for request in requests]

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        contents = [message.content or "" for message in messages]

        def events() -> Iterator[ChatEvent]:
            yield MessageBegin("assistant")
            yield Reasoning("I am thinking...")
            for content in contents:
                yield MessageAppend(content)
            yield FinishReason.STOP
            yield _usage(sum(map(len, contents)))

        return ChatEvents(events())

    def explain_concurrent(self, requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
        return [[] for _ in requests]

    def chunk_concurrent(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        return [[Chunk(request.text, 0)] for request in requests]

    def select_language_concurrent(self, requests: Sequence[SelectLanguageRequest]) -> list[Language | None]:
        return [request.languages[0] if request.languages else None for request in requests]

    def search_concurrent(self, requests: Sequence[SearchRequest]) -> list[list[SearchResult]]:
        return [[_FOUND] for _ in requests]

    def documents(self, document_paths: Sequence[DocumentPath]) -> list[Document]:
        return [Document(path, [Text("dummy-content")], None) for path in document_paths]

    def documents_metadata(self, document_paths: Sequence[DocumentPath]) -> list[JsonSerializable]:
        return [{} for _ in document_paths]

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        return [ToolOutput([]) for _ in requests]

    def list_tools(self) -> list[Tool]:
        return []


def _echo(request: ChatRequest) -> ChatResponse:
    if not request.messages:
        raise ValueError(f"the conversation with {request.model} is empty: StubCsi repeats the last message")
    content = request.messages[-1].content or ""
    return ChatResponse(Message.assistant(content), FinishReason.STOP, [], _usage(len(content)))


def _usage(count: int) -> TokenUsage:
    return TokenUsage(count, count)
