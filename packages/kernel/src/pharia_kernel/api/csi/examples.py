"""What a request and its answer look like, for every function; they follow the types in :mod:`functions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class Example:
    request: Json
    answer: Json
    """Text for streams."""


_USAGE = {"prompt": 9, "completion": 1}
_PATH = {"namespace": "team", "collection": "handbook", "name": "rules"}
_TOKEN = {"token": [72, 105], "logprob": -0.1}

COMPLETION_REQUEST = {
    "model": "llama-3.1-8b-instruct",
    "prompt": "An apple a day",
    "params": {"return_special_tokens": False, "max_tokens": 1, "stop": [], "logprobs": "sampled"},
}
CHAT_REQUEST = {
    "model": "llama-3.3-70b-instruct",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Add 20 and 22"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "name": "add", "arguments": '{"a": 20, "b": 22}'}],
        },
        {"role": "tool", "content": "42", "tool_call_id": "c1"},
    ],
    "params": {
        "logprobs": "no",
        "max_completion_tokens": 200,
        "tools": [{"name": "add", "description": "Add two numbers", "parameters": {"type": "object"}, "strict": None}],
        "tool_choice": {"named": "add"},
        "response_format": {"json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True}},
        "reasoning_effort": "low",
    },
}
_CHAT_END = {"finish_reason": "stop", "logprobs": [], "usage": _USAGE}
_MESSAGE_V1 = {"role": "assistant", "content": "42", "tool_call_id": None, "tool_calls": None}
_CHUNK = {
    "text": "Every house has a door.",
    "params": {"model": "llama-3.1-8b-instruct", "max_tokens": 4, "overlap": 0},
}

EXAMPLES: dict[str, Example] = {
    "complete": Example(
        [COMPLETION_REQUEST],
        [
            {
                "text": " keeps",
                "finish_reason": "length",
                "logprobs": [{"sampled": _TOKEN, "top": []}],
                "usage": _USAGE,
            }
        ],
    ),
    "completion_stream": Example(
        COMPLETION_REQUEST,
        'event: append\ndata: {"text":" keeps","logprobs":[]}\n\n'
        'event: end\ndata: {"finish_reason":"length"}\n\n'
        'event: usage\ndata: {"usage":{"prompt":9,"completion":1}}\n\n',
    ),
    "chat": Example([CHAT_REQUEST], [{"message": _MESSAGE_V1, **_CHAT_END}]),
    "chat_stream": Example(
        CHAT_REQUEST,
        'event: message_begin\ndata: {"role":"assistant"}\n\n'
        'event: message_append\ndata: {"content":"42","logprobs":[]}\n\n'
        'event: message_end\ndata: {"finish_reason":"stop"}\n\n'
        'event: usage\ndata: {"usage":{"prompt":9,"completion":1}}\n\n',
    ),
    "explain": Example(
        [{"prompt": "An apple a day", "target": " keeps", "model": "luminous-base", "granularity": "word"}],
        [[{"start": 0, "length": 2, "score": 0.1}, {"start": 3, "length": 5, "score": 0.7}]],
    ),
    "chunk": Example([_CHUNK], [["Every house has", "a door."]]),
    "chunk_with_offsets": Example(
        [{**_CHUNK, "character_offsets": True}],
        [
            [
                {"text": "Every house has", "byte_offset": 0, "character_offset": 0},
                {"text": "a door.", "byte_offset": 16, "character_offset": 16},
            ]
        ],
    ),
    "select_language": Example([{"text": "Der Apfel fällt", "languages": ["eng", "deu"]}], ["deu"]),
    "search": Example(
        [
            {
                "query": "May I smoke?",
                "index_path": {"namespace": "team", "collection": "handbook", "index": "asym-64"},
                "max_results": 1,
                "min_score": 0.5,
                "filters": [{"with": [{"metadata": {"field": "valid", "after": "2024-01-01T00:00:00Z"}}]}],
            }
        ],
        [
            [
                {
                    "document_path": _PATH,
                    "content": "Nobody smokes.",
                    "score": 0.8,
                    "start": {"item": 0, "position": 0},
                    "end": {"item": 0, "position": 13},
                }
            ]
        ],
    ),
    "documents": Example(
        [_PATH],
        [
            {
                "path": _PATH,
                "contents": [{"modality": "text", "text": "Nobody smokes."}, {"modality": "image"}],
                "metadata": {"valid": "2025-01-01T00:00:00Z"},
            }
        ],
    ),
    "document_metadata": Example([_PATH], [{"valid": "2025-01-01T00:00:00Z"}]),
    "invoke_tool": Example(
        {
            "namespace": "test-beta",
            "requests": [
                {"name": "add", "arguments": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]},
                {"name": "nope", "arguments": []},
            ],
        },
        [[{"type": "text", "text": "3"}], "Tool nope not found on any server."],
    ),
    "list_tools": Example(
        {"namespace": "test-beta"},
        [{"name": "add", "description": "Add two numbers", "input_schema": {"type": "object"}}],
    ),
}

SECOND_VERSION: dict[str, Example] = {
    "chat": Example(
        [CHAT_REQUEST],
        [
            {
                "message": {**_MESSAGE_V1, "reasoning_content": "20 and 22 are 42."},
                **_CHAT_END,
            }
        ],
    ),
    "chat_stream": Example(
        CHAT_REQUEST,
        'event: message_begin\ndata: {"role":"assistant"}\n\n'
        'event: reasoning\ndata: {"content":"20 and 22 are 42."}\n\n'
        'event: message_append\ndata: {"content":"42"}\n\n'
        'event: message_end\ndata: {"finish_reason":"stop"}\n\n',
    ),
}
"""Where it differs."""
