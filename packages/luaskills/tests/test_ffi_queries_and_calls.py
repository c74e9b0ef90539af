"""Loading, queries, calls and configuration through the JSON FFI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import JsonCalls, SkillTree

PING = "return function(args) return 'ping ' .. tostring(args.note) end"


@pytest.fixture
def loaded(ffi: JsonCalls, skills: SkillTree) -> JsonCalls:
    """``open`` in USER, ``closed`` in ROOT."""
    skills.write("open", PING, "USER", entry_more=", description: says ping, parameters: [{name: note, type: string}]")
    skills.write("closed", PING, "ROOT")
    assert ffi.result("load_from_roots", skill_roots=skills.chain()) == {"loaded": True}
    return ffi


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["canonical_name"] for entry in entries]


def test_the_authority_decides_what_queries_show(loaded: JsonCalls) -> None:
    """Rows 31, 32, 33, 34, 35, 39."""
    assert names(loaded.result("list_entries", authority="system")) == ["closed-run", "open-run"]
    assert names(loaded.result("list_entries", authority="delegated_tool")) == ["open-run"]
    help_of = {
        who: [tree["skill_id"] for tree in loaded.result("list_skill_help", authority=who)]
        for who in ("system", "delegated_tool")
    }
    assert help_of == {"system": ["closed", "open"], "delegated_tool": ["open"]}
    delegated = {"tool_name": "closed-run", "authority": "delegated_tool"}
    assert loaded.result("is_skill", **delegated) == {"value": False}
    assert loaded.result("skill_name_for_tool", **delegated) == {}
    assert loaded.result("skill_name_for_tool", tool_name="closed-run", authority="system") == {"skill_id": "closed"}
    hidden = {"skill_id": "closed", "flow_name": "main", "authority": "delegated_tool"}
    assert loaded.result("render_skill_help_detail", **hidden) is None


def test_an_entry_has_the_members_hosts_read(loaded: JsonCalls, skills: SkillTree) -> None:
    [entry] = loaded.result("list_entries", authority="delegated_tool")
    assert entry == {
        "canonical_name": "open-run",
        "skill_id": "open",
        "local_name": "run",
        "root_name": "USER",
        "skill_dir": str(skills.root / "user_skills" / "open"),
        "description": "says ping",
        "parameters": [{"name": "note", "param_type": "string", "description": "", "required": False}],
        "input_schema": {"type": "object", "properties": {"note": {"type": "string", "description": ""}}},
    }


def test_calls_are_not_filtered(loaded: JsonCalls) -> None:
    """Row 36."""
    assert loaded.result("call_skill", tool_name="closed-run", args={"note": "x"})["content"] == "ping x"


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("list_entries", {}),
        ("list_skill_help", {}),
        ("render_skill_help_detail", {"skill_id": "open", "flow_name": "main"}),
        ("prompt_argument_completions", {"prompt_name": "p", "argument_name": "a"}),
        ("is_skill", {"tool_name": "x"}),
        ("skill_name_for_tool", {"tool_name": "x"}),
        ("system_enable_skill", {"skill_roots": [], "skill_id": "x"}),
        ("system_runtime_session_list", {}),
        ("system_private_install_skill_from_url_manifest", {"skill_roots": [], "skill_id": "x", "manifest_url": "u"}),
    ],
)
def test_what_takes_an_authority_insists_on_it(loaded: JsonCalls, name: str, members: dict[str, Any]) -> None:
    """Rows 37, 38, 134."""
    function = f"luaskills_ffi_{name}_json"
    wanted = f"{function} requires host-injected authority: use 'system' or 'delegated_tool'"
    assert loaded.error(name, **members) == wanted
    assert loaded.error(name, **members, authority=None) == wanted
    unknown = loaded.error(name, **members, authority="root")
    assert unknown.startswith(f"{function} received invalid JSON input: unknown variant `root`")


def test_prompt_completions_are_reserved(loaded: JsonCalls) -> None:
    """Row 45."""
    asked = {"prompt_name": "p", "argument_name": "a", "authority": "system"}
    assert loaded.result("prompt_argument_completions", **asked) is None


def test_help_of_unknown_skills_and_flows(loaded: JsonCalls) -> None:
    """Rows 40, 41, 42."""
    ask = {"authority": "system"}
    assert loaded.result("render_skill_help_detail", skill_id="nobody", flow_name="main", **ask) is None
    unknown = loaded.error("render_skill_help_detail", skill_id="open", flow_name="tour", **ask)
    assert "does not declare help flow 'tour'" in unknown
    blank = loaded.error("render_skill_help_detail", skill_id="open", flow_name="  ", **ask)
    assert "Help flow name must not be empty" in blank


def test_a_call_answers_with_content_and_its_measures(loaded: JsonCalls) -> None:
    assert loaded.result("call_skill", tool_name="open-run", args={"note": "a"}, invocation_context=None) == {
        "content": "ping a",
        "overflow_mode": None,
        "template_hint": None,
        "content_bytes": 6,
        "content_lines": 1,
    }


def test_errors_of_calls_keep_the_texts_programs_know(loaded: JsonCalls) -> None:
    """Rows 67, 68, 74, 77."""
    assert loaded.error("call_skill", tool_name="x") == "Lua skill 'x' not found"
    failed = loaded.error("run_lua", code="error('boom')", args={"secret": 1})
    assert failed.startswith("Lua run_lua error: ")
    assert "boom" in failed
    assert loaded.result("run_lua", code="return type(args.secret), 2") == "nil"
    assert loaded.result("run_lua", code="return 1, 2") == 1


def test_a_skill_without_a_database_is_told_so(ffi: JsonCalls, skills: SkillTree) -> None:
    """Row 119, from the manifest on."""
    body = (
        "return function() local s = vulcan.sqlite; local ok, text = pcall(s.query_json, {sql = 'SELECT 1'}) "
        "return vulcan.json.encode({s.enabled, s.status().enabled, ok, text}) end"
    )
    skills.write("plain", body)
    skills.write("keeper", body, more="sqlite: {enable: true}\n")
    ffi.result("load_from_roots", skill_roots=skills.chain())
    content = ffi.result("call_skill", tool_name="plain-run")["content"]
    assert json.loads(content) == [False, False, False, "current skill has not enabled sqlite"]
    assert json.loads(ffi.result("call_skill", tool_name="keeper-run")["content"])[:3] == [True, True, True]


def test_lua_sees_the_invocation_context(loaded: JsonCalls) -> None:
    """Rows 72, 73."""
    code = (
        "local c = vulcan.context; return {c.client_info.name or 'none', c.client_budget.n or 0, c.host_result.enabled}"
    )
    context = {
        "request_context": {"client_info": {"kind": "ide", "name": "n", "version": "1"}},
        "client_budget": {"n": 3},
        "tool_config": "not an object",
    }
    assert loaded.result("run_lua", code=code, invocation_context=context) == ["n", 3, False]
    assert loaded.result("run_lua", code=code) == ["none", 0, False]


def test_a_wrong_chain_leaves_what_was_loaded(loaded: JsonCalls, skills: SkillTree) -> None:
    """Row 26."""
    text = loaded.error("reload_from_roots", skill_roots=skills.chain("USER"))
    assert text.startswith("ROOT skill root is required")
    assert loaded.result("call_skill", tool_name="open-run", args={"note": "1"})["content"] == "ping 1"
    assert loaded.result("reload_from_roots", skill_roots=skills.chain()) == {"reloaded": True}


@pytest.mark.parametrize(
    ("roots", "reason"),
    [
        ("ROOT", "`skill_roots`: invalid type: string"),
        ([1], "`skill_roots[0]`: invalid value: integer `1`, expected an object"),
        ([{"name": "ROOT"}], "missing field `skills_dir`"),
        ([{"name": 1, "skills_dir": "x"}], "`skill_roots[0].name`: invalid value: integer `1`, expected a string"),
    ],
)
def test_roots_have_a_shape(ffi: JsonCalls, roots: Any, reason: str) -> None:
    assert reason in ffi.error("load_from_roots", skill_roots=roots)


def test_configuration_answers_what_it_did(loaded: JsonCalls, skills: SkillTree) -> None:
    """Rows 101, 160."""
    place = {"skill_id": "open", "key": " colour "}
    assert loaded.result("skill_config_get", **place) == {"found": False, "skill_id": "open", "key": "colour"}
    done = {"action": "set", "skill_id": "open", "key": "colour", "value": "blue"}
    assert loaded.result("skill_config_set", **place, value="blue") == done
    found = {"found": True, "skill_id": "open", "key": "colour", "value": "blue"}
    assert loaded.result("skill_config_get", **place) == found
    loaded.result("skill_config_set", skill_id="absent", key="k", value="v")
    rows = [("absent", "k", "v"), ("open", "colour", "blue")]
    listed = [{"skill_id": skill_id, "key": key, "value": value} for skill_id, key, value in rows]
    assert loaded.result("skill_config_list") == listed
    assert loaded.result("skill_config_list", skill_id="open") == listed[1:]
    assert loaded.result("skill_config_list", skill_id="unknown") == []
    gone = {"action": "delete", "skill_id": "open", "key": "colour", "deleted": True}
    assert loaded.result("skill_config_delete", **place) == gone
    assert loaded.result("skill_config_delete", **place) == {**gone, "deleted": False}
    assert "open" not in (skills.root / "config" / "skill_config.json").read_text()
    assert loaded.error("skill_config_get", skill_id="open", key="  ") == "skill config key must not be empty"
    assert loaded.error("skill_config_get", skill_id="No", key="k").startswith("invalid skill config skill_id: ")


def test_several_values_are_set_as_texts(loaded: JsonCalls) -> None:
    """Callers of version 0.6 send scalars by key."""
    loaded.result("skill_config_set", skill_id="open", values={"n": 3, "on": True, "t": "x"}, expected_revision=None)
    listed = {row["key"]: row["value"] for row in loaded.result("skill_config_list", skill_id="open")}
    assert listed == {"n": "3", "on": "true", "t": "x"}
    assert "must be a text, a number or a boolean" in loaded.error(
        "skill_config_set", skill_id="open", values={"a": []}
    )


def test_configuration_without_a_file_says_so(ffi: JsonCalls) -> None:
    assert ffi.error("skill_config_list").startswith("skill config file path is unresolved; ")


def test_a_relative_configuration_path_is_frozen_at_creation(
    ffi: JsonCalls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 30."""
    monkeypatch.chdir(tmp_path)
    ffi.new(skill_config_file_path="here/config.json")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ffi.result("skill_config_set", skill_id="a", key="k", value="v")
    assert (tmp_path / "here" / "config.json").is_file()
