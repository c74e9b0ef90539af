"""Calls of entries, free code, and what calls do to one another: rows 65 to 78 of the behaviours checklist."""

from __future__ import annotations

import json
import logging
import threading

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.errors import (
    ArgumentsInvalid,
    CallFailed,
    EngineClosed,
    SkillNotFound,
)
from luaskills.types import InvocationContext


# row 65
@pytest.mark.parametrize("args", [[1, 2], None, 5, "x", True])
def test_arguments_that_are_no_object_are_an_empty_table(each, args):
    each.skill("notes", "return function(a) return type(a) .. tostring(next(a)) end")
    assert each.engine().call_skill("notes-run", args).content == "tablenil"


# row 66
def test_null_is_nil(each):
    each.skill("notes", "return function(args) return tostring(args.a) .. tostring(args.b[2]) .. #args.c end")
    args = {"a": None, "b": [1, None, 3], "c": []}
    assert each.engine().call_skill("notes-run", args).content == "nilnil0"


def test_arguments_arrive_as_they_are(each):
    each.skill("notes", "return function(args) return vulcan.json.encode(args) end")
    args = '{"a":[1,2.5,-3,true,false],"b":{"c":{"d":"ü\\u0000x😀"}},"e":[],"n":9007199254740991}'
    assert each.engine().call_skill("notes-run", json.loads(args)).content == args


# row 67
def test_an_unknown_tool_is_named(each):
    with pytest.raises(SkillNotFound) as caught:
        each.engine().call_skill("x")
    assert str(caught.value) == "Lua skill 'x' not found"


# row 68
def test_an_error_is_reported_and_the_next_call_works(each):
    each.skill("notes", "return function(args) if args.bad then error('boom') end return 'fine' end")
    engine = each.engine()
    with pytest.raises(CallFailed, match=r"^Lua skill 'notes-run' error: notes_run:1: boom\nstack traceback:"):
        engine.call_skill("notes-run", {"bad": True})
    assert engine.call_skill("notes-run").content == "fine"


@pytest.mark.parametrize(
    ("raised", "shown"),
    [("{}", "table: 0x"), ("setmetatable({}, {__tostring = function() return 'mine' end})", "mine"), ("nil", "nil")],
)
def test_an_error_that_is_no_text_is_shown_as_one(each, raised, shown):
    each.skill("notes", f"return function() error({raised}) end")
    with pytest.raises(CallFailed, match=f"^Lua skill 'notes-run' error: {shown}"):
        each.engine().call_skill("notes-run")


# row 69
def test_a_debug_skill_is_read_anew(each, caplog):
    directory = each.skill("notes", "return function() return 'old' end", manifest="debug: true\n")
    engine = each.engine()
    assert engine.call_skill("notes-run").content == "old"
    file = directory / "runtime" / "e.lua"
    file.write_text("return function() return 'new' end")
    with caplog.at_level(logging.INFO):
        assert engine.call_skill("notes-run").content == "new"
    assert f"[LuaSkill] Hot reload notes_run: {file}" in caplog.messages


# row 70
def test_a_failed_nested_call_gives_the_caller_its_context_back(each):
    each.skill("inner", "return function() error('no') end", manifest="sqlite: {enable: true}\n")
    each.skill(
        "outer",
        "return function() local ok, e = pcall(vulcan.call, 'inner-run'); vulcan.config.set('k', 'v') "
        "return vulcan.json.encode({ok, vulcan.runtime.internal.skill_name, vulcan.context.skill_dir, "
        "vulcan.sqlite.enabled, vulcan.deps.lua_path}) end",
    )
    engine = each.engine()
    root = each.root
    assert engine.call_skill("outer-run").content == (
        f'[false,"outer","{root}/root_skills/outer",false,"{root}/dependencies/lua/outer"]'
    )
    assert engine.config.get("outer", "k") == "v"


# row 70
def test_a_failed_nested_call_leaves_the_caller_its_own_database(each):
    for skill_id, body in (
        ("inner", "vulcan.sqlite.execute_script({sql = 'CREATE TABLE theirs (x)'}) error('no')"),
        (
            "outer",
            "local sql = vulcan.sqlite sql.execute_script({sql = 'CREATE TABLE mine (x)'}) "
            "local ok, e = pcall(vulcan.call, 'inner-run') "
            "local names = sql.query_json({sql = 'SELECT name FROM sqlite_master'}) "
            "return tostring(ok) .. tostring(e):match('no') .. vulcan.json.encode(names)",
        ),
    ):
        each.skill(skill_id, f"return function() {body} end", manifest="sqlite: {enable: true}\n")
    content = each.engine().call_skill("outer-run").content
    assert content.startswith("falseno")
    assert "mine" in content
    assert "theirs" not in content


def test_a_nested_call_sees_its_own_skill_and_the_request_of_the_outer_one(each):
    each.skill(
        "inner",
        "return function(a) local i = vulcan.runtime.internal "
        "return i.skill_name .. i.tool_name .. vulcan.context.request.request_id .. a.x, 5, {1} end",
    )
    each.skill(
        "outer",
        "return function() local text, five, list = vulcan.call('inner-run', {x = 'y'}) "
        "return text .. five .. list[1] end",
    )
    result = each.engine().call_skill("outer-run", {}, InvocationContext({"request_id": "r"}))
    assert result.content == "innerinner-runry51"


def test_a_nested_call_of_nothing_is_named(each):
    each.skill("notes", "return function() local _, e = pcall(vulcan.call, 'none') return e end")
    assert each.engine().call_skill("notes-run").content == "Skill 'none' not found"


def test_endless_nesting_ends_at_the_depth_limit(each):
    each.skill("loop", "return function() return vulcan.call('loop-run') end")
    engine = each.engine()
    with pytest.raises(CallFailed, match="nested deeper than 64 levels"):
        engine.call_skill("loop-run")
    assert engine.run_lua("return 1") == 1


# row 71
def test_what_a_skill_takes_away_is_back_at_the_next_call(each):
    each.skill(
        "vandal",
        "return function() string.rep = nil; pcall = nil; vulcan.json = nil; vulcan.fs.read = nil; vulcan.x = 1 "
        "setmetatable(_G, {__index = function() return 5 end, __newindex = error, __metatable = false}) "
        "local text = getmetatable('') text.__index = nil text.__add = error text.__metatable = false "
        "setmetatable(text, {__index = error}) return 'x' end",
    )
    each.skill(
        "good",
        "local calls = 0 return function() calls = calls + 1 "
        "return vulcan.json.encode({('a'):rep(2), type(vulcan.fs.read), vulcan.x == nil, "
        "pcall(function() return 'a' + 1 end) == false, none == nil, getmetatable('').__metatable == nil, calls}) end",
    )
    engine = each.engine()
    assert engine.call_skill("good-run").content == '["aa","function",true,true,true,true,1]'
    assert engine.call_skill("vandal-run").content == "x"
    # the count goes on: it is the VM the other one was in
    assert engine.call_skill("good-run").content == '["aa","function",true,true,true,true,2]'


def test_two_skills_with_one_module_name_keep_their_own_code(each):
    for skill_id in ("a", "b"):
        path = each.skill(skill_id, f"return function() return '{skill_id}' end") / "skill.yaml"
        path.write_text(path.read_text().replace(f"{skill_id}_run", "shared"))
    engine = each.engine()
    assert [engine.call_skill(f"{skill_id}-run").content for skill_id in ("a", "b", "a")] == ["a", "b", "a"]


# row 72
def test_the_request_of_the_host_is_seen(each):
    each.skill(
        "notes",
        "return function() local c = vulcan.context return vulcan.json.encode({c.client_info, c.request.odd, "
        "c.client_budget, c.tool_config, c.host_result}) end",
    )
    context = InvocationContext(
        {
            "client_info": {"name": "ed"},
            "odd": 1,
            "client_capabilities": {"host_result": {"enabled": True, "allowed_kinds": ["k"], "max_payload_bytes": 5}},
        },
        {"tool_result": {"bytes": 1}},
        {"a": True},
    )
    assert each.engine().call_skill("notes-run", {}, context).content == (
        '[{"name":"ed"},1,{"tool_result":{"bytes":1}},{"a":true},'
        '{"allowed_kinds":["k"],"enabled":true,"max_payload_bytes":5}]'
    )


# row 73
def test_without_a_request_its_tables_are_empty(each):
    each.skill(
        "notes",
        "return function() local c = vulcan.context "
        "return vulcan.json.encode({c.request, c.client_info, c.client_budget, c.tool_config, c.host_result}) end",
    )
    assert each.engine().call_skill("notes-run").content == '[[],[],[],[],{"allowed_kinds":[],"enabled":false}]'


# rows 74, 75
@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return 1, 2", 1),
        ("local x = 1", None),
        ("return", None),
        ("return {a = args.x, b = {1, 2}}", {"a": 5, "b": [1, 2]}),
        ("return {}", []),
        ("return 3.0", 3),
        ("return 0/0", None),
        ("return {1, 2, x = 3}", [1, 2]),
        ("return {[5] = 1}", {"5": 1}),
        ("return 'ü'", "ü"),
    ],
)
def test_run_lua_gives_the_first_value(each, code, value):
    assert each.engine().run_lua(code, {"x": 5}) == value


# row 76
def test_run_lua_has_no_skill(each):
    with pytest.raises(CallFailed, match=r"vulcan\.config\.get requires one active skill context"):
        each.engine().run_lua("return vulcan.config.get('k')")
    assert each.engine().run_lua("return {vulcan.context.skill_dir == nil, vulcan.deps.lua_path == nil}") == [
        True,
        True,
    ]


# row 77
def test_run_lua_fails_with_its_text_and_forgets_its_arguments(each):
    engine = each.engine()
    with pytest.raises(CallFailed, match=r"^Lua run_lua error: .*boom5"):
        engine.run_lua("error('boom' .. args.x)", {"x": 5})
    assert engine.run_lua("return {args.x == nil, _G.args == nil, __runlua_args == nil}") == [True] * 3


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("print", "Cannot convert Lua function to JSON"),
        ("coroutine.create(print)", "Cannot convert Lua thread to JSON"),
        ("io.stdout", "Cannot convert Lua userdata to JSON"),
        ("{[{}] = 1}", "Table key: "),
        ("{print}", "Cannot convert Lua function to JSON"),
    ],
)
def test_a_value_without_json_form_is_an_error(each, value, message):
    with pytest.raises(CallFailed, match=message):
        each.engine().run_lua(f"return {value}")


# row 78
def test_a_closed_engine_refuses_everything(site):
    engine = site.engine()
    engine.close()
    for use in (
        lambda: engine.call_skill("x"),
        lambda: engine.run_lua("return 1"),
        lambda: engine.list_entries(),
        lambda: engine.load_from_roots([]),
        lambda: engine.catalog,
    ):
        with pytest.raises(EngineClosed):
            use()
    engine.close()


def test_arguments_are_checked_against_the_parameters(each):
    more = ", parameters: [{name: q, type: string, required: true}, {name: p, type: path}]"
    each.skill("notes", "return function(a) return a.q end", entry=more)
    engine = each.engine()
    assert engine.call_skill("notes-run", {"q": "ü", "p": 5, "other": 1}).content == "ü"
    for wrong, message in (
        ({}, 'args: "q" is a required property'),
        ({"q": None}, 'args: "q" is a required property'),
        ({"q": 5}, 'args.q: 5 is not of type "string"'),
    ):
        with pytest.raises(ArgumentsInvalid) as caught:
            engine.call_skill("notes-run", wrong)
        assert str(caught.value) == f"Lua skill 'notes-run' error: {message}"


def test_arguments_are_checked_against_the_schema_in_depth(site):
    schema = (
        ", input_schema: {type: object, properties: {l: {type: array, items: {type: object, "
        "properties: {n: {type: integer, minimum: 1}}}}}, additionalProperties: false}"
    )
    site.skill("notes", entry=schema)
    engine = site.engine()
    assert engine.call_skill("notes-run", {"l": [{"n": 1}]}).content == "x"
    for wrong, message in (
        ({"l": [{"n": 1}, {"n": 0}]}, "args.l[1].n: 0 is less than the minimum of 1"),
        ({"m": 1}, "args: Additional properties are not allowed ('m' was unexpected)"),
    ):
        with pytest.raises(ArgumentsInvalid) as caught:
            engine.call_skill("notes-run", wrong)
        assert str(caught.value) == f"Lua skill 'notes-run' error: {message}"
    assert site.engine(validate_arguments=False).call_skill("notes-run", {"m": 1}).content == "x"


def test_a_callback_may_call_the_same_engine(each):
    each.skill("inner", "return function() return 'deep' end")
    callbacks = CallbackTable()
    engine = each.engine(callbacks=callbacks)
    callbacks.set("host_tool", lambda _request: engine.call_skill("inner-run").content)
    assert engine.run_lua("return vulcan.host.call('x', {})") == {"ok": True, "value": "deep"}


def test_a_callback_that_calls_without_end_meets_the_depth_limit(each):
    callbacks = CallbackTable()
    engine = each.engine(callbacks=callbacks)
    each.skill("loop", "return function() local r = vulcan.host.call('x', {}) return r.value or r.error.message end")
    engine.reload_from_roots(each.chain())
    callbacks.set("host_tool", lambda _request: engine.call_skill("loop-run").content)
    assert "nested deeper than 64 levels" in engine.call_skill("loop-run").content


def test_calls_run_at_the_same_time(each):
    """Each call waits in its callback until all four are there."""
    barrier = threading.Barrier(4, timeout=60)
    callbacks = CallbackTable()
    callbacks.set("host_tool", lambda _request: barrier.wait() >= 0)
    engine = each.engine(callbacks=callbacks)
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(engine.run_lua("return vulcan.host.call('x', {}).value")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


# row 121
def test_providers_are_those_of_the_creation_and_tools_those_of_the_moment(each, caplog):
    each.skill(
        "notes",
        "return function() vulcan.sqlite.query_json({sql = 'q'}) return vulcan.host.call('x', {}).value end",
        manifest="sqlite: {enable: true}\n",
    )
    callbacks = CallbackTable()
    callbacks.set("sqlite_provider", lambda _request: {})
    mode = {"sqlite_provider_mode": "host_callback", "sqlite_callback_mode": "json"}
    engine = each.engine(callbacks=callbacks, **mode)
    callbacks.set("sqlite_provider", None)
    callbacks.set("host_tool", lambda _request: "tool")
    assert engine.call_skill("notes-run").content == "tool"
    late = each.engine(callbacks=callbacks, **mode)
    callbacks.set("sqlite_provider", lambda _request: {})
    late.reload_from_roots(each.chain())
    assert each.names(late) == []
    assert "SQLite host-callback mode is enabled but no json callback is registered" in caplog.text


# row 103
def test_isolated_code_ends_at_its_time_limit(each):
    document = each.engine().run_lua(
        "return vulcan.runtime.lua.exec({code = 'print(1) while true do end', timeout_ms = 50})"
    )
    assert document.startswith("# Runtime Execution Error\n")
    assert "## Status\nFAILED\n" in document
    assert "luaexec execution timed out after 50 ms" in document
    assert document.endswith("## Printed Output\n```text\n1\n```")


def test_isolated_code_that_returns_no_text_is_told_so(each):
    document = each.engine().run_lua("return vulcan.runtime.lua.exec({code = [[print(1) return '\\255']]})")
    assert "## Error\n```text\nthe result is not valid UTF-8: " in document
    assert document.endswith("## Printed Output\n```text\n1\n```")


# row 104
def test_isolated_code_reports_what_it_printed_and_returned(each):
    document = each.engine().run_lua(
        "return vulcan.runtime.lua.exec({task = 'T', args = {a = 5}, "
        "code = 'print(args.a, nil, true) return \"s\", {b = 1}'})"
    )
    assert document == (
        "# Runtime Execution Result\n\n## Task\nT\n\n## Status\nSUCCESS\n\n## Printed Output\n```text\n5\tnil\ttrue\n"
        '```\n\n## Returned Values\n1. \n```text\ns\n```\n\n2. \n```json\n{\n  "b": 1\n}\n```'
    )


# row 105
def test_isolated_code_can_not_call_its_caller(each):
    each.skill("other", "return function() return vulcan.runtime.internal.skill_name end")
    each.skill("notes", "return function(args) return vulcan.runtime.lua.exec({code = args.code, args = {a = 1}}) end")
    engine = each.engine()

    def run(code: str) -> str:
        return engine.call_skill("notes-run", {"code": code}).content

    guard = "vulcan.call cannot call the current luaexec caller tool 'notes-run'"
    assert guard in run("return vulcan.call('notes-run', {})")
    for name in ("vulcan-runtime-lua-exec", "vulcan-runtime-lua-file"):
        assert f"vulcan.call cannot invoke '{name}' inside luaexec" in run(f"return vulcan.call('{name}')")
    assert "1. \n```text\nother\n```" in run("return vulcan.call('other-run')")
    assert "# Runtime Execution Result" in run("return vulcan.cache.put, vulcan.runtime.log, vulcan.runtime.lua.exec")
    assert "requires one active skill context" in run("return vulcan.config.get('k')")
    assert '"luaexec_call"' in run("return {vulcan.context.client_info.name, vulcan.context.skill_dir}")
