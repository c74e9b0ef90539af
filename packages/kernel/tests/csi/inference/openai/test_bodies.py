"""What is asked of the endpoint."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pharia_kernel.csi.inference.openai.bodies import chat_body, completion_body
from pharia_kernel.csi.types import (
    ChatRequest,
    CompleteRequest,
    FunctionSpec,
    JsonSchema,
    NamedTool,
    ToolCall,
    TopLogprobs,
    Turn,
)
from pharia_kernel.errors import InvalidCsiRequest

_HI = (Turn("user", "Hi"),)
_SPECIAL = {"skip_special_tokens": False}


def _chat(*, stream: bool = False, turns: tuple[Turn, ...] = _HI, **members: Any) -> Any:
    return msgspec.json.decode(chat_body(ChatRequest("m", turns, **members), stream=stream))


def _completion(*, stream: bool = False, **members: Any) -> Any:
    return msgspec.json.decode(completion_body(CompleteRequest("m", "Once", **members), _SPECIAL, stream=stream))


def test_what_is_not_given_is_not_sent() -> None:
    assert _chat() == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    assert _completion() == {"model": "m", "prompt": "Once"}


def test_zero_is_a_value_that_is_given() -> None:
    assert _chat(temperature=0.0)["temperature"] == 0.0
    assert _completion(max_tokens=0)["max_tokens"] == 0


def test_numbers_of_a_chat_are_passed_under_their_names() -> None:
    given: dict[str, Any] = {
        "max_tokens": 5,
        "max_completion_tokens": 6,
        "temperature": 0.5,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
    }
    assert _chat(**given).items() >= given.items()


def test_stop_sequences_and_seeds_are_passed_under_their_names() -> None:
    given: dict[str, Any] = {"stop": ("a", "b"), "seed": 0}
    for body in (_chat(**given), _completion(**given)):
        assert (body["stop"], body["seed"]) == (["a", "b"], 0)


def test_numbers_of_a_completion_are_passed_under_their_names() -> None:
    given: dict[str, Any] = {"max_tokens": 5, "temperature": 0.5, "top_k": 3, "top_p": 0.9, "frequency_penalty": 0.1}
    assert _completion(**given).items() >= given.items()


def test_streams_ask_for_usage() -> None:
    for body in (_chat(stream=True), _completion(stream=True)):
        assert body["stream"] is True
        assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(("mode", "asked"), [("sampled", 1), (TopLogprobs(0), 1), (TopLogprobs(5), 5)])
def test_log_probabilities_are_asked_with_at_least_one_alternative(mode: Any, asked: int) -> None:
    assert _chat(logprobs=mode)["logprobs"] is True
    assert _chat(logprobs=mode)["top_logprobs"] == asked
    assert _completion(logprobs=mode)["logprobs"] == asked


def test_completions_carry_stop_echo_and_special_tokens_only_when_wanted() -> None:
    assert _completion(stop=("\n",), echo=True, special_tokens=True) == {
        "model": "m",
        "prompt": "Once",
        "stop": ["\n"],
        "echo": True,
        "skip_special_tokens": False,
    }


def test_tools_are_functions_with_what_is_known_of_them() -> None:
    body = _chat(
        tools=(FunctionSpec("add", "Adds", {"type": "object"}, True), FunctionSpec("bare")), parallel_tools=False
    )
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "add", "description": "Adds", "parameters": {"type": "object"}, "strict": True},
        },
        {"type": "function", "function": {"name": "bare"}},
    ]
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize("choice", ["none", "auto", "required"])
def test_tool_choices_are_words(choice: Any) -> None:
    assert _chat(tool_choice=choice)["tool_choice"] == choice


def test_a_named_tool_is_chosen_by_its_name() -> None:
    assert _chat(tool_choice=NamedTool("add"))["tool_choice"] == {"type": "function", "function": {"name": "add"}}


def test_formats_have_their_types() -> None:
    assert _chat(format="text")["response_format"] == {"type": "text"}
    assert _chat(format="json-object")["response_format"] == {"type": "json_object"}
    assert _chat(format=JsonSchema("city", None, {"type": "object"}, True))["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "city", "schema": {"type": "object"}, "strict": True},
    }


def test_effort_is_passed() -> None:
    assert _chat(effort="low")["reasoning_effort"] == "low"


def test_an_assistants_tool_calls_and_their_results_are_part_of_the_conversation() -> None:
    turns = (
        Turn("assistant", tool_calls=(ToolCall("1", "add", '{"a":1}'),)),
        Turn("tool", "3", tool_call_id="1"),
    )
    assert _chat(turns=turns)["messages"] == [
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}],
        },
        {"role": "tool", "content": "3", "tool_call_id": "1"},
    ]


def test_roles_are_compared_without_case() -> None:
    turns = (Turn("System", "a"), Turn("DEVELOPER", "b"), Turn("User", "c"), Turn("assistant", "d"))
    assert [message["role"] for message in _chat(turns=turns)["messages"]] == [
        "system",
        "developer",
        "user",
        "assistant",
    ]


@pytest.mark.parametrize("role", ["narrator", "", "tool"])
def test_other_roles_are_refused(role: str) -> None:
    with pytest.raises(InvalidCsiRequest, match="system, developer, user, assistant"):
        _chat(turns=(Turn(role, "x"),))


def test_a_schema_that_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidCsiRequest, match="JSON"):
        _chat(tools=(FunctionSpec("add", parameters={"a": object()}),))
