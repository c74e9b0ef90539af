"""A host that answers as the test says."""

from __future__ import annotations

import re

import pytest

from luaskills.testing import FakeHost, HostCall, hash_vector


def tool(host: FakeHost, name: str, **args: object) -> object:
    return host.callbacks["host_tool"]({"action": "call", "tool_name": name, "args": args})


def test_a_host_without_answers_has_no_callbacks() -> None:
    assert FakeHost().callbacks == {}


def test_answers_are_given_in_order_and_each_once() -> None:
    host = FakeHost()
    host.answer_tool("clock", 1)
    host.answer_tool("clock", 2)
    assert [tool(host, "clock"), tool(host, "clock")] == [1, 2]
    with pytest.raises(LookupError, match="no answer is left for host_tool clock"):
        tool(host, "clock")
    assert host.problems() == ["no answer is left for host_tool clock with {}"]


def test_an_answer_may_be_given_without_end() -> None:
    host = FakeHost()
    host.answer_tool("clock", 1, times=None)
    assert {tool(host, "clock") for _ in range(5)} == {1}
    assert host.problems() == []


@pytest.mark.parametrize(
    "when",
    [{"city": "Rome"}, "Rome", re.compile("R.me"), lambda args: args["city"] == "Rome"],
    ids=["members", "text", "pattern", "function"],
)
def test_an_answer_waits_for_the_request_it_is_for(when: object) -> None:
    host = FakeHost()
    host.answer_tool("weather", "hot", when=when)  # type: ignore[arg-type]  # one of its kinds
    host.answer_tool("weather", "cold")
    assert tool(host, "weather", city="Oslo", days=2) == "cold"
    assert tool(host, "weather", city="Rome", days=2) == "hot"


def test_an_answer_may_be_a_function_or_an_exception() -> None:
    host = FakeHost()
    host.answer_tool("double", lambda args: args["n"] * 2)
    host.answer_tool("broken", OSError("no line"))
    assert tool(host, "double", n=4) == 8
    with pytest.raises(OSError, match="no line"):
        tool(host, "broken")
    assert host.calls[-1] == HostCall("host_tool", {"tool_name": "broken", "args": {}}, error="no line")


def test_what_nobody_asked_for_is_a_problem() -> None:
    host = FakeHost()
    host.answer_llm("hello", when="Ada")
    assert host.problems() == ["an answer was not asked for: model_llm when 'Ada'"]


def test_tools_can_be_listed_and_looked_up() -> None:
    host = FakeHost()
    host.answer_tool("b", 1, times=None)
    host.answer_tool("a", 1, times=None)
    ask = host.callbacks["host_tool"]
    assert ask({"action": "list", "tool_name": None, "args": {}}) == ["a", "b"]
    assert ask({"action": "has", "tool_name": "a", "args": {}}) is True
    assert ask({"action": "has", "tool_name": "c", "args": {}}) is False
    assert host.calls == []


def test_models_answer_in_the_form_of_callbacks() -> None:
    host = FakeHost()
    host.answer_llm("hi", when="question")
    host.answer_embedding([0.0, 1.0])
    caller = {"caller": {"skill_id": "notes"}}
    assert host.callbacks["model_llm"]({"system": "s", "user": "a question", **caller}) == {"assistant": "hi"}
    assert host.callbacks["model_embed"]({"text": "t", **caller}) == {"vector": [0.0, 1.0], "dimensions": 2}
    assert [call.request for call in host.calls] == [{"system": "s", "user": "a question"}, {"text": "t"}]


def test_vectors_depend_on_the_text_alone_and_have_length_one() -> None:
    assert hash_vector("a", 16) == hash_vector("a", 16) != hash_vector("b", 16)
    assert sum(value * value for value in hash_vector("a", 16)) == pytest.approx(1, abs=1e-4)
    host = FakeHost()
    host.embed_everything(3)
    assert host.callbacks["model_embed"]({"text": "x", "caller": {}})["vector"] == hash_vector("x", 3)


def test_databases_answer_by_action() -> None:
    host = FakeHost()
    host.answer_database("sqlite", "query_json", {"rows": []}, when={"sql": "select 1"})
    host.answer_database("lancedb", "drop_table", {"message": "gone"})
    query = {"action": "query_json", "binding": {"skill_id": "notes"}, "input": {"sql": "select 1"}}
    assert host.callbacks["sqlite_provider"](query) == {"rows": []}
    drop = {"action": "drop_table", "binding": {}, "input": {"table_name": "t"}}
    assert host.callbacks["lancedb_provider"](drop) == {"meta": {"message": "gone"}}
    assert host.calls[0].request == {"action": "query_json", "input": {"sql": "select 1"}}
    with pytest.raises(ValueError, match="not 'oracle'"):
        host.answer_database("oracle", "query_json", {})
