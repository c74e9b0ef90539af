"""The Cognitive System Interface: what a skill may ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NoReturn, Protocol, TypeVar, overload

from pydantic import JsonValue, TypeAdapter

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
from pharia_skill.csi.inference.tool import ToolError, add_tools_to_system_prompt
from pharia_skill.csi.language import Language, SelectLanguageRequest
from pharia_skill.csi.search_filter import SearchFilter
from pharia_skill.csi.structured import AnswerType, ask_for
from pharia_skill.csi.tool_dialect import NativeTools, PromptedTools
from pharia_skill.csi.tool_loop import Answer, ToolObserver, answer_calls
from pharia_skill.csi.toolbox import AnyTool, Toolbox

M = TypeVar("M")


class Csi(Protocol):
    """Give it to a skill; subclass it to provide it.

    The single forms are made of the forms that take several requests, which run concurrently and are answered in order.
    Inside the kernel only a tool's failure reaches the skill; any other failure ends the skill.
    """

    _carries_all_params: ClassVar[bool] = True
    """Whether all of :class:`ChatParams` reaches the model. If not, tools and formats are described in the prompt."""

    def complete(self, model: str, prompt: str, params: CompletionParams | None = None) -> Completion:
        """The model writes on where the prompt ends."""
        return self.complete_concurrent([CompletionRequest(model, prompt, params or CompletionParams())])[0]

    def complete_concurrent(self, requests: list[CompletionRequest]) -> list[Completion]:
        _missing(self, "complete_concurrent")

    def complete_all(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        """:meth:`complete_concurrent` as SDKs before 0.5.13 named it."""
        return self.complete_concurrent(list(requests))

    def completion_stream(
        self, model: str, prompt: str, params: CompletionParams | None = None
    ) -> CompletionStreamResponse:
        """As :meth:`complete`, while it is written. Use it in a ``with`` block."""
        return self._completion_stream(model, prompt, params or CompletionParams())

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        _missing(self, "_completion_stream")

    @overload
    def chat(
        self,
        model: str,
        messages: list[Message],
        params: ChatParams | None = None,
        *,
        tools: Sequence[AnyTool] | None = None,
        max_rounds: int = 16,
        on_tool_call: ToolObserver | None = None,
    ) -> ChatResponse: ...

    @overload
    def chat(
        self,
        model: str,
        messages: list[Message],
        params: ChatParams | None = None,
        *,
        response_model: type[M] | TypeAdapter[M],
        repairs: int = 2,
        tools: Sequence[AnyTool] | None = None,
        max_rounds: int = 16,
        on_tool_call: ToolObserver | None = None,
    ) -> M: ...

    def chat(
        self,
        model: str,
        messages: list[Message],
        params: ChatParams | None = None,
        *,
        response_model: type[M] | TypeAdapter[M] | None = None,
        repairs: int = 2,
        tools: Sequence[AnyTool] | None = None,
        max_rounds: int = 16,
        on_tool_call: ToolObserver | None = None,
    ) -> ChatResponse | M:
        """The assistant's next message of a conversation.

        With ``response_model``, any type pydantic can describe, the answer as a value of that type. An answer that does
        not fit is shown to the model with its mistakes, at most ``repairs`` times, then
        :class:`~pharia_skill.errors.InvalidAnswer` is raised. ``tools`` are as in :meth:`chat_stream`.
        """

        if response_model is None and not tools:
            return self.chat_concurrent([ChatRequest(model, messages, params or ChatParams())])[0]

        def ask(messages: list[Message], params: ChatParams) -> ChatResponse:
            return self.chat_concurrent([ChatRequest(model, messages, params)])[0]

        if response_model is None:
            return self._answer(ask, messages, params or ChatParams(), tools, max_rounds, on_tool_call)
        answer_type = AnswerType(response_model)

        def ask_for_type(messages: list[Message], params: ChatParams) -> ChatResponse:
            return ask(*answer_type.demand(messages, params, in_prompt=not self._carries_all_params))

        def converse(messages: list[Message]) -> ChatResponse:
            return self._answer(ask_for_type, messages, params or ChatParams(), tools, max_rounds, on_tool_call)

        return ask_for(answer_type, converse, messages, repairs)

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        _missing(self, "chat_concurrent")

    def chat_stream(
        self,
        model: str,
        messages: list[Message],
        params: ChatParams | None = None,
        tools: Sequence[AnyTool] | None = None,
        *,
        max_rounds: int = 16,
        on_tool_call: ToolObserver | None = None,
    ) -> ChatStreamResponse:
        """As :meth:`chat`, while it is written. Use it in a ``with`` block.

        ``tools`` are names of tools of the namespace, and functions with :func:`~pharia_skill.tool`. The model's calls
        are answered until it writes something else, at most ``max_rounds`` times. Calls and answers are appended to
        ``messages``, and then given to ``on_tool_call``. Calls of one round to tools of the namespace run concurrently.
        A call the model got wrong, or that fails, is answered with the error.

        Raises ``ValueError`` for a tool the namespace does not have, and
        :class:`~pharia_skill.errors.ToolRoundsExceeded`.
        """

        def ask(messages: list[Message], params: ChatParams) -> ChatStreamResponse:
            return self.chat_stream_step(model, messages, params)

        return self._answer(ask, messages, params or ChatParams(), tools, max_rounds, on_tool_call)

    def chat_stream_step(
        self, model: str, messages: list[Message], params: ChatParams | None = None, tools: list[Tool] | None = None
    ) -> ChatStreamResponse:
        """One answer of the model. Tools of ``params`` are offered to it, their calls are not answered.

        ``tools`` are described in the system prompt instead, as SDK 0.17 to 0.20 did it;
        :meth:`ChatStreamResponse.tool_call` reads the call.
        """
        return self._chat_stream(model, add_tools_to_system_prompt(messages, tools or []), params or ChatParams())

    def _answer(
        self,
        ask: Callable[[list[Message], ChatParams], Answer],
        messages: list[Message],
        params: ChatParams,
        tools: Sequence[AnyTool] | None,
        max_rounds: int,
        on_tool_call: ToolObserver | None,
    ) -> Answer:
        if not tools:
            return ask(messages, params)
        toolbox = Toolbox(self, tools)
        dialect = (NativeTools if self._carries_all_params else PromptedTools)(toolbox.definitions)
        return answer_calls(ask, messages, params, toolbox, dialect, max_rounds, on_tool_call)

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        _missing(self, "_chat_stream")

    def explain(
        self, prompt: str, target: str, model: str, granularity: Granularity = Granularity.AUTO
    ) -> list[TextScore]:
        """How much each part of the prompt speaks for the target. Skills built for WIT 0.3 have it."""
        return self.explain_concurrent([ExplanationRequest(prompt, target, model, granularity)])[0]

    def explain_concurrent(self, requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
        _missing(self, "explain_concurrent")

    def chunk(self, text: str, params: ChunkParams) -> list[Chunk]:
        """Cut a text into pieces that fit a model."""
        return self.chunk_concurrent([ChunkRequest(text, params)])[0]

    def chunk_concurrent(self, requests: Sequence[ChunkRequest]) -> list[list[Chunk]]:
        _missing(self, "chunk_concurrent")

    def select_language(self, text: str, languages: list[Language]) -> Language | None:
        """The most likely of some languages; ``None`` when the text is in none of them."""
        return self.select_language_concurrent([SelectLanguageRequest(text, languages)])[0]

    def select_language_concurrent(self, requests: Sequence[SelectLanguageRequest]) -> list[Language | None]:
        _missing(self, "select_language_concurrent")

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
        _missing(self, "search_concurrent")

    def document(self, document_path: DocumentPath) -> Document:
        return self.documents([document_path])[0]

    def documents(self, document_paths: Sequence[DocumentPath]) -> list[Document]:
        _missing(self, "documents")

    def document_metadata(self, document_path: DocumentPath) -> JsonSerializable:
        """``None`` when the document has no metadata."""
        return self.documents_metadata([document_path])[0]

    def documents_metadata(self, document_paths: Sequence[DocumentPath]) -> list[JsonSerializable]:
        _missing(self, "documents_metadata")

    def invoke_tool(
        self, tool: str | None = None, arguments: dict[str, JsonValue] | None = None, /, **named: JsonValue
    ) -> ToolOutput:
        """Call a tool of the namespace; raises :class:`ToolError` when the tool fails.

        Without a positional argument, ``name`` is the tool and not one of its arguments.
        """
        name = named.pop("name", None) if tool is None else tool
        if not isinstance(name, str):
            raise TypeError("invoke_tool needs the name of a tool")
        result = self.invoke_tool_concurrent([InvokeRequest(name, {**(arguments or {}), **named})])[0]
        if isinstance(result, ToolError):
            raise result
        return result

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        """A tool that fails answers with a :class:`ToolError`, which is not raised."""
        _missing(self, "invoke_tool_concurrent")

    def list_tools(self) -> list[Tool]:
        """The tools of the namespace the skill runs in."""
        _missing(self, "list_tools")

    def _list_tool_schemas(self, tools: list[str]) -> list[Tool]:
        offered = self.list_tools()
        known = {tool.name for tool in offered}
        for name in tools:
            if name not in known:
                raise ValueError(f"Tool {name} required by Skill but not configured in namespace.")
        return [tool for tool in offered if tool.name in tools]


def _missing(csi: Csi, method: str) -> NoReturn:
    raise NotImplementedError(f"{type(csi).__name__} does not implement {method}")
