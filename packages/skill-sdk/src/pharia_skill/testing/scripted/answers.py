"""What a test says beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import JsonValue

from pharia_skill.csi import (
    ChatRequest,
    Chunk,
    ChunkRequest,
    CompletionRequest,
    Cursor,
    Document,
    DocumentPath,
    ExplanationRequest,
    FinishReason,
    InvokeRequest,
    Language,
    SearchRequest,
    SearchResult,
    SelectLanguageRequest,
    TextScore,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
    ToolResult,
)
from pharia_skill.testing.scripted.replies import (
    ChatAnswer,
    CompletionAnswer,
    Manner,
    Reply,
    chat_reply,
    completion_reply,
)
from pharia_skill.testing.scripted.script import Entry, Script, When

ToolAnswer = JsonValue | ToolOutput | BaseException
SearchAnswer = Sequence[SearchResult | str] | BaseException


class Answers:
    """The ``answer_…`` methods queue answers; ``script`` holds them and ``tools`` the tools that are offered."""

    def __init__(self) -> None:
        self.script = Script()
        self.tools: dict[str, Tool] = {}

    def answer_chat(
        self,
        answer: ChatAnswer | Callable[[ChatRequest], ChatAnswer],
        *,
        model: str | None = None,
        when: When = None,
        times: int | None = 1,
        reasoning: str | None = None,
        finish_reason: FinishReason | None = None,
        usage: TokenUsage | None = None,
        chunks: Sequence[str] | None = None,
        fails: BaseException | None = None,
    ) -> None:
        """A text, a pydantic model (its JSON is the text), tool calls, a message or a whole response.

        A stream gives it word by word, or in these ``chunks``; ``fails`` is raised when they are out. Tokens are
        words, unless ``usage`` says otherwise.
        """
        manner = Manner(reasoning, finish_reason, usage, chunks, fails)

        def give(request: ChatRequest) -> Reply:
            return chat_reply(_given(answer, request), manner, request)

        self.script.add(Entry("chat", model, when, times, give))

    def answer_completion(
        self,
        answer: CompletionAnswer | Callable[[CompletionRequest], CompletionAnswer],
        *,
        model: str | None = None,
        when: When = None,
        times: int | None = 1,
        finish_reason: FinishReason | None = None,
        usage: TokenUsage | None = None,
        chunks: Sequence[str] | None = None,
        fails: BaseException | None = None,
    ) -> None:
        """As :meth:`answer_chat`."""
        manner = Manner(None, finish_reason, usage, chunks, fails)

        def give(request: CompletionRequest) -> Reply:
            return completion_reply(_given(answer, request), manner, request)

        self.script.add(Entry("complete", model, when, times, give))

    def answer_tool(
        self,
        name: str,
        answer: ToolAnswer | Callable[[InvokeRequest], ToolAnswer],
        *,
        when: When = None,
        times: int | None = 1,
    ) -> None:
        """A text, any JSON, or a ``ToolError``, which is the tool's failure. The tool is offered from now on."""
        self.tools.setdefault(name, Tool(name, None, {"type": "object"}))
        self.script.add(Entry("invoke_tool", name, when, times, lambda request: _tool_result(answer, request)))

    def offer_tool(self, tool: Tool) -> None:
        """A tool with its description and schema."""
        self.tools[tool.name] = tool

    def answer_search(
        self,
        results: SearchAnswer | Callable[[SearchRequest], SearchAnswer],
        *,
        when: When = None,
        times: int | None = 1,
    ) -> None:
        """What is found; a text stands for a document with this content, in the index that was searched."""

        def give(request: SearchRequest) -> list[SearchResult]:
            return [_found(request, result, number) for number, result in enumerate(_given(results, request))]

        self.script.add(Entry("search", None, when, times, give))

    def answer_document(self, document: Document | BaseException, path: DocumentPath | None = None) -> None:
        """A document and its metadata, as often as they are asked for. ``path`` says what an exception is for."""
        wanted = document.path if isinstance(document, Document) else path

        def is_wanted(asked: DocumentPath) -> bool:
            return wanted in (None, asked)

        self.script.add(Entry("documents", None, is_wanted, None, lambda asked: _given(document, asked)))

    def answer_language(
        self,
        language: Language | BaseException | Callable[[SelectLanguageRequest], Language | None] | None,
        *,
        when: When = None,
        times: int | None = 1,
    ) -> None:
        self.script.add(Entry("select_language", None, when, times, lambda request: _given(language, request)))

    def answer_chunks(
        self,
        chunks: Sequence[str] | BaseException | Callable[[ChunkRequest], Sequence[str]],
        *,
        model: str | None = None,
        when: When = None,
        times: int | None = 1,
    ) -> None:
        """The pieces of a text; their offsets are looked up in it."""

        def give(request: ChunkRequest) -> list[Chunk]:
            return _located(_given(chunks, request), request.text)

        self.script.add(Entry("chunk_with_offsets", model, when, times, give))

    def answer_explanation(
        self,
        scores: Sequence[TextScore] | BaseException | Callable[[ExplanationRequest], Sequence[TextScore]],
        *,
        model: str | None = None,
        when: When = None,
        times: int | None = 1,
    ) -> None:
        self.script.add(Entry("explain", model, when, times, lambda request: list(_given(scores, request))))


def _given(answer: Any, request: Any) -> Any:
    """Raises an answer that is an exception, and asks one that is a function."""
    if callable(answer):
        answer = answer(request)
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _tool_result(answer: Any, request: InvokeRequest) -> ToolResult:
    if isinstance(answer, ToolError):
        return answer
    given = answer(request) if callable(answer) else answer
    if isinstance(given, ToolError | ToolOutput):
        return given
    if isinstance(given, BaseException):
        raise given
    return ToolOutput([given if isinstance(given, str) else json.dumps(given)])


def _found(request: SearchRequest, result: SearchResult | str, number: int) -> SearchResult:
    if isinstance(result, SearchResult):
        return result
    index = request.index_path
    path = DocumentPath(index.namespace, index.collection, f"document-{number + 1}")
    return SearchResult(path, result, 1.0, Cursor(0, 0), Cursor(0, max(0, len(result) - 1)))


def _located(chunks: Sequence[str], text: str) -> list[Chunk]:
    """Raises ``ValueError`` for a chunk that is no part of the text."""
    located: list[Chunk] = []
    start = 0
    for chunk in chunks:
        offset = text.find(chunk, start)
        if offset < 0:
            raise ValueError(f"the chunk {chunk!r} does not occur in the text after character {start}")
        located.append(Chunk(chunk, offset))
        start = offset + 1
    return located
