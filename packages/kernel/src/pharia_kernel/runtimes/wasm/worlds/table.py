"""Every function of every line, as one row: which operation it is, and how it is asked and answered.

Rows are found by the newest line that is not newer than the skill's: a row of 0.3 also serves 0.4 and 0.5 unless they
have their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pharia_kernel.runtimes.wasm.worlds import answers, requests
from pharia_kernel.runtimes.wasm.worlds.lines import ORDER, UNVERSIONED


@dataclass(frozen=True, slots=True)
class Row:
    operation: str
    """Method of the neutral CSI."""
    ask: Callable[..., list[Any]] | None
    """The guest's arguments → requests; None for an operation without any."""
    answer: Callable[[list[Any]], Any]
    """Answers → the guest's value."""


@dataclass(frozen=True, slots=True)
class StreamRow:
    operation: str
    ask: Callable[..., Any]
    event: Callable[[Any], tuple[str, Any] | None]


def _one(ask: Callable[..., Any]) -> Callable[..., list[Any]]:
    return lambda *arguments: [ask(*arguments)]


def _each(ask: Callable[..., Any]) -> Callable[..., list[Any]]:
    """A list of records whose members are the rule's parameters."""
    return lambda records: [ask(**record) for record in records]


def _records(ask: Callable[..., Any]) -> Callable[..., list[Any]]:
    return lambda records: [ask(record) for record in records]


def _first(answer: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda found: answer(found[0])


def _all(answer: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda found: [answer(one) for one in found]


def _special(model: str, prompt: str, params: Any) -> Any:
    return requests.complete(model, prompt, params, special_tokens=True)


def _reasoning_chat(model: str, messages: Any, params: Any) -> Any:
    return requests.chat(model, messages, params, split_reasoning=True)


_COMPLETE_ALL = Row("complete", _each(requests.complete), _all(answers.completion))
_COMPLETION_STREAM = StreamRow("complete_stream", requests.complete, answers.completion_event)

ROWS: dict[tuple[str, str, str], Row] = {
    (UNVERSIONED, "csi", "complete-text"): Row("complete", _one(requests.complete_text), _first(answers.text)),
    ("0.1", "csi", "complete"): Row("complete", _one(requests.complete_old), _first(answers.completion)),
    ("0.2", "csi", "complete"): Row("complete", _one(requests.complete), _first(answers.completion)),
    ("0.2", "csi", "complete-return-special-tokens"): Row("complete", _one(_special), _first(answers.completion)),
    ("0.2", "csi", "complete-all"): _COMPLETE_ALL,
    ("0.2", "csi", "chat"): Row("chat", _one(requests.chat), _first(answers.chat_without_tools)),
    ("0.2", "csi", "chunk"): Row("chunk", _one(requests.chunk), _first(answers.chunk_texts)),
    ("0.2", "csi", "select-language"): Row("select_language", _one(requests.language), _first(answers.same)),
    ("0.2", "csi", "search"): Row("search", _one(requests.search), _first(answers.hits)),
    ("0.2", "csi", "document-metadata"): Row(
        "document_metadata", _one(requests.document_path), _first(answers.json_bytes)
    ),
    ("0.2", "csi", "documents"): Row("documents", _records(requests.document_path), _all(answers.document)),
    ("0.3", "inference", "complete"): _COMPLETE_ALL,
    ("0.3", "inference", "complete-v2"): _COMPLETE_ALL,
    ("0.3", "inference", "chat"): Row("chat", _each(requests.chat), _all(answers.chat_without_tools)),
    ("0.4", "inference", "chat"): Row("chat", _each(_reasoning_chat), _all(answers.chat)),
    ("0.3", "inference", "explain"): Row("explain", _records(requests.explain), _all(answers.score)),
    ("0.3", "chunking", "chunk"): Row("chunk", _each(requests.chunk), _all(answers.chunk_texts)),
    ("0.3", "chunking", "chunk-with-offsets"): Row("chunk", _each(requests.chunk), _all(answers.chunks_with_offsets)),
    ("0.3", "language", "select-language"): Row("select_language", _each(requests.language), _all(answers.same)),
    ("0.3", "document-index", "search"): Row("search", _each(requests.search), _all(answers.hits)),
    ("0.3", "document-index", "documents"): Row("documents", _records(requests.document_path), _all(answers.document)),
    ("0.3", "document-index", "document-metadata"): Row(
        "document_metadata", _records(requests.document_path), _all(answers.json_bytes)
    ),
    ("0.3", "tool", "invoke-tool"): Row("invoke_tools", _each(requests.tool), _all(answers.tool_result)),
    ("0.3", "tool", "list-tools"): Row("list_tools", None, _all(answers.tool_info)),
}

STREAM_ROWS: dict[tuple[str, str, str], StreamRow] = {
    ("0.3", "inference", "completion-stream"): _COMPLETION_STREAM,
    ("0.3", "inference", "chat-stream"): StreamRow("chat_stream", requests.chat, answers.chat_event),
    ("0.4", "inference", "chat-stream"): StreamRow("chat_stream", _reasoning_chat, answers.chat_event),
}


def find(rows: dict[tuple[str, str, str], Any], line: str, interface: str, name: str) -> Any:
    """The row that serves a function of a line, or None."""
    for candidate in reversed(ORDER[: ORDER.index(line) + 1]):
        if row := rows.get((candidate, interface, name)):
            return row
    return None
