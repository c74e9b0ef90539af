"""Conversations in which the model calls tools: of the namespace, and of the skill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pharia_skill import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    ChatStreamResponse,
    Csi,
    FinishReason,
    InvokeRequest,
    Message,
    Role,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
    ToolResult,
    tool,
)
from pharia_skill.csi.inference import (
    ChatEvent,
    MessageAppend,
    MessageBegin,
    NamedToolChoice,
    ToolCall,
    ToolCallChunk,
    ToolCallEvent,
    UnreadableToolCall,
)
from pharia_skill.errors import InvalidTool, ToolRoundsExceeded

Turn = str | list[ToolCall]


class Stream(ChatStreamResponse):
    def __init__(self, events: list[ChatEvent]) -> None:
        self.events = [MessageBegin("assistant"), *events]
        self.closed = False
        super().__init__()

    def __exit__(self, *exc: object) -> None:
        self.closed = True

    def _next(self) -> ChatEvent | None:
        return self.events.pop(0) if self.events else None


class Model(Csi):
    """Answers with one turn after the other: text, or calls. ``asked`` keeps every request, ``invoked`` every round."""

    def __init__(self, *turns: Turn) -> None:
        self.turns = list(turns)
        self.asked: list[ChatRequest] = []
        self.invoked: list[list[InvokeRequest]] = []
        self.streams: list[Stream] = []

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        return [self._chat(request) for request in requests]

    def _chat(self, request: ChatRequest) -> ChatResponse:
        turn = self._turn(request)
        message = Message.assistant(turn) if isinstance(turn, str) else Message.assistant("Well.", turn)
        return ChatResponse(message, FinishReason.STOP, [], TokenUsage(1, 1))

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        turn = self._turn(ChatRequest(model, messages, params))
        parts: list[ChatEvent] = [MessageAppend(turn)] if isinstance(turn, str) else [_as_event(turn)]
        self.streams.append(Stream([*parts, FinishReason.STOP, TokenUsage(1, 1)]))
        return self.streams[-1]

    def _turn(self, request: ChatRequest) -> Turn:
        self.asked.append(ChatRequest(request.model, list(request.messages), request.params))
        return self.turns.pop(0)

    def list_tools(self) -> list[Tool]:
        return [Tool("add", "Adds", {"type": "object"}), Tool("fail", "Fails"), Tool("other", "Other")]

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        self.invoked.append(list(requests))
        return [ToolError("broken") if request.name == "fail" else ToolOutput(["3"]) for request in requests]


class OldModel(Model):
    """As on a host of WIT 0.3."""

    _carries_all_params = False


def _as_event(calls: list[ToolCall]) -> ToolCallEvent:
    return ToolCallEvent(
        [
            ToolCallChunk(index, call.id, call.name, call.text if isinstance(call, UnreadableToolCall) else "{}")
            for index, call in enumerate(calls)
        ]
    )


def call(name: str, id: str = "1") -> ToolCall:
    return ToolCall(id, name, {})


Ask = Callable[..., str | None]


def by_chat(csi: Csi, messages: list[Message], **options: Any) -> str | None:
    answer: ChatResponse = csi.chat("m", messages, **options)
    return answer.message.content


def by_stream(csi: Csi, messages: list[Message], **options: Any) -> str | None:
    with csi.chat_stream("m", messages, **options) as response:
        return response.consume_message().content


both_ways = pytest.mark.parametrize("ask", [by_chat, by_stream])


@tool
def shout(text: str = "ho") -> str:
    """Say it loud."""
    return text.upper()


@both_ways
def test_tools_of_the_skill_and_of_the_namespace_are_offered_together(ask: Ask) -> None:
    csi = Model("done")
    params = ChatParams(max_tokens=5)
    assert ask(csi, [Message.user("u")], params=params, tools=["fail", shout, "add"]) == "done"
    (request,) = csi.asked
    assert [each.name for each in request.params.tools or []] == ["add", "fail", "shout"]
    assert request.params.max_tokens == 5
    assert params == ChatParams(max_tokens=5)


@both_ways
def test_calls_of_one_round_to_the_namespace_run_together_and_all_are_answered_in_order(ask: Ask) -> None:
    csi = Model([call("add", "a"), call("shout", "b"), call("fail", "c")], "done")
    messages = [Message.user("u")]

    assert ask(csi, messages, tools=["add", "fail", shout]) == "done"

    assert csi.invoked == [[InvokeRequest("add", {}), InvokeRequest("fail", {})]]
    assert [message.role for message in messages] == [Role.User, Role.Assistant, Role.Tool, Role.Tool, Role.Tool]
    assert [each.name for each in messages[1].tool_calls or []] == ["add", "shout", "fail"]
    assert [(message.tool_call_id, message.content) for message in messages[2:]] == [
        ("a", "3"),
        ("b", "HO"),
        ("c", 'failed[stderr]:{"error": broken}[/stderr]'),
    ]
    assert csi.asked[1].messages == messages


def test_what_the_model_said_beside_its_calls_stays_in_the_transcript() -> None:
    messages = [Message.user("u")]
    Model([call("shout")], "done").chat("m", messages, tools=[shout])
    assert messages[1].content == "Well."


@both_ways
def test_the_namespace_is_not_asked_for_tools_of_the_skill(ask: Ask) -> None:
    class NoNamespace(Model):
        def list_tools(self) -> list[Tool]:
            raise AssertionError

    assert ask(NoNamespace([call("shout")], "done"), [], tools=[shout]) == "done"


@both_ways
def test_tools_as_the_namespace_lists_them_can_be_offered(ask: Ask) -> None:
    csi = Model([call("other")], "done")
    assert ask(csi, [], tools=csi.list_tools()) == "done"
    assert csi.invoked == [[InvokeRequest("other", {})]]


@both_ways
def test_what_the_model_gets_wrong_is_told_to_it(ask: Ask) -> None:
    unreadable = [UnreadableToolCall("b", "add", {}, "{oh"), UnreadableToolCall("c", "shout", {}, "[]")]
    csi = Model([call("nonsense", "a"), *unreadable], "sorry")
    messages = [Message.user("u")]

    assert ask(csi, messages, tools=["add", shout]) == "sorry"

    assert csi.invoked == []
    answers = [message.content or "" for message in messages[2:]]
    assert "there is no tool nonsense, only: add, shout" in answers[0]
    assert "the arguments of add must be a JSON object, found: {oh" in answers[1]
    assert "the arguments of shout must be a JSON object, found: []" in answers[2]


@both_ways
def test_every_call_can_be_watched(ask: Ask) -> None:
    seen: list[tuple[str, ToolResult]] = []
    csi = Model([call("add"), call("shout")], [call("fail")], "done")
    ask(
        csi,
        [],
        tools=["add", "fail", shout],
        on_tool_call=lambda call, result: seen.append((call.name, result)),
    )
    assert seen == [("add", ToolOutput(["3"])), ("shout", ToolOutput(["HO"])), ("fail", ToolError("broken"))]


@both_ways
def test_a_model_that_only_calls_tools_is_stopped(ask: Ask) -> None:
    csi = Model(*[[call("shout")]] * 3)
    with pytest.raises(ToolRoundsExceeded, match="after 2 rounds"):
        ask(csi, [], tools=[shout], max_rounds=2)
    assert all(stream.closed for stream in csi.streams)


@both_ways
@pytest.mark.parametrize("choice", ["required", NamedToolChoice("shout")])
def test_a_demanded_call_is_demanded_once(ask: Ask, choice: Any) -> None:
    csi = Model([call("shout")], "done")
    ask(csi, [], params=ChatParams(tool_choice=choice), tools=[shout])
    assert [request.params.tool_choice for request in csi.asked] == [choice, None]


@both_ways
def test_any_other_choice_holds(ask: Ask) -> None:
    csi = Model([call("shout")], "done")
    ask(csi, [], params=ChatParams(tool_choice="none"), tools=[shout])
    assert [request.params.tool_choice for request in csi.asked] == ["none", "none"]


@both_ways
def test_tools_that_can_not_be_used_are_refused_before_the_model_is_asked(ask: Ask) -> None:
    csi = Model()
    with pytest.raises(ValueError, match=r"Tool dummy required by Skill but not configured in namespace\."):
        ask(csi, [], tools=["dummy", shout])
    with pytest.raises(InvalidTool, match="put `@tool` on the function"):
        ask(csi, [], tools=[print])
    with pytest.raises(ValueError, match="two tools are called add"):
        ask(csi, [], tools=["add", tool(name="add")(print_nothing)])


def print_nothing() -> None:
    pass


CALL = '{"type": "function", "name": "add", "parameters": {"a": 1}}'


@both_ways
def test_where_requests_carry_no_tools_they_are_described_in_the_prompt(ask: Ask) -> None:
    csi = OldModel(CALL, "done")
    messages = [Message.system("Be brief."), Message.user("u")]

    assert ask(csi, messages, tools=["add", shout]) == "done"

    assert csi.invoked == [[InvokeRequest("add", {"a": 1})]]
    assert [message.role for message in messages] == [Role.System, Role.User, Role.Assistant, Role.Tool]
    assert messages[0].content == "Be brief."
    assert (messages[2].content or "").startswith('<|python_tag|>{"type": "function"')
    assert messages[3].content == 'completed[stdout]:{"result": 3}[/stdout]'
    for request in csi.asked:
        assert request.params == ChatParams()
        assert '"name": "shout"' in (request.messages[0].content or "")
        assert (request.messages[0].content or "").endswith("Be brief.")


def test_streams_whose_call_was_text_are_closed() -> None:
    csi = OldModel(CALL, "done")
    csi.chat_stream("m", [], tools=["add"])
    assert [stream.closed for stream in csi.streams] == [True, False]


def test_one_step_describes_tools_in_the_prompt_and_the_loop_can_be_written_by_hand() -> None:
    csi = Model(CALL, "done")
    messages = [Message.user("u")]
    schemas = csi._list_tool_schemas(["add"])

    response = csi.chat_stream_step("m", messages, None, schemas)
    while (asked := response.tool_call()) is not None:
        messages.append(asked.as_message())
        messages.append(csi.invoke_tool(asked.name, **asked.parameters).as_message())
        response = csi.chat_stream_step("m", messages, tools=schemas)

    assert response.consume_message().content == "done"
    assert len(messages) == 3
    assert csi.asked[0].params == ChatParams()
    assert csi.asked[0].messages[0].role is Role.System


def test_one_step_without_anything_uses_default_parameters() -> None:
    csi = Model("done")
    csi.chat_stream_step("m", [Message.user("u")])
    assert csi.asked == [ChatRequest("m", [Message.user("u")], ChatParams())]


def test_a_namespaces_tools_are_chosen_by_name() -> None:
    assert [each.name for each in Model()._list_tool_schemas(["other"])] == ["other"]
    with pytest.raises(ValueError, match="Tool dummy required"):
        Model()._list_tool_schemas(["dummy"])


def test_arguments_of_a_tool_may_be_given_as_one_dict() -> None:
    csi = Model()
    csi.invoke_tool("add", {"a": 1}, b=2)
    csi.invoke_tool(name="add", a=1)
    csi.invoke_tool("add", name="x")
    assert [request for (request,) in csi.invoked] == [
        InvokeRequest("add", {"a": 1, "b": 2}),
        InvokeRequest("add", {"a": 1}),
        InvokeRequest("add", {"name": "x"}),
    ]
    with pytest.raises(TypeError, match="needs the name of a tool"):
        csi.invoke_tool(a=1)
