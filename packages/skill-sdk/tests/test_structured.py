"""``csi.chat(response_model=…)``: answers of a given type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, Field, RootModel, TypeAdapter

from pharia_skill import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    Csi,
    FinishReason,
    InvokeRequest,
    Message,
    Role,
    TokenUsage,
    Tool,
    ToolOutput,
    ToolResult,
)
from pharia_skill.csi.inference import JsonSchema, ToolCall
from pharia_skill.errors import InvalidAnswer


class Haiku(BaseModel):
    """Three lines."""

    lines: list[str] = Field(min_length=3, max_length=3)
    mood: str | None = None


@dataclass
class Point:
    x: int
    y: int


GOOD = '{"lines": ["a", "b", "c"]}'


class Model(Csi):
    """Gives one answer after the other; ``asked`` keeps the requests."""

    def __init__(self, *answers: str | list[ToolCall] | None, reason: FinishReason = FinishReason.STOP) -> None:
        self.answers = list(answers)
        self.reason = reason
        self.asked: list[ChatRequest] = []

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        (request,) = requests
        self.asked.append(ChatRequest(request.model, list(request.messages), request.params))
        answer = self.answers.pop(0)
        calls = answer if isinstance(answer, list) else None
        message = Message(Role.Assistant, None if isinstance(answer, list) else answer, tool_calls=calls)
        return [ChatResponse(message, self.reason, [], TokenUsage(1, 1))]

    def list_tools(self) -> list[Tool]:
        return [Tool("add")]

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        return [ToolOutput(["3"]) for _ in requests]


class OldModel(Model):
    """As on a host of WIT 0.3."""

    _carries_all_params = False


def test_the_answer_is_a_value_of_the_type() -> None:
    csi = Model(GOOD)
    haiku = csi.chat("m", [Message.user("u")], response_model=Haiku)
    assert haiku == Haiku(lines=["a", "b", "c"])
    assert csi.asked[0].messages == [Message.user("u")]


def test_the_schema_goes_with_the_request_and_the_given_parameters_stay() -> None:
    csi = Model(GOOD)
    params = ChatParams(max_tokens=5)
    csi.chat("m", [], params, response_model=Haiku)
    assert csi.asked[0].params.response_format == JsonSchema("Haiku", schema=Haiku.model_json_schema())
    assert csi.asked[0].params.max_tokens == 5
    assert params == ChatParams(max_tokens=5)


@pytest.mark.parametrize(
    ("response_model", "answer", "value"),
    [
        (Point, '{"x": 1, "y": 2}', Point(1, 2)),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (list[int], '{"value": [1, 2]}', [1, 2]),
        (list[Point], '{"value": [{"x": 1, "y": 2}]}', [Point(1, 2)]),
        (RootModel[list[str]], '{"value": ["a"]}', RootModel[list[str]](["a"])),
        (str, '{"value": "text"}', "text"),
        (TypeAdapter(Point | int), '{"value": 3}', 3),
    ],
)
def test_any_type_pydantic_knows_can_be_asked_for(response_model: Any, answer: str, value: object) -> None:
    csi = Model(answer)
    assert csi.chat("m", [], response_model=response_model) == value
    response_format = csi.asked[0].params.response_format
    assert isinstance(response_format, JsonSchema)
    assert (response_format.schema or {})["type"] == "object"


def test_definitions_stay_where_references_look_for_them() -> None:
    csi = Model('{"value": []}')
    csi.chat("m", [], response_model=list[Point])
    response_format = csi.asked[0].params.response_format
    assert isinstance(response_format, JsonSchema)
    assert list((response_format.schema or {})["$defs"]) == ["Point"]


@pytest.mark.parametrize(
    "answer", [f"```json\n{GOOD}\n```", f"Here you are:\n{GOOD}\nEnjoy {{it}}!"[:-12], f"  {GOOD}\n", f"```\n{GOOD}```"]
)
def test_json_is_found_in_what_models_put_around_it(answer: str) -> None:
    assert Model(answer).chat("m", [], response_model=Haiku).lines == ["a", "b", "c"]


def test_a_value_without_its_wrapper_is_taken_as_well() -> None:
    assert Model("[1, 2]").chat("m", [], response_model=list[int]) == [1, 2]


def test_mistakes_are_shown_to_the_model_and_corrected() -> None:
    csi = Model('{"lines": ["a"]}', "What?", GOOD)
    messages = [Message.user("u")]

    assert csi.chat("m", messages, response_model=Haiku).lines == ["a", "b", "c"]

    assert messages == [Message.user("u")]
    first, second = csi.asked[1].messages[1:]
    assert first == Message.assistant('{"lines": ["a"]}')
    assert second.role is Role.User
    assert "lines: List should have at least 3 items" in (second.content or "")
    assert json.dumps(Haiku.model_json_schema()) in (second.content or "")
    assert "Invalid JSON" in (csi.asked[2].messages[-1].content or "")
    assert len(csi.asked[2].messages) == 5


def test_corrections_end_in_an_error_with_the_last_answer() -> None:
    csi = Model("a", "b", "c", "d")
    with pytest.raises(InvalidAnswer, match="no valid Haiku in 3 answers: 1 validation error for Haiku") as caught:
        csi.chat("m", [], response_model=Haiku)
    assert caught.value.answer.message.content == "c"
    assert caught.value.code == "invalid-answer"


def test_corrections_can_be_done_without() -> None:
    csi = Model("a", GOOD)
    with pytest.raises(InvalidAnswer, match="in 1 answers"):
        csi.chat("m", [], response_model=Haiku, repairs=0)


def test_an_answer_that_was_cut_off_is_not_asked_for_again() -> None:
    csi = Model('{"lines": [', GOOD, reason=FinishReason.LENGTH)
    with pytest.raises(InvalidAnswer, match=r"(?s)cut off .*allow more max_tokens"):
        csi.chat("m", [], response_model=Haiku)
    assert len(csi.asked) == 1


def test_no_content_at_all_is_a_mistake_too() -> None:
    assert Model(None, GOOD).chat("m", [], response_model=Haiku).lines == ["a", "b", "c"]


def test_types_pydantic_does_not_know_are_refused_before_the_model_is_asked() -> None:
    class Opaque:
        pass

    csi = Model()
    with pytest.raises(TypeError, match="use a type pydantic can describe"):
        csi.chat("m", [], response_model=Opaque)


def test_where_requests_carry_no_format_the_prompt_asks_for_json() -> None:
    csi = OldModel("no", GOOD)
    messages = [Message.system("Be brief."), Message.user("u")]

    assert csi.chat("m", messages, response_model=Haiku).lines == ["a", "b", "c"]

    for request in csi.asked:
        assert request.params == ChatParams()
        assert request.messages[0].role is Role.System
        assert (request.messages[0].content or "").startswith("Be brief.\n\nAnswer with JSON alone")
    assert messages == [Message.system("Be brief."), Message.user("u")]


def test_without_a_system_message_one_is_put_ahead() -> None:
    csi = OldModel(GOOD)
    csi.chat("m", [Message.user("u")], response_model=Haiku)
    assert [message.role for message in csi.asked[0].messages] == [Role.System, Role.User]


@pytest.mark.parametrize(
    ("kind", "call"),
    [(Model, [ToolCall("1", "add", {})]), (OldModel, '{"type": "function", "name": "add", "parameters": {}}')],
)
def test_tools_may_be_called_on_the_way(kind: type[Model], call: Any) -> None:
    csi = kind(call, "not yet", GOOD)
    messages = [Message.user("u")]

    assert csi.chat("m", messages, tools=["add"], response_model=Haiku).lines == ["a", "b", "c"]

    assert [message.role for message in messages] == [Role.User, Role.Assistant, Role.Tool]
    assert [len([each for each in request.messages if each.role is not Role.System]) for request in csi.asked] == [
        1,
        3,
        5,
    ]
