"""What a Lua skill gets, answers and asks for."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from doubles.scripted_csi import ScriptedCsi
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    Embedding,
    EmbedRequest,
    ToolError,
    ToolInfo,
    ToolOutput,
    ToolRequest,
    Turn,
    Usage,
)
from pharia_kernel.errors import (
    BackendFailed,
    BackendTimeout,
    InvalidOutput,
    KernelError,
    ModelNotFound,
    NotConfigured,
    QuotaExceeded,
    SkillLoadError,
    SkillRejectedInput,
    SkillReportedError,
)
from pharia_kernel.runtimes.skill import ScriptPolicy
from pharia_kernel.types import SkillKind

from .conftest import Lua, call

QUERY = "\n".join(
    [
        "    parameters:",
        "      - {name: q, type: string, description: words, required: true}",
        "      - {name: most, type: integer, description: how many}",
    ]
)


async def test_a_text_is_answered_as_a_json_string(lua: Lua) -> None:
    skill = await lua.skill("return 'a\\r\\nb \"ü\"'")
    assert await skill.run(b"{}", ScriptedCsi(), None) == '"a\\r\\nb \\"ü\\""'.encode()


async def test_more_than_a_text_is_answered_whole(lua: Lua) -> None:
    skill = await lua.skill("return 'x\\n', 'page', 'wide-table', {kind = 'numbers', payload = {1, 2}}")
    assert await call(skill) == {
        "content": "x\n",
        "overflow_mode": "Page",
        "template_hint": "wide-table",
        "content_bytes": 2,
        "content_lines": 2,
        "host_result": {"kind": "numbers", "payload": [1, 2]},
    }


async def test_the_input_is_the_table_of_arguments(lua: Lua) -> None:
    skill = await lua.skill("return tostring(args.a) .. type(args.b) .. args.c.d[2] .. args.e")
    assert await call(skill, {"a": None, "b": 1.5, "c": {"d": [1, "two"]}, "e": "é"}) == "nilnumbertwoé"


async def test_null_is_no_arguments(lua: Lua) -> None:
    skill = await lua.skill("return tostring(next(args))")
    assert await skill.run(b"null", ScriptedCsi(), None) == b'"nil"'


@pytest.mark.parametrize("input", ["text", 1, [1, 2], True])
async def test_what_is_no_object_is_rejected(lua: Lua, input: Any) -> None:
    skill = await lua.skill("return 'x'")
    with pytest.raises(SkillRejectedInput, match="takes a JSON object"):
        await call(skill, input)


@pytest.mark.parametrize(
    ("input", "problem"),
    [
        ({"q": 1}, r'args\.q: 1 is not of type "string"'),
        ({}, '"q" is a required property'),
        ({"q": "x", "most": 1.5}, r"args\.most"),
    ],
)
async def test_arguments_are_compared_with_the_declared_parameters(lua: Lua, input: Any, problem: str) -> None:
    skill = await lua.skill("return args.q", more=QUERY)
    with pytest.raises(SkillRejectedInput, match=problem):
        await call(skill, input)
    assert await call(skill, {"q": "fine"}) == "fine"


async def test_metadata_has_what_the_manifest_says(lua: Lua) -> None:
    skill = await lua.skill("return args.q", more=QUERY)
    metadata = await skill.metadata()
    assert (metadata.description, metadata.version, metadata.skill_type) == (
        "What main does",
        "1.2.0",
        SkillKind.FUNCTION,
    )
    assert metadata.input_schema == {
        "type": "object",
        "properties": {
            "q": {"type": "string", "description": "words"},
            "most": {"type": "integer", "description": "how many"},
        },
        "required": ["q"],
    }


async def test_an_error_of_the_skill_is_reported_and_the_next_call_works(lua: Lua) -> None:
    skill = await lua.skill("if args.fail then error('no milk') end return 'ok'")
    with pytest.raises(SkillReportedError, match="no milk"):
        await call(skill, {"fail": True})
    assert await call(skill) == "ok"


@pytest.mark.parametrize("returned", ["{}", "", "'x', 'cut'", "1"])
async def test_what_is_no_result_is_a_bug_of_the_skill(lua: Lua, returned: str) -> None:
    skill = await lua.skill(f"return {returned}")
    with pytest.raises(InvalidOutput):
        await call(skill)


async def test_an_entry_that_does_not_compile_harms_no_other(lua: Lua) -> None:
    entries = {"good": "return function() return 'fine' end", "bad": "return function( return end"}
    assert await call(await lua.load(entries, entry="good")) == "fine"
    with pytest.raises(SkillLoadError, match=r"notes-bad does not compile: notes_bad:1"):
        await lua.load(entries, entry="bad")


async def test_an_entry_that_yields_no_function_says_so(lua: Lua) -> None:
    skill = await lua.load({"main": "return 1"})
    with pytest.raises(SkillLoadError, match="Skill function 'notes_main' not found"):
        await call(skill)


@pytest.mark.parametrize("name", ["other", ""])
async def test_a_package_has_no_entry_but_its_own(lua: Lua, name: str) -> None:
    with pytest.raises(SkillLoadError, match="it has notes-main"):
        await lua.load({"main": "return function() return 'x' end"}, entry=name or "no")


async def test_entries_of_a_package_call_each_other(lua: Lua) -> None:
    outer = "return function(args) return 'outer ' .. vulcan.call('notes-inner', {x = 'y'}) end"
    inner = "return function(args) return 'inner ' .. args.x end"
    assert await call(await lua.load({"outer": outer, "inner": inner})) == "outer inner y"


async def test_modules_of_the_package_can_be_required(lua: Lua) -> None:
    source = (
        "package.path = vulcan.context.skill_dir .. '/runtime/?.lua;' .. package.path "
        "local words = require('words') return words.greeting"
    )
    skill = await lua.skill(source, files={"runtime/words.lua": "return {greeting = 'hello'}"})
    assert await call(skill) == "hello"


async def test_a_model_answers(lua: Lua) -> None:
    csi = ScriptedCsi(chat=[ChatAnswer("oat milk", "stop", usage=Usage(3, 2))])
    skill = await lua.skill("return vulcan.json.encode(vulcan.models.llm('be brief', 'what milk?'))")
    answer = await call(skill, csi=csi)
    assert answer == '{"assistant":"oat milk","ok":true,"usage":{"input_tokens":3,"output_tokens":2}}'
    turns = (Turn("system", "be brief"), Turn("user", "what milk?"))
    assert csi.asked == [("chat", [ChatRequest("small", turns)])]


async def test_texts_become_vectors(lua: Lua) -> None:
    csi = ScriptedCsi(embed=[Embedding((0.6, 0.8), "vectors")])
    skill = await lua.skill("local r = vulcan.models.embed('milk') return r.dimensions .. ' ' .. r.vector[2]")
    assert await call(skill, csi=csi) == "2 0.8"
    assert csi.asked == [("embed", [EmbedRequest("milk")])]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (QuotaExceeded("too many"), "budget_exceeded"),
        (BackendTimeout("slow"), "timeout"),
        (BackendFailed("broken"), "provider_error"),
        (ModelNotFound("which?"), "model_unavailable"),
        (NotConfigured("none"), "model_unavailable"),
    ],
)
async def test_failures_of_models_have_the_codes_that_skills_know(lua: Lua, failure: KernelError, code: str) -> None:
    skill = await lua.skill(
        "local r = args.chat and vulcan.models.llm('s', 'u') or vulcan.models.embed('t') "
        "return r.error.code .. ' ' .. r.error.message"
    )
    expected = f"{code} {failure}"
    assert await call(skill, {"chat": True}, ScriptedCsi(chat=failure)) == expected
    assert await call(skill, {}, ScriptedCsi(embed=failure)) == expected


async def test_without_a_model_that_is_set_skills_are_told_so(lua: Lua) -> None:
    skill = await lua.skill(
        "return tostring(vulcan.models.has('llm')) .. ' ' .. vulcan.models.llm('s', 'u').error.code",
        script=ScriptPolicy("locked", None),
    )
    assert await call(skill) == "false model_unavailable"


async def test_tools_of_the_namespace_are_listed_and_called(lua: Lua) -> None:
    tools = [ToolInfo("add", "Adds", {"type": "object"})]
    csi = ScriptedCsi(list_tools=tools, invoke_tools=[ToolOutput(("3",))])
    skill = await lua.skill(
        "local r = vulcan.host.call('add', {a = 1, b = {2}}) "
        "return vulcan.host.list()[1].description .. tostring(vulcan.host.has('add')) "
        ".. tostring(vulcan.host.has('sub')) .. r.value .. tostring(r.ok)"
    )
    assert await call(skill, csi=csi) == "Addstruefalse3true"
    operation, (request,) = csi.asked[0]
    assert operation == "invoke_tools"
    assert isinstance(request, ToolRequest)
    assert (request.name, dict(request.arguments)) == ("add", {"a": b"1", "b": b"[2]"})


async def test_a_tool_that_fails_says_so_to_the_skill(lua: Lua) -> None:
    csi = ScriptedCsi(invoke_tools=[ToolError("Out of cheese.")])
    skill = await lua.skill("local r = vulcan.host.call('x', {}) return r.error.code .. ': ' .. r.error.message")
    assert await call(skill, csi=csi) == "tool_failed: Out of cheese."


async def test_what_it_prints_becomes_log_records(lua: Lua, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pharia_kernel.skill")
    skill = await lua.skill("print('oat', 1) vulcan.runtime.log('error', 'spilt') return 'x'")
    await call(skill)
    records = [(record.getMessage(), vars(record)["skill"], vars(record)["stream"]) for record in caplog.records]
    assert records == [("oat\t1", "dev/notes-main", "stdout"), ("spilt", "dev/notes-main", "stderr")]


async def test_it_knows_who_calls(lua: Lua) -> None:
    skill = await lua.skill("return vulcan.context.client_info.name .. ' ' .. vulcan.context.request.transport_name")
    assert await call(skill) == "pharia-kernel pharia-kernel"
