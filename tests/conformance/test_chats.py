"""Chats of each line, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    FunctionSpec,
    JsonSchema,
    NamedTool,
    ToolCall,
    TopLogprobs,
    Turn,
    Usage,
)
from pharia_kernel.errors import BackendAnswerInvalid, InvalidCsiRequest

from .answers import GIVEN_TOKENS, TOKENS
from .calls import CHAT_0_2, CHAT_0_3, CHAT_NOTHING_0_3, CHAT_NOTHING_0_4, chat, hello, other
from .guest import Guest, on
from .scripted_csi import ScriptedCsi

ANSWER = ChatAnswer("Grüße", "length", reasoning="hm", tokens=TOKENS, usage=Usage(7, 2), model="another")
CALLS = (ToolCall("id-1", "add", '{"a": 1'), ToolCall("id-2", "now", ""))
GIVEN_CALLS = [{"id": "id-1", "name": "add", "arguments": '{"a": 1'}, {"id": "id-2", "name": "now", "arguments": ""}]
USAGE = {"prompt": 7, "completion": 2}


@on("0.2")
async def test_line_0_2_has_three_roles_and_three_settings(guest: Guest) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    messages = [{"role": role, "content": f"as {role}"} for role in ("system", "user", "assistant")]
    (given,) = await guest.do(csi, ["call", "csi", "chat", "model", messages, CHAT_0_2])
    assert given == {"message": {"role": "assistant", "content": "Grüße"}, "finish_reason": "length"}
    turns = (Turn("system", "as system"), Turn("user", "as user"), Turn("assistant", "as assistant"))
    assert csi.asked == [("chat", [ChatRequest("model", turns, max_tokens=11, temperature=0.5, top_p=0.25)])]


@on("0.3")
async def test_line_0_3_has_roles_as_text_penalties_and_log_probabilities(guest: Guest) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    messages = [{"role": role, "content": role} for role in ("System", "DEVELOPER", "user", "assistant")]
    (given,) = await guest.do(csi, chat(messages, CHAT_0_3))
    message = {"role": "assistant", "content": "Grüße"}
    assert given == [{"message": message, "finish_reason": "length", "logprobs": GIVEN_TOKENS, "usage": USAGE}]
    turns = (
        Turn("system", "System"),
        Turn("developer", "DEVELOPER"),
        Turn("user", "user"),
        Turn("assistant", "assistant"),
    )
    asked = ChatRequest(
        "model",
        turns,
        max_tokens=11,
        temperature=0.5,
        top_p=0.25,
        frequency_penalty=-1.5,
        presence_penalty=1.75,
        logprobs=TopLogprobs(3),
    )
    assert csi.asked == [("chat", [asked])]


@on("0.4", "0.5")
async def test_every_setting_of_line_0_4_arrives(guest: Guest) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    schema = '{"type":"object","title":"ü"}'.encode().decode("latin-1")
    tool = {"name": "add", "description": "adds", "parameters": schema, "strict": True}
    bare = {"name": "now", "description": None, "parameters": None, "strict": None}
    params = {
        **CHAT_0_3,
        "max_completion_tokens": 13,
        "tools": [tool, bare],
        "tool_choice": {"named": "add"},
        "parallel_tool_calls": False,
        "response_format": {
            "json-schema": {"description": "described", "name": "named", "schema": schema, "strict": False}
        },
        "reasoning_effort": "high",
    }
    await guest.do(csi, chat([other("user")], params))
    asked = ChatRequest(
        "model",
        (Turn("user", "hi"),),
        max_tokens=11,
        max_completion_tokens=13,
        temperature=0.5,
        top_p=0.25,
        frequency_penalty=-1.5,
        presence_penalty=1.75,
        logprobs=TopLogprobs(3),
        tools=(FunctionSpec("add", "adds", {"type": "object", "title": "ü"}, True), FunctionSpec("now")),
        tool_choice=NamedTool("add"),
        parallel_tools=False,
        format=JsonSchema("named", "described", {"type": "object", "title": "ü"}, False),
        effort="high",
        split_reasoning=True,
    )
    assert csi.asked == [("chat", [asked])]


@on("0.4", "0.5")
async def test_what_is_not_given_stays_away(guest: Guest) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    await guest.do(csi, chat([], CHAT_NOTHING_0_4))
    assert csi.asked == [("chat", [ChatRequest("model", (), split_reasoning=True)])]


@on("0.4", "0.5")
@pytest.mark.parametrize(
    ("name", "given", "member", "asked"),
    [
        *[("tool_choice", choice, "tool_choice", choice) for choice in ("none", "auto", "required")],
        *[("response_format", form, "format", form) for form in ("text", "json-object")],
        *[("reasoning_effort", effort, "effort", effort) for effort in ("minimal", "low", "medium", "high")],
        ("logprobs", "sampled", "logprobs", "sampled"),
        ("parallel_tool_calls", True, "parallel_tools", True),
        ("tools", [], "tools", ()),
        (
            "response_format",
            {"json-schema": {"description": None, "name": "n", "schema": None, "strict": None}},
            "format",
            JsonSchema("n"),
        ),
    ],
)
async def test_each_choice_of_line_0_4_arrives(guest: Guest, name: str, given: Any, member: str, asked: Any) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    await guest.do(csi, chat([], {**CHAT_NOTHING_0_4, name: given}))
    assert getattr(csi.asked[0][1][0], member) == asked


@on("0.4", "0.5")
async def test_messages_of_line_0_4_are_of_three_kinds(guest: Guest) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    thinking = {"content": None, "reasoning_content": "not sent", "tool_calls": GIVEN_CALLS}
    talking = {"content": "sure", "reasoning_content": None, "tool_calls": None}
    messages = [
        other("Developer", "short"),
        other("ASSISTANT", "yes"),
        {"assistant": thinking},
        {"tool": {"content": "3", "tool_call_id": "id-1"}},
        {"assistant": talking},
    ]
    await guest.do(csi, chat(messages, CHAT_NOTHING_0_4))
    turns = (
        Turn("developer", "short"),
        Turn("assistant", "yes"),
        Turn("assistant", None, CALLS),
        Turn("tool", "3", tool_call_id="id-1"),
        Turn("assistant", "sure"),
    )
    assert csi.asked == [("chat", [ChatRequest("model", turns, split_reasoning=True)])]


@on("0.4", "0.5")
async def test_line_0_4_gets_reasoning_and_tool_calls(guest: Guest) -> None:
    csi = ScriptedCsi(chat=[ChatAnswer(None, "tool-calls", "hm", CALLS, TOKENS, Usage(7, 2)), ANSWER])
    (given,) = await guest.do(csi, ["call", "inference", "chat", []])
    calling = {"content": None, "reasoning_content": "hm", "tool_calls": GIVEN_CALLS}
    talking = {"content": "Grüße", "reasoning_content": "hm", "tool_calls": None}
    assert given == [
        {"message": calling, "finish_reason": "tool-calls", "logprobs": GIVEN_TOKENS, "usage": USAGE},
        {"message": talking, "finish_reason": "length", "logprobs": GIVEN_TOKENS, "usage": USAGE},
    ]


@on("0.2", "0.3")
@pytest.mark.parametrize(
    "answer",
    [
        ChatAnswer("text", "stop", tool_calls=CALLS),
        ChatAnswer(None, "stop"),
        ChatAnswer("text", "tool-calls"),
        ChatAnswer(None, "tool-calls", tool_calls=CALLS),
    ],
)
async def test_what_lines_without_tools_can_not_say_ends_the_run(guest: Guest, answer: ChatAnswer) -> None:
    csi = ScriptedCsi(chat=[answer])
    with pytest.raises(BackendAnswerInvalid):
        await guest.do(csi, ["survive", hello(guest.line)])


@on("0.3")
@pytest.mark.parametrize("role", ["tool", "function", "", "user "])
async def test_unknown_roles_of_line_0_3_end_the_run(guest: Guest, role: str) -> None:
    csi = ScriptedCsi(chat=[ANSWER])
    with pytest.raises(InvalidCsiRequest, match=f"'{role}'"):
        await guest.do(csi, ["survive", chat([{"role": role, "content": "hi"}], CHAT_NOTHING_0_3)])
    assert csi.asked == []


@on("0.4", "0.5")
@pytest.mark.parametrize("role", ["tool", "critic"])
async def test_unknown_roles_of_line_0_4_end_the_run(guest: Guest, role: str) -> None:
    with pytest.raises(InvalidCsiRequest, match=role):
        await guest.do(ScriptedCsi(chat=[ANSWER]), ["survive", chat([other(role)], CHAT_NOTHING_0_4)])


@on("0.4", "0.5")
@pytest.mark.parametrize(
    "params",
    [
        {"tools": [{"name": "add", "description": None, "parameters": "{not JSON", "strict": None}]},
        {"tools": [{"name": "add", "description": None, "parameters": "\xff", "strict": None}]},
        {"tools": [{"name": "add", "description": None, "parameters": "[" * 9999 + "]" * 9999, "strict": None}]},
        {"response_format": {"json-schema": {"description": None, "name": "n", "schema": "", "strict": None}}},
    ],
)
async def test_schemas_that_are_not_json_end_the_run(guest: Guest, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidCsiRequest, match="not JSON"):
        await guest.do(ScriptedCsi(chat=[ANSWER]), ["survive", chat([], {**CHAT_NOTHING_0_4, **params})])
