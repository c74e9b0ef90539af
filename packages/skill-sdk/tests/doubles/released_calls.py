"""Calls that SDK 0.19.2 knows; ``released_bodies.json`` has what its DevCsi sends for them.

To write that file again: run every call with that SDK against a server that notes path, ``Accept`` and body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pharia_skill import (
    ChatParams,
    ChatRequest,
    ChunkParams,
    CompletionParams,
    CompletionRequest,
    DocumentPath,
    EqualTo,
    Granularity,
    GreaterThan,
    IndexPath,
    InvokeRequest,
    IsNull,
    Language,
    Message,
    MetadataFilter,
    TopLogprobs,
    With,
    WithOneOf,
    Without,
)

_INDEX = IndexPath("team", "handbook", "asym-64")
_PATHS = [DocumentPath("team", "handbook", "rules"), DocumentPath("team", "handbook", "ünïcode")]
_CONVERSATION = [Message.system("Be brief."), Message.user("Grüße"), Message.assistant("Hi"), Message.user("1 + 1?")]

CALLS: dict[str, Callable[[Any], object]] = {
    "complete": lambda csi: csi.complete("model", "Say “hello”", CompletionParams(max_tokens=64)),
    "complete with everything": lambda csi: csi.complete(
        "model",
        "p",
        CompletionParams(1, 0.5, 3, 0.9, ["\n", "stop"], False, 0.1, 0.2, TopLogprobs(3), True),
    ),
    "complete two": lambda csi: csi.complete_concurrent(
        [CompletionRequest("a", "p"), CompletionRequest("b", "q", CompletionParams(logprobs="sampled"))]
    ),
    "completion_stream": lambda csi: csi.completion_stream("model", "p", CompletionParams(stop=["x"])),
    "chat": lambda csi: csi.chat("model", _CONVERSATION),
    "chat with everything": lambda csi: csi.chat(
        "model",
        _CONVERSATION,
        ChatParams(
            max_tokens=1,
            temperature=0.5,
            top_p=0.9,
            frequency_penalty=0.1,
            presence_penalty=0.2,
            logprobs=TopLogprobs(10),
        ),
    ),
    "chat two": lambda csi: csi.chat_concurrent(
        [ChatRequest("a", [Message.user("1")]), ChatRequest("b", [Message.user("2")], ChatParams(max_tokens=2))]
    ),
    "chat_stream": lambda csi: csi.chat_stream("model", _CONVERSATION, ChatParams(max_tokens=5)),
    "chunk": lambda csi: csi.chunk("some text", ChunkParams("model", 10)),
    "select_language": lambda csi: csi.select_language("Hallo", [Language.German, Language.English]),
    "search": lambda csi: csi.search(_INDEX, "who?"),
    "search with filters": lambda csi: csi.search(
        _INDEX,
        "who?",
        3,
        0.5,
        [
            With([MetadataFilter("a.b", EqualTo("x")), MetadataFilter("n", GreaterThan(1.5))]),
            WithOneOf([MetadataFilter("flag", EqualTo(True)), MetadataFilter("count", EqualTo(3))]),
            Without([MetadataFilter("gone", IsNull())]),
        ],
    ),
    "documents": lambda csi: csi.documents(_PATHS),
    "documents_metadata": lambda csi: csi.documents_metadata(_PATHS),
    "invoke_tool": lambda csi: csi.invoke_tool_concurrent(
        [InvokeRequest("add", {"a": 1, "b": [2.5, None]}), InvokeRequest("nope", {})]
    ),
    "list_tools": lambda csi: csi.list_tools(),
    "explain": lambda csi: csi.explain("An apple a day", " keeps", "model", Granularity.WORD),
}
