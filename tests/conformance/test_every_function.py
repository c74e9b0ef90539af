"""Every function of every line, called once by a component, and what comes back."""

from __future__ import annotations

from typing import Any

from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    Chunk,
    CompleteAnswer,
    Cursor,
    DocPath,
    Document,
    End,
    Hit,
    Score,
    TextPart,
    ToolInfo,
    ToolOutput,
    Usage,
)
from pharia_kernel.runtimes.wasm.worlds.lines import lines

from .calls import CHAT_NOTHING_0_3, CHAT_NOTHING_0_4, COMPLETE_NOTHING, PATH, calls, completion, newest, other
from .guest import EVERY, SPLIT, Guest, on
from .scripted_csi import ScriptedCsi

PLACE = DocPath(**PATH)
SCRIPT: dict[str, Any] = {
    "complete": [CompleteAnswer("Hi", "length", usage=Usage(3, 2))],
    "chat": [ChatAnswer("Hi", "stop", usage=Usage(3, 2))],
    "explain": [[Score(1, 2, 0.5)]],
    "chunk": [[Chunk("a", 4, 3)]],
    "select_language": ["deu"],
    "search": [[Hit(PLACE, "found", 0.5, Cursor(1, 2), Cursor(3, 4))]],
    "document_metadata": [{"a": 1}],
    "documents": [Document(PLACE, ("text",), {"a": 1})],
    "invoke_tools": [ToolOutput(("3",))],
    "list_tools": [ToolInfo("add", "adds", {"type": "object"})],
}
SHORT = {"text": "Hi", "finish_reason": "length"}
COUNTED = {"logprobs": [], "usage": {"prompt": 3, "completion": 2}}
SAID = {"role": "assistant", "content": "Hi"}
FOUND = {"document_path": PATH, "content": "found", "score": 0.5}
SPAN = {"start": {"item": 1, "position": 2}, "end": {"item": 3, "position": 4}}
DOCUMENT = {"path": PATH, "contents": [{"text": "text"}], "metadata": '{"a":1}'}
CHUNK = {"text": "a", "byte_offset": 4, "character_offset": 3}
IN_0_2 = {
    "complete": SHORT,
    "complete-return-special-tokens": SHORT,
    "complete-all": [SHORT],
    "chat": {"message": SAID, "finish_reason": "stop"},
    "chunk": ["a"],
    "select-language": "deu",
    "search": [FOUND],
    "document-metadata": '{"a":1}',
    "documents": [DOCUMENT],
}
IN_0_4: dict[str, Any] = {
    "complete": [{**SHORT, **COUNTED}],
    "chat": [
        {
            "message": {"content": "Hi", "reasoning_content": None, "tool_calls": None},
            "finish_reason": "stop",
            **COUNTED,
        }
    ],
    "chunk": [["a"]],
    "chunk-with-offsets": [[CHUNK]],
    "select-language": ["deu"],
    "search": [[{**FOUND, **SPAN}]],
    "document-metadata": ['{"a":1}'],
    "documents": [DOCUMENT],
    "invoke-tool": [{"ok": [{"text": "3"}]}],
    "list-tools": [{"name": "add", "description": "adds", "input_schema": '{"type":"object"}'}],
}
IN_0_3 = {
    **IN_0_4,
    "complete-v2": IN_0_4["complete"],
    "chat": [{"message": SAID, "finish_reason": "stop", **COUNTED}],
    "explain": [[{"start": 1, "length": 2, "score": 0.5}]],
}
GIVEN: dict[str, dict[str, Any]] = {
    "unversioned": {"complete-text": "Hi"},
    "0.1": {"complete": SHORT},
    "0.2": IN_0_2,
    "0.3": IN_0_3,
    "0.4": IN_0_4,
    "0.5": IN_0_4,
}
CALLED = {
    line: {
        name
        for interface, kind in found.interfaces.items()
        for name in kind.functions
        if interface not in ("skill-handler", "message-stream") and not name.startswith("[")
    }
    for line, found in lines().items()
}
"""Functions that a skill of the line may call, without those of streams and output."""


async def test_every_function_is_in_the_table() -> None:
    assert {line: set(functions) for line, functions in GIVEN.items()} == CALLED


@on(*EVERY)
async def test_every_function_gives_what_the_line_says(guest: Guest) -> None:
    asked = calls(guest.line)
    csi = ScriptedCsi(**SCRIPT)
    answers = await guest.do(csi, *[step for _, step in asked])
    assert {step[2]: answer for (_, step), answer in zip(asked, answers, strict=True)} == GIVEN[guest.line]
    assert [operation for operation, _ in csi.asked] == [operation for operation, _ in asked]


@on(*SPLIT)
async def test_both_streams_give_what_the_line_says(guest: Guest) -> None:
    csi = ScriptedCsi(
        complete_stream=[[TextPart("Hi"), End("length")]],
        chat_stream=[[Begin("assistant"), TextPart("Hi"), End("stop")]],
    )
    old = guest.line == "0.3"
    message = {"role": "user", "content": "?"} if old else other("user")
    params = CHAT_NOTHING_0_3 if old else CHAT_NOTHING_0_4
    chat = {"model": "model", "messages": [message], "params": params}
    steps: list[list[Any]] = [
        ["open", "a", "CompletionStream", completion(**newest(guest.line, COMPLETE_NOTHING))],
        ["rest", "a"],
        ["open", "b", "ChatStream", chat],
        ["rest", "b"],
    ]
    _, completed, _, chatted = await guest.do(csi, *steps)
    assert completed == [{"append": {"text": "Hi", "logprobs": []}}, {"end": "length"}]
    text = {"content": "Hi", "logprobs": []} if old else {"content": "Hi"}
    assert chatted == [{"message-begin": "assistant"}, {"message-append": text}, {"message-end": "stop"}]
