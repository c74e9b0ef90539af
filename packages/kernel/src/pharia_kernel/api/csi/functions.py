"""Every function of every generation, as one row: what its body looks like, what is asked, how it is answered.

The generations differ in how a body holds its requests, a list in the first and second version, a member ``requests``
in the legacy version 0.3, the body itself in most of 0.2, and in the few forms that changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from pharia_kernel.api.csi import chat_answer, completion, documents, events, texts, tools
from pharia_kernel.api.csi.chat import ChatRequest
from pharia_kernel.api.service import Service
from pharia_kernel.csi.types import DocPath
from pharia_kernel.types import Caller

Item = TypeVar("Item")
Ask = Callable[[Any], Any]
"""From a request of the wire to one of the kernel."""
Give = Callable[[Any, Any], Any]
"""From a request and its answer, both of the kernel, to the answer of the wire."""


@dataclass(frozen=True, slots=True)
class Function:
    body: Any
    """Type of the JSON."""
    run: Callable[[Service, Any, Caller], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Stream:
    body: Any
    ask: Ask
    operation: str
    """Method of the neutral interface."""
    events: events.Events
    check: Callable[[Any, Any], None] | None = None
    """Raises for a part that the caller can not have wanted."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A function that answers every request of a list."""

    item: Any
    operation: str
    ask: Ask
    give: Give


class Requests(msgspec.Struct, Generic[Item], frozen=True):
    requests: tuple[Item, ...]


_TUPLE: Any = tuple  # of types that are values here, which type checkers do not follow
_REQUESTS: Any = Requests


def _neutral(item: Any) -> Any:
    return item.neutral()


def _same(value: Any) -> Any:
    return value


def _only(give: Callable[[Any], Any]) -> Give:
    """Most answers do not depend on their request."""
    return lambda request, answer: give(answer)


async def _answers(kernel: Service, row: _Row, items: Sequence[Any], namespace: str, caller: Caller) -> list[Any]:
    requests = [row.ask(item) for item in items]
    async with kernel.csi(namespace, caller) as csi:
        answers = await getattr(csi, row.operation)(requests)
    return [row.give(request, answer) for request, answer in zip(requests, answers, strict=True)]


def _each(row: _Row) -> Function:
    async def run(kernel: Service, body: Sequence[Any], caller: Caller) -> list[Any]:
        return await _answers(kernel, row, body, "", caller)

    return Function(_TUPLE[row.item, ...], run)


def _in_requests(row: _Row) -> Function:
    async def run(kernel: Service, body: Requests[Any], caller: Caller) -> list[Any]:
        return await _answers(kernel, row, body.requests, "", caller)

    return Function(_REQUESTS[row.item], run)


def _single(row: _Row) -> Function:
    async def run(kernel: Service, body: Any, caller: Caller) -> Any:
        return (await _answers(kernel, row, [body], "", caller))[0]

    return Function(row.item, run)


async def _invoke_tools(kernel: Service, body: tools.InvokeTools, caller: Caller) -> list[Any]:
    return await _answers(kernel, _INVOKE_TOOL, body.requests, body.namespace, caller)


async def _list_tools(kernel: Service, body: tools.ListTools, caller: Caller) -> list[Any]:
    return list(tools.tools(await kernel.tools(body.namespace, caller)))


_INVOKE_TOOL = _Row(tools.ToolRequest, "invoke_tools", _neutral, _only(tools.result))
_DOCUMENTS = _Row(DocPath, "documents", _same, _only(documents.document))
_CHUNK = _Row(texts.ChunkRequest, "chunk", _neutral, _only(texts.chunk_texts))
_LANGUAGE = _Row(texts.LanguageRequest, "select_language", _neutral, _only(_same))
_SHARED = {
    "complete": _Row(completion.CompletionRequest, "complete", _neutral, _only(completion.completion)),
    "explain": _Row(completion.ExplanationRequest, "explain", _neutral, _only(_same)),
    "chunk": _CHUNK,
    "chunk_with_offsets": _Row(texts.ChunkWithOffsetsRequest, "chunk", _neutral, _only(texts.chunks)),
    "select_language": _LANGUAGE,
    "search": _Row(documents.SearchRequest, "search", _neutral, _only(documents.results)),
    "documents": _DOCUMENTS,
    "document_metadata": _Row(DocPath, "document_metadata", _same, _only(_same)),
}
_TOOLS = {
    "invoke_tool": Function(tools.InvokeTools, _invoke_tools),
    "list_tools": Function(tools.ListTools, _list_tools),
}
_COMPLETION_STREAM = Stream(completion.CompletionRequest, _neutral, "complete_stream", events.COMPLETION)
_OLD_COMPLETE = _Row(completion.CompletionRequest, "complete", _neutral, _only(completion.old_completion))


def _chat(give: Give) -> _Row:
    return _Row(ChatRequest, "chat", _neutral, give)


_V1 = {**_SHARED, "chat": _chat(chat_answer.chat_v1)}
_V2 = {
    **_SHARED,
    "chat": _Row(ChatRequest, "chat", ChatRequest.with_reasoning, _only(chat_answer.chat_v2)),
}
_LEGACY = {**_SHARED, "chat": _chat(chat_answer.legacy_chat)}

FUNCTIONS: dict[str, dict[str, Function]] = {
    "v1": {**{name: _each(row) for name, row in _V1.items()}, **_TOOLS},
    "v2": {**{name: _each(row) for name, row in _V2.items()}, **_TOOLS},
}
"""By version and name, as in ``/csi/{version}/{name}``."""

STREAMS: dict[str, dict[str, Stream]] = {
    "v1": {
        "completion_stream": _COMPLETION_STREAM,
        "chat_stream": Stream(ChatRequest, _neutral, "chat_stream", events.CHAT_V1, events.check_part),
    },
    "v2": {
        "completion_stream": _COMPLETION_STREAM,
        "chat_stream": Stream(ChatRequest, ChatRequest.with_reasoning, "chat_stream", events.CHAT_V2),
    },
}

LEGACY: dict[str, dict[str, Function]] = {
    "0.2": {
        "complete": _single(_OLD_COMPLETE),
        "complete_all": _in_requests(_OLD_COMPLETE),
        "chat": _single(_chat(chat_answer.old_chat)),
        "chunk": _single(_CHUNK),
        "select_language": _single(_LANGUAGE),
        "search": _single(_Row(documents.SearchRequest, "search", _neutral, _only(documents.old_results))),
        "documents": _in_requests(_DOCUMENTS),
        "document_metadata": _single(_Row(documents.OldMetadataRequest, "document_metadata", _neutral, _only(_same))),
    },
    "0.3": {name: _in_requests(row) for name, row in _LEGACY.items()},
}
"""By ``version`` and ``function``, members of the body."""
