"""Who sees what, help trees and their bodies: rows 31 to 47 of the behaviours checklist."""

from __future__ import annotations

import json
import socket

import pytest

from luaskills.errors import ArgumentsInvalid, EngineError, InvalidInput
from luaskills.types import InvocationContext


# rows 31, 32, 33, 34, 35, 36
def test_a_delegated_tool_does_not_see_root_but_may_call_it(each):
    each.skill("notes")
    engine = each.engine()
    assert engine.list_entries("delegated_tool") == engine.list_skill_help("delegated_tool") == []
    assert engine.is_skill("notes-run", "delegated_tool") is False
    assert engine.skill_name_for_tool("notes-run", "delegated_tool") is None
    assert engine.render_skill_help_detail("notes", "main", "delegated_tool") is None
    assert each.names(engine) == ["notes-run"]
    assert (engine.is_skill("notes-run", "system"), engine.skill_name_for_tool("notes-run", "system")) == (
        True,
        "notes",
    )
    assert engine.call_skill("notes-run").content == "x"


# row 38
def test_another_authority_is_refused(site):
    with pytest.raises(InvalidInput, match="unknown variant `root`, expected `system` or `delegated_tool`"):
        site.engine().list_entries("root")


# row 39
def test_skills_of_the_user_are_seen_by_default(site):
    site.skill("notes", layer="user_skills")
    assert [entry["canonical_name"] for entry in site.engine().list_entries()] == ["notes-run"]


HELP = """help:
  main: {name: main, description: All of it, file: help/main.md}
  topics:
    - {name: find, description: Finding, file: help/find.lua}
    - {name: gone, description: "", file: help/gone.md}
"""


@pytest.fixture
def helped(each):
    directory = each.skill("notes", layer="user_skills", entry=", help: find", manifest=HELP)
    (directory / "help").mkdir()
    (directory / "help" / "main.md").write_text("# Nötes\r\n")
    (directory / "help" / "find.lua").write_text("return 'plain'")
    return each


def test_the_help_tree_names_related_entries(helped):
    helped.skill("bare", layer="user_skills")
    bare, notes = helped.engine().list_skill_help()
    assert (bare["skill_id"], bare["main"]["description"], bare["flows"]) == ("bare", "", [])
    directory = str(helped.root / "user_skills" / "notes")
    assert notes == {
        "skill_id": "notes",
        "skill_name": "notes",
        "skill_version": "1.0.0",
        "root_name": "USER",
        "skill_dir": directory,
        "main": {
            "flow_name": "main",
            "description": "All of it",
            "related_entries": ["notes-run"],
            "is_main": True,
        },
        "flows": [
            {"flow_name": "find", "description": "Finding", "related_entries": ["notes-run"], "is_main": False},
            {"flow_name": "gone", "description": "", "related_entries": [], "is_main": False},
        ],
    }


def test_a_text_body_is_given_as_it_is(helped):
    detail = helped.engine().render_skill_help_detail("notes")
    assert detail is not None
    assert (detail["content_type"], detail["content"], detail["is_main"]) == ("markdown", "# Nötes\r\n", True)


# row 43
@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("return 'plain'", "plain"),
        ("return function() return 'from ' .. vulcan.runtime.internal.entry_name end", "from help/find.lua"),
        ("return function() return vulcan.runtime.internal.tool_name end", "vulcan-help"),
        ("return function() return vulcan.context.request.session_id end", "s1"),
    ],
)
def test_a_lua_body_is_what_it_returns(helped, body, content):
    (helped.root / "user_skills" / "notes" / "help" / "find.lua").write_text(body)
    request = InvocationContext({"session_id": "s1"})
    detail = helped.engine().render_skill_help_detail("notes", "find", request=request)
    assert detail is not None
    assert detail["content"] == content


# row 44
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return function() return {} end", "Help help/find.lua must return a plain string, actual_type='table'"),
        ("return {}", "Help help/find.lua must return a plain string, actual_type='table'"),
        ("return function() return 5 end", "Help help/find.lua must return a plain string, actual_type='integer'"),
        ("local x", "Help help/find.lua must return a plain string, actual_type='nil'"),
    ],
)
def test_a_lua_body_must_be_a_text(helped, body, message):
    (helped.root / "user_skills" / "notes" / "help" / "find.lua").write_text(body)
    with pytest.raises(EngineError) as caught:
        helped.engine().render_skill_help_detail("notes", "find")
    assert str(caught.value) == message


def test_a_failing_lua_body_is_an_error_and_the_engine_lives(helped):
    (helped.root / "user_skills" / "notes" / "help" / "find.lua").write_text("error('boom')")
    engine = helped.engine()
    with pytest.raises(EngineError, match="boom"):
        engine.render_skill_help_detail("notes", "find")
    assert engine.call_skill("notes-run").content == "x"


# row 40
def test_an_unknown_skill_has_no_help(helped):
    assert helped.engine().render_skill_help_detail("none") is None


# rows 41, 42
@pytest.mark.parametrize(
    ("flow", "message"),
    [
        ("lost", "Skill 'notes' does not declare help flow 'lost'"),
        ("  ", "Help flow name must not be empty"),
    ],
)
def test_an_unknown_flow_is_named(helped, flow, message):
    with pytest.raises(EngineError) as caught:
        helped.engine().render_skill_help_detail("notes", flow)
    assert str(caught.value) == message


def test_a_skill_without_help_has_no_body(site):
    site.skill("notes", layer="user_skills")
    with pytest.raises(EngineError, match="help file path must not be empty"):
        site.engine().render_skill_help_detail("notes")


def test_a_help_file_outside_the_package_is_not_read(helped):
    secret = helped.root / "secret"
    secret.write_text("secret")
    (helped.root / "user_skills" / "notes" / "help" / "gone.md").symlink_to(secret)
    with pytest.raises(EngineError, match=r"Help help/gone\.md not found"):
        helped.engine().render_skill_help_detail("notes", "gone")


# row 45
def test_there_are_no_completions(site):
    assert site.engine().prompt_argument_completions("p", "a") is None


# row 46
def test_a_schema_of_a_file_is_shown_and_gives_the_parameters(site):
    directory = site.skill("notes", layer="user_skills", entry=", input_schema_file: schemas/run.json")
    schema = {
        "type": "object",
        "properties": {
            "q": {"type": "string", "description": "words"},
            "n": {"type": ["integer", "null"]},
            "o": {"properties": {}},
            "l": {"items": {}},
            "u": {"anyOf": [{"type": "string"}, {"type": "number"}]},
            "e": {"enum": [1]},
        },
        "required": ["q"],
    }
    (directory / "schemas").mkdir()
    (directory / "schemas" / "run.json").write_text(json.dumps(schema))
    (entry,) = site.engine().list_entries()
    assert entry["input_schema"] == schema
    assert entry["parameters"][0] == {"name": "q", "param_type": "string", "description": "words", "required": True}
    assert [parameter["param_type"] for parameter in entry["parameters"]] == [
        "string",
        "integer | null",
        "object",
        "array",
        "union",
        "schema",
    ]


@pytest.mark.parametrize("reference", ["http://127.0.0.1:{port}/s.json", "file://{file}"])
def test_a_schema_does_not_make_the_engine_read_anything(site, caplog, tmp_path, reference):
    (tmp_path / "s.json").write_text('{"type": "string"}')
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        uri = reference.format(port=listener.getsockname()[1], file=tmp_path / "s.json")
        site.skill("notes", entry=f", input_schema: {{type: object, properties: {{q: {{$ref: '{uri}'}}}}}}")
        assert site.names(site.engine()) == []
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert "entry.input_schema must be a valid JSON schema: " in caplog.text
    assert f"a reference must stay inside the schema: {uri}" in caplog.text


def test_a_schema_may_refer_to_parts_of_itself(site):
    site.skill(
        "notes",
        entry=", input_schema: {type: object, $defs: {n: {type: integer}}, properties: {q: {$ref: '#/$defs/n'}}}",
    )
    engine = site.engine()
    assert engine.call_skill("notes-run", {"q": 1}).content == "x"
    with pytest.raises(ArgumentsInvalid, match=r"args\.q: "):
        engine.call_skill("notes-run", {"q": "a"})


def test_a_list_of_parameters_gives_a_schema(site):
    site.skill("notes", layer="user_skills", entry=", parameters: [{name: q, type: string, description: words}]")
    (entry,) = site.engine().list_entries()
    assert entry["input_schema"] == {
        "type": "object",
        "properties": {"q": {"type": "string", "description": "words"}},
    }


# row 47
@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            ", input_schema: {type: object}, input_schema_file: schemas/x.json",
            "skill entry run must not declare both input_schema and input_schema_file",
        ),
        (", input_schema: 5", "entry.input_schema must be an object"),
        (", input_schema: {type: array}", 'entry.input_schema.type must be "object"'),
        (", input_schema: {}", 'entry.input_schema.type must be present and equal to "object"'),
        (
            ", input_schema: {type: object, required: q}",
            "entry.input_schema.required must be an array of strings",
        ),
        (
            ", input_schema: {type: object, properties: {q: 5}}",
            "entry.input_schema.properties.q must be an object or a boolean",
        ),
        (", input_schema_file: ../x.json", "entry.input_schema_file must not contain parent"),
        (", input_schema_file: other/x.json", "entry.input_schema_file must start with schemas/"),
        (", input_schema_file: /x.json", "entry.input_schema_file must be a relative path under schemas"),
    ],
)
def test_a_schema_that_can_not_be_one_fails_its_skill(site, caplog, entry, message):
    directory = site.skill("notes", entry=entry)
    site.skill("other")
    assert site.names(site.engine()) == ["other-run"]
    assert f"[LuaSkill] Failed to load {directory}: {message}" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: notes", "name: ' '"), "name must not be empty"),
        (("1.0.0", "v1"), "version must be a valid semantic version: "),
        (("1.0.0", "''"), "version must not be empty"),
        (("name: run,", "name: Run,"), "entry.name must match ^[a-z]([a-z0-9-]*[a-z0-9])?$"),
        (("name: run,", "name: ' ',"), "entry.name must not be empty"),
        (("lua_module: notes_run", "x: y"), "skill notes declares entry run but lua_entry/lua_module is missing"),
        (("runtime/e.lua", "e.lua"), "entry.lua_entry must start with runtime/"),
        (("runtime/e.lua", "runtime/../e.lua"), "entry.lua_entry must not contain parent"),
        (("runtime/e.lua", "runtime/none.lua"), "Lua entry runtime/none.lua not found in "),
        (("entries:", "other:"), "skill notes must declare at least one entry"),
        (("version", "help: {main: {file: x.md}}\nversion"), "skill notes help main: help.main.file must start with"),
        (
            ("version", "help: {topics: [{name: t}]}\nversion"),
            "skill notes help topic t: help.topic.file must not be empty",
        ),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(site, caplog, change, message):
    path = site.skill("notes") / "skill.yaml"
    path.write_text(path.read_text().replace(*change))
    assert site.names(site.engine()) == []
    assert message in caplog.text
