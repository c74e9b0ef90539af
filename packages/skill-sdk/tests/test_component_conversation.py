"""Tools of the skill and answers of a type, inside components of both interface lines."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

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


def converse(host: Any) -> tuple[Any, list[str]]:
    found = json.loads(host.run(b'{"ask": "converse"}'))
    return found["answer"], found["seen"]


def native(content: str | None, **calls: str) -> Any:
    converted = [record(id=name, name=name, arguments=arguments) for name, arguments in calls.items()]
    return record(content=content, reasoning_content=None, tool_calls=converted or None)


def test_the_model_calls_tools_of_both_kinds_and_then_answers_in_the_type(probe: Any) -> None:
    calls = native(None, add='{"a": 1}', double='{"number": "21"}', where='{"place": {"city": "Ys"}}', nonsense="{oh")
    model = Model(probe, calls, native("no"), native('```json\n{"number": 42}\n```'))

    answer, seen = converse(probe)

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


def test_where_the_line_knows_neither_both_are_asked_for_in_words(old_probe: Any) -> None:
    def said(content: str) -> Any:
        return record(role="assistant", content=content)

    call = '{"type": "function", "name": "%s", "parameters": {"number": 21}}'
    model = Model(old_probe, said(call % "double"), said(call % "add"), said('{"number": 42, "mood": "bad"}'))

    answer, seen = converse(old_probe)

    assert answer == {"number": 42, "mood": "bad"}
    assert seen == ["double: ToolOutput(contents=['42'])", "add: ToolOutput(contents=['3'])"]
    assert model.invoked == [["add"]]
    system = model.asked[0].messages[0]
    assert system.role == "system"
    assert '"name": "double"' in system.content
    assert "Answer with JSON alone" in system.content
    assert [message.role for message in model.asked[2].messages] == ["system", "user", *["assistant", "tool"] * 2]
