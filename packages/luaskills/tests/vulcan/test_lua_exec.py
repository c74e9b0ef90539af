"""`vulcan.runtime.lua.exec` and the rest of `vulcan.runtime`."""

from __future__ import annotations

import logging
import platform

import pytest

from luaskills.context import ExecOutcome


# row 102
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nil", "runtime.lua.exec: input must be a table, got nil"),
        ("{code = 'a', file = 'b'}", "luaexec accepts either code or file, but not both"),
        ("{}", "luaexec requires code or file"),
        ("{code = 'a', timeout_ms = 0}", "luaexec timeout_ms must be greater than 0"),
        ("{code = 5}", "luaexec input is invalid: code must be a string"),
        ("{code = 'a', args = {1}}", "luaexec input is invalid: args must be a table of named values"),
        ("{code = 'a', timeout_ms = 'x'}", "luaexec input is invalid: timeout_ms must be a non-negative integer"),
        ("{code = print}", "luaexec input is invalid: Cannot convert Lua function to JSON"),
        ("{file = '/no/such.lua'}", "Failed to read luaexec file /no/such.lua: "),
    ],
)
def test_bad_input(bench, value, message):
    assert bench.refusal(f"return vulcan.runtime.lua.exec({value})").startswith(message)
    assert bench.exec_requests == []


def test_the_engine_gets_the_checked_request(each, tmp_path):
    (tmp_path / "x.lua").write_text("return 1")
    each.context.cwd = str(tmp_path)
    each.run(
        "vulcan.runtime.lua.exec{code = 'return 1', args = {a = 1}}"
        " vulcan.runtime.lua.exec{file = 'x.lua', timeout_ms = 5}"
    )
    code, file = each.exec_requests
    assert (code.code, code.args, code.timeout_ms, code.file) == ("return 1", {"a": 1}, 60_000, None)
    assert (file.code, file.timeout_ms, file.file) == ("return 1", 5, str(tmp_path / "x.lua"))


def test_the_document_of_a_success(bench):
    bench.exec_outcome = ExecOutcome((("string", "a"), ("table", {"b": [1]})), ("p 1", "p 2"))
    assert bench.run("return vulcan.runtime.lua.exec{code = 'x', task = 'Try'}") == (
        "# Runtime Execution Result\n\n## Task\nTry\n\n## Status\nSUCCESS\n\n"
        "## Printed Output\n```text\np 1\np 2\n```\n\n## Returned Values\n1. \n```text\na\n```\n\n"
        '2. \n```json\n{\n  "b": [\n    1\n  ]\n}\n```'
    )


def test_the_document_of_a_failure_ends_with_what_was_printed(bench):
    bench.exec_outcome = ExecOutcome(printed=("p",), error="luaexec execution timed out after 50 ms")
    assert bench.run("return vulcan.runtime.lua.exec{code = 'x'}") == (
        "# Runtime Execution Error\n\n## Task\nExecute Lua runtime code\n\n## Status\nFAILED\n\n"
        "## Error\n```text\nluaexec execution timed out after 50 ms\n```\n\n## Printed Output\n```text\np\n```"
    )


def test_no_value_is_null_and_fences_in_values_do_not_end_theirs(bench):
    assert bench.run("return vulcan.runtime.lua.exec{code = 'x'}").endswith(
        "## Returned Values\n1. \n```json\nnull\n```"
    )
    bench.exec_outcome = ExecOutcome((("string", "```"),))
    assert bench.run("return vulcan.runtime.lua.exec{code = 'x'}").endswith("````text\n```\n````")


def test_the_log_has_levels(each, caplog):
    with caplog.at_level(logging.INFO):
        each.run("vulcan.runtime.log('Error', 'a') vulcan.runtime.log('warn', 'b') vulcan.runtime.log('x', '\\255')")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "[LuaSkill:Error] a"),
        ("WARNING", "[LuaSkill:warn] b"),
        ("INFO", "[LuaSkill:x] \ufffd"),
    ]
    assert each.refusal("vulcan.runtime.log(1, 'x')") == "runtime.log: level must be a string, got integer"


def test_directories_and_constants(make_bench):
    bench = make_bench(options={"temp_dir": "/t", "resources_dir": None})
    code = "local r = vulcan.runtime return r.temp_dir, r.resources_dir, r.overflow_type.page, r.overflow_type.truncate"
    assert bench.run(code) == ("/t", None, "page", "truncate")


def test_the_platform(each):
    info = each.json("return vulcan.os.info()")
    assert info["os"] in ("linux", "macos", "windows")
    assert info["arch"] == {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
