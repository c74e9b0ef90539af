"""Calls that SDK 0.8.0 knows, the oldest that packages can be had of."""

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
    IndexPath,
    Language,
    Message,
    MetadataFilter,
    TopLogprobs,
    With,
)

_INDEX = IndexPath("team", "handbook", "asym-64")
_PATH = DocumentPath("team", "handbook", "rules")
_ASKED = [Message.system("Be brief."), Message.user("Grüße")]
_PARAMS = CompletionParams(max_tokens=64)

CALLS: dict[str, Callable[[Any], object]] = {
    "complete": lambda csi: csi.complete("model", "p", _PARAMS),
    "complete two": lambda csi: csi.complete_concurrent([CompletionRequest("a", "p", _PARAMS)] * 2),
    "completion_stream": lambda csi: csi._completion_stream("model", "p", CompletionParams(stop=["x"])),
    "chat": lambda csi: csi.chat("model", _ASKED, ChatParams(logprobs=TopLogprobs(3))),
    "chat two": lambda csi: csi.chat_concurrent([ChatRequest("a", _ASKED, ChatParams(max_tokens=2))] * 2),
    "chat_stream": lambda csi: csi._chat_stream("model", _ASKED, ChatParams(max_tokens=5)),
    "chunk": lambda csi: csi.chunk("some text", ChunkParams("model", 10)),
    "select_language": lambda csi: csi.select_language("Hallo", [Language.German, Language.English]),
    "search": lambda csi: csi.search(_INDEX, "who?"),
    "search with filters": lambda csi: csi.search(
        _INDEX, "who?", 3, 0.5, [With([MetadataFilter("a.b", EqualTo("x"))])]
    ),
    "documents": lambda csi: csi.documents([_PATH]),
    "documents_metadata": lambda csi: csi.documents_metadata([_PATH]),
    "explain": lambda csi: csi.explain("An apple a day", " keeps", "model", Granularity.WORD),
}
