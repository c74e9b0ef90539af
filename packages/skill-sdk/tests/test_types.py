"""The values that cross the Csi."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from pharia_skill import (
    After,
    ChatParams,
    ChatRequest,
    ChatResponse,
    Chunk,
    Completion,
    CompletionParams,
    CompletionRequest,
    Cursor,
    Distribution,
    Document,
    DocumentPath,
    EqualTo,
    FilterCondition,
    FinishReason,
    GreaterThan,
    Image,
    IndexPath,
    InvokeRequest,
    IsNull,
    Language,
    LessThan,
    Logprob,
    Message,
    MetadataFilter,
    Role,
    SearchRequest,
    Text,
    TokenUsage,
    Tool,
    ToolCallRequest,
    ToolError,
    ToolOutput,
    TopLogprobs,
    With,
)
from pharia_skill.csi.inference import (
    CompletionAppend,
    JsonSchema,
    MessageAppend,
    NamedToolChoice,
    ToolCall,
    UnreadableToolCall,
)
from pharia_skill.errors import InvalidMessage


def dumped(value: object) -> Any:
    return json.loads(TypeAdapter(type(value)).dump_json(value))


def test_completion_requests_serialise_in_a_fixed_order() -> None:
    request = CompletionRequest("m", "p", CompletionParams(max_tokens=64, echo=True))
    assert list(dumped(request)["params"]) == [
        "max_tokens",
        "temperature",
        "top_k",
        "top_p",
        "stop",
        "return_special_tokens",
        "frequency_penalty",
        "presence_penalty",
        "logprobs",
        "echo",
    ]


def test_chat_requests_serialise_all_parameters() -> None:
    request = ChatRequest("m", [Message.user("u")], ChatParams(logprobs=TopLogprobs(10)))
    assert len(dumped(request)["params"]) == 12
    assert dumped(request)["params"]["logprobs"] == {"top": 10}


def test_a_wrong_type_names_the_field() -> None:
    with pytest.raises(ValidationError, match="max_tokens"):
        CompletionParams(max_tokens="max_tokens")  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [-1, 2**32])
def test_numbers_the_interface_can_not_carry_are_refused(number: int) -> None:
    with pytest.raises(ValidationError, match="max_tokens"):
        CompletionParams(max_tokens=number)
    with pytest.raises(ValidationError, match="TopLogprobs"):
        TopLogprobs(number)
    with pytest.raises(ValidationError, match="SearchRequest"):
        SearchRequest(IndexPath("n", "c", "i"), "q", number)


def test_requests_do_not_share_their_default_lists() -> None:
    first, second = CompletionParams(), CompletionParams()
    first.stop.append("x")
    assert second.stop == []


def test_positional_construction_works() -> None:
    assert TokenUsage(1, 2) == TokenUsage(prompt=1, completion=2)
    assert IndexPath("a", "b", "c").index == "c"
    assert hash(DocumentPath("a", "b", "c")) == hash(DocumentPath("a", "b", "c"))


def test_messages_in_a_model_look_like_openai_messages() -> None:
    class Model(BaseModel):
        messages: list[Message]

    text = Model(messages=[Message.user("hi")]).model_dump_json(exclude_none=True)
    assert text == '{"messages":[{"role":"user","content":"hi"}]}'


@pytest.mark.parametrize("role", ["user", "User", "ASSISTANT"])
def test_roles_are_read_in_any_case(role: str) -> None:
    assert TypeAdapter(Role).validate_json(json.dumps(role)) == Role(role.lower())


def test_an_assistant_message_needs_something() -> None:
    for error in (InvalidMessage, AssertionError, ValueError):
        with pytest.raises(error, match="either content, reasoning_content or tool_calls must be provided"):
            Message.assistant(None)
    assert Message.assistant(None, [ToolCall("1", "f", {})]).content is None


def test_tool_call_arguments_are_a_string_of_json() -> None:
    call = ToolCall("1", "f", {"a": 1, "b": 2})
    assert dumped(call)["arguments"] == '{"a": 1, "b": 2}'
    assert TypeAdapter(ToolCall).validate_json(TypeAdapter(ToolCall).dump_json(call)) == call


def test_empty_tool_call_arguments_are_no_arguments() -> None:
    assert TypeAdapter(ToolCall).validate_python({"id": "1", "name": "f", "arguments": ""}).arguments == {}


def test_a_call_that_can_not_be_read_keeps_what_the_model_wrote() -> None:
    call = ToolCall.from_text("1", "f", "[" * 100_000)
    assert isinstance(call, UnreadableToolCall)
    assert (call.arguments, call.text) == ({}, "[" * 100_000)
    assert dumped(Message.assistant(None, [ToolCall.from_text("1", "f", "{oh")]))["tool_calls"] == [
        {"id": "1", "name": "f", "arguments": "{}"}
    ]
    assert type(ToolCall.from_text("1", "f", "")) is ToolCall


ANSWER = {"finish_reason": "stop", "logprobs": [], "usage": {"prompt": 1, "completion": 2}}
DISTRIBUTION = {"sampled": {"token": [72], "logprob": -1.0}, "top": [{"token": [72], "logprob": None}]}


def test_answers_can_be_read_from_dicts() -> None:
    assert Completion.from_dict({"text": "t", **ANSWER}) == Completion("t", FinishReason.STOP, [], TokenUsage(1, 2))
    message = {"role": "Assistant", "content": "hi", "future": True}
    assert ChatResponse.from_dict({"message": message, **ANSWER}).message == Message.assistant("hi")
    assert Message.from_dict({"role": "user", "content": "hi"}) == Message.user("hi")
    assert Distribution.from_dict(DISTRIBUTION).sampled == Logprob(b"H", -1.0)
    assert CompletionAppend.from_dict({"text": "t", "logprobs": [DISTRIBUTION]}).logprobs[0].sampled.token == b"H"
    assert MessageAppend.from_dict({"content": "c", "logprobs": []}) == MessageAppend("c")
    with pytest.raises(ValidationError, match="text"):
        Completion.from_dict(ANSWER)


PARAMS: dict[str, Any] = {
    "max_tokens": 3,
    "temperature": 0.5,
    "top_p": 0.1,
    "frequency_penalty": 0.2,
    "presence_penalty": 0.3,
}


def test_parameters_have_the_names_of_the_conventions_for_generative_ai() -> None:
    named = {f"gen_ai.request.{name}": value for name, value in PARAMS.items()}
    assert ChatParams(**PARAMS).as_gen_ai_otel_attributes() == named
    assert CompletionParams(**PARAMS, stop=["x"]).as_gen_ai_otel_attributes() == {
        **named,
        "gen_ai.request.stop_sequences": ["x"],
    }
    assert ChatParams().as_gen_ai_otel_attributes() == {}
    assert CompletionParams().as_gen_ai_otel_attributes() == {}


def test_requests_and_answers_have_them_too() -> None:
    ended = {
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 2,
    }
    assert CompletionRequest("m", "p", CompletionParams(max_tokens=1)).as_gen_ai_otel_attributes() == {
        "gen_ai.operation.name": "text_completion",
        "gen_ai.request.model": "m",
        "gen_ai.content.prompt": "p",
        "gen_ai.request.max_tokens": 1,
    }
    assert Completion("t", FinishReason.STOP, [], TokenUsage(1, 2)).as_gen_ai_otel_attributes() == {
        "gen_ai.content.completion": "t",
        **ended,
    }
    assert ChatRequest("m", [Message.user("u")]).as_gen_ai_otel_attributes() == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.input.messages": '[{"role": "user", "content": "u"}]',
    }
    answer = ChatResponse(Message.assistant("a"), FinishReason.STOP, [], TokenUsage(1, 2))
    assert answer.as_gen_ai_otel_attributes() == {
        "gen_ai.output.messages": '[{"role": "assistant", "content": "a"}]',
        **ended,
    }


def test_logprobs_read_lists_of_bytes_and_null() -> None:
    logprob = TypeAdapter(Logprob).validate_json('{"token": [72, 105], "logprob": null}')
    assert logprob.token == b"Hi"
    assert math.isnan(logprob.logprob)


def test_a_token_may_be_no_text() -> None:
    assert Logprob(b"Hi", 1.0).try_as_utf8() == "Hi"
    assert Logprob(b"\x80", 1.0).try_as_utf8() is None


def test_invoke_requests_take_json_only() -> None:
    assert InvokeRequest("f", {"a": {"b": [1, None]}}).name == "f"
    with pytest.raises(ValidationError):
        InvokeRequest("f", {"a": {"b": object()}})  # type: ignore[dict-item]


def test_tools_know_their_old_name_for_parameters() -> None:
    schema = {"type": "object"}
    assert Tool("f", "d", schema) == Tool(name="f", description="d", input_schema=schema)
    assert Tool("f", "d", schema).input_schema == schema
    assert Tool("f", "d", schema)._json_schema() == {
        "type": "function",
        "function": {"name": "f", "description": "d", "parameters": schema},
    }


def test_tool_results_become_messages() -> None:
    assert ToolOutput(["a", "b"]).as_message("1") == Message.tool("a\n\nb", "1")
    assert ToolOutput(["a"]).as_message().content == 'completed[stdout]:{"result": a}[/stdout]'
    assert ToolError("no").as_message("1").content == 'failed[stderr]:{"error": no}[/stderr]'


def test_tool_errors_are_exceptions_with_values() -> None:
    error = ToolError("no")
    assert (str(error), repr(error)) == ("no", "ToolError(message='no')")
    assert error == ToolError("no")
    assert {error, ToolError("no")} == {error}


def test_old_tool_calls_become_python_tags() -> None:
    content = ToolCallRequest("f", {"a": 1}).as_message().content
    assert content == '<|python_tag|>{"type": "function", "function": {"name": "f", "parameters": {"a": 1}}}'


def test_choices_and_formats_are_told_apart() -> None:
    assert ChatParams(tool_choice="auto").tool_choice == "auto"
    assert ChatParams(tool_choice=NamedToolChoice("f")).tool_choice == NamedToolChoice("f")
    assert ChatParams(response_format=JsonSchema("s")).response_format == JsonSchema("s")
    with pytest.raises(ValidationError):
        ChatParams(tool_choice="perhaps")  # type: ignore[arg-type]


def test_documents_join_their_texts() -> None:
    document = Document(DocumentPath("n", "c", "d"), [Text("a"), Image(), Text("b")], None)
    assert document.text == "a\n\nb"
    assert Text("a").value == "a"
    assert Chunk("a", 3).offset == 3
    assert Cursor(1, 2).position == 2


def test_moments_need_a_time_zone() -> None:
    with pytest.raises(ValidationError, match="Datetimes must be timezone-aware"):
        After(datetime(2025, 1, 1))
    assert After(datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=2)))).value.utcoffset() == timedelta(hours=2)


def test_equal_to_keeps_true_and_one_apart() -> None:
    assert EqualTo(True).value is True
    assert type(EqualTo(1).value) is int


def test_conditions_are_told_apart_by_their_class() -> None:
    conditions: TypeAdapter[FilterCondition] = TypeAdapter(FilterCondition)
    for condition in (GreaterThan(1), LessThan(1), After(datetime(2025, 1, 1, tzinfo=UTC)), EqualTo("x"), IsNull()):
        assert type(conditions.validate_python(condition)) is type(condition)
    assert MetadataFilter("f", LessThan(2)).condition == LessThan(2.0)


def test_a_search_takes_filters() -> None:
    condition = MetadataFilter("created", After(datetime(2025, 1, 1, tzinfo=UTC)))
    request = SearchRequest(IndexPath("n", "c", "i"), "q", filters=[With([condition])])
    assert request.max_results == 1
    assert condition.condition.__json_name__ == "after"


def test_languages_have_iso_codes_and_their_old_names() -> None:
    assert len(Language) == 75
    assert Language["ENG"] is Language.English
    assert Language("deu") is Language.German
