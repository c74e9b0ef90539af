"""Values that plainly fit are not validated again; everything else is, as ever."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pharia_skill import ChatParams, ChatRequest, CompletionParams, Message, Role, TokenUsage, TopLogprobs
from pharia_skill.csi.inference import Distribution, Logprob, MessageAppend, ToolCall

CASES: list[tuple[type, dict[str, Any]]] = [
    (Message, {"role": Role.User, "content": "u"}),
    (Message, {"role": Role.Assistant, "content": None, "tool_calls": [ToolCall("1", "f", {})]}),
    (Message, {"role": "user", "content": "u"}),
    (ChatParams, {}),
    (ChatParams, {"max_tokens": 2**32 - 1, "temperature": 0.5, "logprobs": TopLogprobs(3)}),
    (ChatParams, {"max_tokens": "5", "temperature": 1, "logprobs": "sampled"}),
    (ChatRequest, {"model": "m", "messages": [Message.user("u")]}),
    (ChatRequest, {"model": "m", "messages": [{"role": "user", "content": "u"}], "params": ChatParams()}),
    (CompletionParams, {"stop": ["a"], "echo": True, "top_k": 0}),
    (CompletionParams, {"stop": ("a",), "echo": "yes"}),
    (TokenUsage, {"prompt": 1, "completion": 2}),
    (TokenUsage, {"prompt": True, "completion": "2"}),
    (Logprob, {"token": b"\x80", "logprob": -1.0}),
    (Logprob, {"token": [128], "logprob": -1}),
    (MessageAppend, {"content": "a", "logprobs": [Distribution(Logprob(b"a", 0.0), [])]}),
]


@pytest.mark.parametrize(("cls", "given"), CASES)
def test_the_value_is_the_one_the_validator_makes(cls: type, given: dict[str, Any]) -> None:
    quick = cls(**given)
    validated: Any = TypeAdapter(cls).validate_python(given)
    assert quick == validated
    assert list(vars(quick).items()) == list(vars(validated).items())
    assert [type(value) for value in vars(quick).values()] == [type(value) for value in vars(validated).values()]


@pytest.mark.parametrize(
    ("cls", "given", "field"),
    [
        (Message, {"role": "king", "content": "u"}, "role"),
        (Message, {"role": Role.User, "content": 3}, "content"),
        (Message, {"role": Role.User}, "content"),
        (ChatParams, {"max_tokens": "many"}, "max_tokens"),
        (ChatParams, {"max_tokens": -1}, "max_tokens"),
        (ChatParams, {"max_tokens": 2**32}, "max_tokens"),
        (ChatParams, {"logprobs": "all"}, "logprobs"),
        (ChatRequest, {"model": None, "messages": []}, "model"),
        (ChatRequest, {"model": "m", "messages": [3]}, "messages"),
        (CompletionParams, {"stop": [3]}, "stop"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(cls: type, given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        cls(**given)
    assert raised.value.errors()[0]["loc"][0] == field


def test_positions_count_as_ever() -> None:
    assert TokenUsage(1, 2) == TokenUsage(prompt=1, completion=2)
    assert ChatParams(5).max_tokens == 5


def test_a_list_is_the_value_s_own() -> None:
    messages: list[Message] = []
    request = ChatRequest("m", messages)
    messages.append(Message.user("u"))
    assert request.messages == []


def test_defaults_are_made_anew() -> None:
    CompletionParams().stop.append("a")
    assert CompletionParams().stop == []


def test_a_logprob_that_is_null_is_not_a_number() -> None:
    assert math.isnan(Logprob(b"a", None).logprob)  # type: ignore[arg-type]
