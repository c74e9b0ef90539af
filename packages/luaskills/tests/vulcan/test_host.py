"""`vulcan.host`."""

from __future__ import annotations

import pytest


def failing(_request):
    raise RuntimeError("host is ill")


# row 106
def test_without_callback(each):
    assert each.json("return vulcan.host.list()") == []
    assert each.run("return vulcan.host.has('x')") is False
    assert each.json("return vulcan.host.call('x', {})") == {
        "ok": False,
        "error": {
            "code": "host_tool_callback_missing",
            "message": "host tool bridge has no registered callback for 'x'",
        },
    }


def test_requests_reach_the_callback(each):
    seen = []
    each.callbacks["host_tool"] = lambda request: seen.append(request) or {"exists": True}
    each.run("vulcan.host.list() vulcan.host.has('a') vulcan.host.call('b', {}) vulcan.host.call('c', {x = {1}})")
    assert seen == [
        {"action": "list", "tool_name": None, "args": {}},
        {"action": "has", "tool_name": "a", "args": {}},
        {"action": "call", "tool_name": "b", "args": {}},
        {"action": "call", "tool_name": "c", "args": {"x": [1]}},
    ]


# row 108
@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (5, {"ok": True, "value": 5}),
        (None, {"ok": True}),
        ({"ok": False}, {"ok": False}),
        ([1], {"ok": True, "value": [1]}),
    ],
)
def test_answers_of_a_call(bench, answer, shown):
    bench.callbacks["host_tool"] = lambda _: answer
    assert bench.json("return vulcan.host.call('x', {})") == shown


# row 109
@pytest.mark.parametrize(
    ("answer", "shown"), [(True, True), ({"available": True}, True), ({"exists": False, "has": True}, False)]
)
def test_answers_of_has(bench, answer, shown):
    bench.callbacks["host_tool"] = lambda _: answer
    assert bench.run("return vulcan.host.has('x'), vulcan.host.has_tool('x')") == (shown, shown)


def test_bad_answers_of_has(bench):
    text = "vulcan.host.has: host tool has callback must return a boolean"
    bench.callbacks["host_tool"] = lambda _: 1
    assert bench.refusal("return vulcan.host.has('x')") == text
    bench.callbacks["host_tool"] = lambda _: {"exists": 1}
    assert bench.refusal("return vulcan.host.has('x')") == f"{text} or an object with boolean exists/has/available"


# row 107
def test_a_failing_callback(bench):
    bench.callbacks["host_tool"] = failing
    assert bench.json("return vulcan.host.call('x', {})")["error"] == {
        "code": "host_tool_callback_error",
        "message": "host is ill",
    }
    assert bench.refusal("return vulcan.host.list()") == "vulcan.host.list: host is ill"
    assert bench.refusal("return vulcan.host.has('x')") == "vulcan.host.has: host is ill"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'x'", "host.call: args must be a table, got nil"),
        ("5, {}", "host.call: tool_name must be a string, got integer"),
        ("'', {}", "host.call: tool_name must not be empty"),
        ("'x', {print}", "vulcan.host.call: invalid args table: Cannot convert Lua function to JSON"),
        ("'x', {'\\255'}", "vulcan.host.call: invalid args table: host.call: args must be a valid UTF-8 string"),
    ],
)
def test_bad_arguments(bench, arguments, message):
    assert bench.refusal(f"return vulcan.host.call({arguments})") == message
