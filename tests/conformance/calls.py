"""Steps that call host functions, and the values they pass; every member has a value of its own."""

from __future__ import annotations

from typing import Any

from pharia_kernel.csi.types import CompleteRequest, TopLogprobs

COMPLETE_0_1 = {"max_tokens": 11, "temperature": 0.5, "top_k": 12, "top_p": 0.25}
COMPLETE_0_2 = {**COMPLETE_0_1, "stop": ["one", "zwei ✓"]}
COMPLETE_0_3 = {
    **COMPLETE_0_2,
    "return_special_tokens": True,
    "frequency_penalty": -1.5,
    "presence_penalty": 1.75,
    "logprobs": {"top": 3},
}
ASKED_0_3 = CompleteRequest(
    "model",
    "prompt",
    max_tokens=11,
    temperature=0.5,
    top_k=12,
    top_p=0.25,
    stop=("one", "zwei ✓"),
    special_tokens=True,
    frequency_penalty=-1.5,
    presence_penalty=1.75,
    logprobs=TopLogprobs(3),
)
COMPLETE_NOTHING: dict[str, Any] = {
    **dict.fromkeys((*COMPLETE_0_1, "frequency_penalty", "presence_penalty")),
    "stop": [],
    "return_special_tokens": False,
    "logprobs": "no",
}
CHAT_0_2 = {"max_tokens": 11, "temperature": 0.5, "top_p": 0.25}
CHAT_0_3 = {**CHAT_0_2, "frequency_penalty": -1.5, "presence_penalty": 1.75, "logprobs": {"top": 3}}
CHAT_NOTHING_0_3: dict[str, Any] = {**dict.fromkeys(CHAT_0_3), "logprobs": "no"}
CHAT_NOTHING_0_4: dict[str, Any] = {
    **CHAT_NOTHING_0_3,
    **dict.fromkeys(
        ("max_completion_tokens", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort")
    ),
}
CHUNK_PARAMS = {"model": "model", "max_tokens": 11, "overlap": 3}
PATH = {"namespace": "space", "collection": "books", "name": "one"}
INDEX = {"namespace": "space", "collection": "books", "index": "asymmetric"}
EXPLAIN = {"prompt": "prompt", "target": "target", "model": "model", "granularity": "auto"}


def completion(**params: Any) -> dict[str, Any]:
    return {"model": "model", "prompt": "prompt", "params": params}


def newest(line: str, params: dict[str, Any]) -> dict[str, Any]:
    """Params as ``complete`` of the line wants them."""
    return params if line == "0.3" else {**params, "echo": False}


def chat(messages: list[Any], params: dict[str, Any]) -> list[Any]:
    return ["call", "inference", "chat", [{"model": "model", "messages": messages, "params": params}]]


def other(role: str, content: str = "hi") -> dict[str, Any]:
    return {"other": {"role": role, "content": content}}


def hello(line: str) -> list[Any]:
    """The shortest chat of a line."""
    if line == "0.2":
        return ["call", "csi", "chat", "model", [{"role": "user", "content": "hi"}], dict.fromkeys(CHAT_0_2)]
    if line == "0.3":
        return chat([{"role": "user", "content": "hi"}], CHAT_NOTHING_0_3)
    return chat([other("user")], CHAT_NOTHING_0_4)


def search(**more: Any) -> dict[str, Any]:
    return {"index_path": INDEX, "query": "query", "max_results": 7, "min_score": None, "filters": [], **more}


def calls(line: str) -> list[tuple[str, list[Any]]]:
    """Operation of the neutral CSI, and the step that asks for it, for every function of a line."""
    if line == "unversioned":
        return [("complete", ["call", "csi", "complete-text", "prompt", "model"])]
    if line == "0.1":
        return [("complete", ["call", "csi", "complete", "model", "prompt", COMPLETE_0_1])]
    if line == "0.2":
        return [
            ("complete", ["call", "csi", "complete", "model", "prompt", COMPLETE_0_2]),
            ("complete", ["call", "csi", "complete-return-special-tokens", "model", "prompt", COMPLETE_0_2]),
            ("complete", ["call", "csi", "complete-all", [completion(**COMPLETE_0_2)]]),
            ("chat", hello(line)),
            ("chunk", ["call", "csi", "chunk", "text", {"model": "model", "max_tokens": 1}]),
            ("select_language", ["call", "csi", "select-language", "text", ["deu"]]),
            ("search", ["call", "csi", "search", INDEX, "query", 1, None]),
            ("document_metadata", ["call", "csi", "document-metadata", PATH]),
            ("documents", ["call", "csi", "documents", [PATH]]),
        ]
    old = [
        ("complete", ["call", "inference", "complete-v2", [completion(**COMPLETE_NOTHING, echo=True)]]),
        ("explain", ["call", "inference", "explain", [EXPLAIN]]),
    ]
    offsets = {"text": "text", "params": CHUNK_PARAMS, "character_offsets": True}
    return [
        *(old if line == "0.3" else []),
        ("complete", ["call", "inference", "complete", [completion(**newest(line, COMPLETE_NOTHING))]]),
        ("chat", hello(line)),
        ("chunk", ["call", "chunking", "chunk", [{"text": "text", "params": CHUNK_PARAMS}]]),
        ("chunk", ["call", "chunking", "chunk-with-offsets", [offsets]]),
        ("select_language", ["call", "language", "select-language", [{"text": "text", "languages": ["deu"]}]]),
        ("search", ["call", "document-index", "search", [search()]]),
        ("document_metadata", ["call", "document-index", "document-metadata", [PATH]]),
        ("documents", ["call", "document-index", "documents", [PATH]]),
        ("invoke_tools", ["call", "tool", "invoke-tool", [{"tool_name": "add", "arguments": []}]]),
        ("list_tools", ["call", "tool", "list-tools"]),
    ]
