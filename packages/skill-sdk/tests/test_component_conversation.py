"""Tools of the skill and answers of a type, inside components of both interface lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

SKILL = '''
from __future__ import annotations
from dataclasses import dataclass
from typing import Literal
from pharia_skill import ChatParams, Csi, Message, ToolError, skill, tool
from pydantic import BaseModel


class Answer(BaseModel):
    number: int
    mood: Literal["good", "bad"] = "good"


@tool
def double(number: int) -> int:
    """Double it.

    Args:
        number: what to double
    """
    return 2 * number


@skill
def converse(csi: Csi, input: list[str]) -> tuple[Answer, list[str]]:
    class Place(BaseModel):
        city: str

    @tool
    def where(csi: Csi, place: Place) -> str:
        raise ToolError(f"{place.city} is not known, nor is {len(csi.list_tools())}")

    seen: list[str] = []
    answer = csi.chat(
        "model",
        [Message.user(text) for text in input],
        tools=["add", double, where],
        response_model=Answer,
        on_tool_call=lambda call, result: seen.append(f"{call.name}: {result}"),
    )
    return answer, seen
'''

ADD = SimpleNamespace(name="add", description="Adds", **{"input-schema": b'{"type": "object"}'})


def record(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name.replace("_", "-"): value for name, value in fields.items()})


class Model:
    """Gives one message after the other; keeps the requests."""

    def __init__(self, host: Any, *messages: Any) -> None:
        self.messages = list(messages)
        self.asked: list[Any] = []
        self.invoked: list[Any] = []
        host.functions |= {"chat": self._chat, "list-tools": lambda: [ADD], "invoke-tool": self._invoke}

    def _chat(self, requests: list[Any]) -> list[Any]:
        self.asked.extend(requests)
        usage = record(prompt=1, completion=1)
        return [record(message=self.messages.pop(0), finish_reason="stop", logprobs=[], usage=usage)]

    def _invoke(self, requests: list[Any]) -> list[Any]:
        self.invoked.append([vars(request)["tool-name"] for request in requests])
        return [["3"] for _ in requests]


@pytest.fixture(scope="session")
def new(component: Callable[..., Any]) -> Any:
    return component("converse", SKILL, "0.4")


@pytest.fixture(scope="session")
def old(component: Callable[..., Any]) -> Any:
    return component("converse", SKILL, "0.3")


def native(content: str | None, **calls: str) -> Any:
    converted = [record(id=name, name=name, arguments=arguments) for name, arguments in calls.items()]
    return record(content=content, reasoning_content=None, tool_calls=converted or None)


def test_the_model_calls_tools_of_both_kinds_and_then_answers_in_the_type(new: Any) -> None:
    calls = native(None, add='{"a": 1}', double='{"number": "21"}', where='{"place": {"city": "Ys"}}', nonsense="{oh")
    model = Model(new, calls, native("no"), native('```json\n{"number": 42}\n```'))

    answer, seen = json.loads(new.run(b'["u"]'))

    assert answer == {"number": 42, "mood": "good"}
    assert seen == [
        "add: ToolOutput(contents=['3'])",
        "double: ToolOutput(contents=['42'])",
        "where: Ys is not known, nor is 1",
        "nonsense: the arguments of nonsense must be a JSON object, found: {oh",
    ]
    assert model.invoked == [["add"]]
    offered = {tool.name: json.loads(tool.parameters) for tool in model.asked[0].params.tools}
    assert list(offered) == ["add", "double", "where"]
    assert offered["double"]["properties"]["number"]["description"] == "what to double"
    assert list(offered["where"]["properties"]) == ["place"]
    assert vars(model.asked[0].params)["response-format"].tag == "json-schema"
    tags = [message.tag for message in model.asked[2].messages]
    assert tags == ["other", "assistant", "tool", "tool", "tool", "tool", "assistant", "other"]


def test_where_the_line_knows_neither_both_are_asked_for_in_words(old: Any) -> None:
    def said(content: str) -> Any:
        return record(role="assistant", content=content)

    call = '{"type": "function", "name": "%s", "parameters": {"number": 21}}'
    model = Model(old, said(call % "double"), said(call % "add"), said('{"number": 42, "mood": "bad"}'))

    answer, seen = json.loads(old.run(b'["u"]'))

    assert answer == {"number": 42, "mood": "bad"}
    assert seen == ["double: ToolOutput(contents=['42'])", "add: ToolOutput(contents=['3'])"]
    assert model.invoked == [["add"]]
    system = model.asked[0].messages[0]
    assert system.role == "system"
    assert '"name": "double"' in system.content
    assert "Answer with JSON alone" in system.content
    assert [message.role for message in model.asked[2].messages] == ["system", "user", *["assistant", "tool"] * 2]
