"""The bridge: what a call sees, and that nothing a skill does to the tables stays."""

from __future__ import annotations

import json

import pytest

from luaskills.context import VmKind
from luaskills.types import InvocationContext


def test_a_removed_function_is_back_at_the_next_call(each):
    each.run("vulcan.json = nil; vulcan.fs.read = nil; vulcan.fs.extra = 1")
    each.enter(each.context.skill)
    assert each.run("return type(vulcan.json.encode), type(vulcan.fs.read), vulcan.fs.extra") == (
        "function",
        "function",
        None,
    )


def test_the_global_table_itself_is_back_at_the_next_call(each):
    each.run("vulcan = { fs = 'mine' }")
    each.enter(each.context.skill)
    assert each.run("return type(vulcan.fs)") == "table"


def test_a_table_swapped_for_one_that_claims_to_be_equal_is_found(each):
    each.run(
        "local meta = { __eq = function() return true end }"
        "setmetatable(vulcan.fs, meta); vulcan.fs = setmetatable({ read = 1 }, meta)"
    )
    each.enter(each.context.skill)
    assert each.run("return type(vulcan.fs.read), getmetatable(vulcan.fs)") == ("function", None)


def test_a_protected_metatable_is_taken_off_too(each):
    each.run("setmetatable(vulcan.fs, { __metatable = false, __index = error })")
    assert each.installed.enter()
    assert each.run("return getmetatable(vulcan.fs), vulcan.fs.none") == (None, None)


def test_comparisons_of_a_skill_do_not_run_while_the_context_changes(each):
    each.run(
        "local meta = { __eq = function() error('asked') end } "
        "for _, name in ipairs({ 'fs', 'context', 'deps', 'sqlite' }) do setmetatable(vulcan[name], meta) end "
        "vulcan.fs = setmetatable({}, meta)"
    )
    assert each.installed.enter()
    assert each.run("return type(vulcan.fs.read)") == "function"


def test_a_call_without_context_sees_empty_tables(each):
    assert each.json("return vulcan.context.request") == []
    assert each.run("return vulcan.context.host_result.enabled, vulcan.context.client_budget.x") == (False, None)


def test_the_request_of_the_host_is_shown_to_the_call_only(each):
    each.context.request = InvocationContext(
        {
            "request_id": "r1",
            "client_info": {"kind": "ide", "name": "ed"},
            "client_capabilities": {
                "host_result": {"enabled": True, "allowed_kinds": [" change_set ", ""], "max_payload_bytes": 9}
            },
        },
        {"tool_result": {"bytes": 5}},
        {"mode": "x"},
    )
    each.installed.enter()
    assert each.json("return vulcan.context.client_info") == {"kind": "ide", "name": "ed"}
    assert each.json("return vulcan.context.host_result") == {
        "allowed_kinds": ["change_set"],
        "enabled": True,
        "max_payload_bytes": 9,
    }
    assert each.run("return vulcan.context.client_budget.tool_result.bytes, vulcan.context.tool_config.mode") == (
        5,
        "x",
    )
    each.context.request = InvocationContext()
    each.installed.enter()
    assert each.json("return vulcan.context.client_info") == []


def test_the_skill_is_shown_and_gone_outside_of_one(each):
    assert each.run("return vulcan.context.skill_dir, vulcan.deps.lua_path, vulcan.runtime.internal.skill_name") == (
        str(each.skill_dir),
        "/d/lua",
        "notes",
    )
    each.enter(None)
    assert each.run("return vulcan.context.skill_dir, vulcan.deps.lua_path, vulcan.runtime.internal.skill_name") == (
        None,
        None,
        None,
    )


def test_isolated_code_has_no_log_cache_and_exec(make_bench):
    isolated = make_bench(kind=VmKind.EXEC)
    assert isolated.run(
        "return vulcan.runtime.log, vulcan.cache.put, vulcan.cache.get, vulcan.cache.delete, vulcan.runtime.lua.exec"
    ) == (None, None, None, None, None)


def test_host_functions_are_plain_lua_functions(each):
    assert each.run("return type(vulcan.fs.read)") == "function"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{}", "[]"),
        ("{1, 2, x = 3}", "[1,2]"),
        ("{b = 1, a = 2}", '{"a":2,"b":1}'),
        ("{[10] = 'x', y = 1}", '{"10":"x","y":1}'),
        ("3.0", "3"),
        ("0.1", "0.1"),
        ("1/3", "0.3333333333333333"),
        ("0/0", "null"),
        ("1/0", "null"),
        ("{n = -1/0}", '{"n":null}'),
        ("{x = 0.1, big = 2^53, neg = -2^63}", '{"big":9007199254740992,"neg":-9223372036854775808,"x":0.1}'),
        ("nil", "null"),
        ("'a\\\"b\\n\\0\\127'", '"a\\"b\\n\\u0000\x7f"'),
        ("{'ü', '\\n\\1'}", '["ü","\\n\\u0001"]'),
    ],
)
def test_values_become_json(each, value, text):
    shown = each.run(f"return vulcan.json.encode({value})")
    assert shown.replace("\\u007f", "\x7f") == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("print", "json.encode: Cannot convert Lua function to JSON"),
        ("{print}", "json.encode: Cannot convert Lua function to JSON"),
        ("{coroutine.create(print)}", "json.encode: Cannot convert Lua thread to JSON"),
        ("{[true] = 1}", "json.encode: Table key: boolean is neither a string nor a number"),
        ("'\\255'", "json.encode: value must be a valid UTF-8 string"),
        ("{'\\255'}", "json.encode: value must be a valid UTF-8 string"),
    ],
)
def test_values_without_json_form_are_refused(each, value, message):
    assert each.refusal(f"return vulcan.json.encode({value})") == message


def test_cycles_and_depth_are_refused(each):
    assert each.refusal("local t = {} t.t = t return vulcan.json.encode(t)") == "json.encode: table contains itself"
    deep = "local t = {} for i = 1, 500 do t = {t} end return vulcan.json.encode(t)"
    assert each.refusal(deep) == "json.encode: table is nested deeper than 128 levels"


def test_decoded_null_is_nil_and_numbers_keep_their_kind(each):
    assert each.run('local v = vulcan.json.decode(\'{"a":null,"b":[1,null,2.5]}\') return v.a, v.b[1], v.b[3]') == (
        None,
        1,
        2.5,
    )


@pytest.mark.parametrize("text", ["{", "NaN", "", "[1,]", '"\\\\ud800"', "[" * 5000])
def test_what_is_not_json_is_refused(each, text):
    assert each.refusal(f"return vulcan.json.decode('{text}')").startswith("json.decode: ")


def test_one_object_in_two_places_becomes_two_tables(each):
    same = {"a": [1]}
    each.callbacks["host_tool"] = lambda _: {"deep": {"same": same}, "same": same, "list": [same, same]}
    assert each.json("return vulcan.host.call('x', {})") == {
        "deep": {"same": same},
        "same": same,
        "list": [same, same],
    }


@pytest.mark.parametrize("text", ["😀 ü", "\u0000\u0001\u001f", '"\\/\b\f\n\r\t', ""])
def test_texts_survive_both_ways(each, text):
    each.callbacks["host_tool"] = lambda request: request["args"]["x"]
    code = "local j = vulcan.json local x = j.decode(j.encode(j.decode(...)))[1] return vulcan.host.call('x', {x = x})"
    assert each.json(code, json.dumps([text]))["value"] == text


def test_more_keys_than_are_kept_are_still_sorted(each):
    code = "local t = {} for i = 1, 3000 do t['k' .. i] = i end return vulcan.json.encode(t)"
    shown = each.run(code)
    assert shown == json.dumps({f"k{i}": i for i in sorted(range(1, 3001), key=str)}, separators=(",", ":"))


def test_a_number_beyond_64_bits_becomes_a_float(each):
    assert each.run("return vulcan.json.decode('123456789012345678901234567890')") == pytest.approx(
        1.2345678901234568e29
    )


def test_no_python_object_gets_into_lua(bench):
    bench.callbacks["host_tool"] = lambda request: {"x": object()}
    assert bench.refusal("return vulcan.host.list()") == "host.list: a value of type object is not JSON"


def test_a_bug_in_a_host_function_is_a_lua_error_without_its_details(bench):
    bench.context.host.shared.get = None  # type: ignore[method-assign]
    text = bench.refusal("return vulcan.sqlite.query_json{sql = 'select 1'}")
    assert text == "sqlite.query_json: internal error (TypeError)"
