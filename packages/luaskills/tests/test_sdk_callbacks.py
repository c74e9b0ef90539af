"""Callbacks of a host: who owns a slot, and what Lua sees of what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from luaskills import LuaSkillsClient, LuaSkillsError, LuaSkillsJsonFfi

if TYPE_CHECKING:
    from conftest import SkillTree

CALL = "return vulcan.host.call('tool', {n = 1})"
SQLITE = {"sqlite_provider_mode": "host_callback", "sqlite_callback_mode": "json"}
QUERY = "return function() return vulcan.json.encode(vulcan.sqlite.query_json({sql = 'select 1'})) end"


def test_only_the_owner_clears_a_slot(client: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi) -> None:
    """Rows 166, 167."""
    other = LuaSkillsJsonFfi()
    other.set_host_tool_json_callback(lambda _: {"by": "other"})
    json_ffi.set_host_tool_json_callback(lambda _: {"by": "owner"})
    other.clear_host_tool_json_callback()
    other.set_host_tool_json_callback(None)
    assert client.run_lua(CALL) == {"by": "owner"}
    json_ffi.clear_host_tool_json_callback()
    missing = {
        "code": "host_tool_callback_missing",
        "message": "host tool bridge has no registered callback for 'tool'",
    }
    assert client.run_lua(CALL) == {"ok": False, "error": missing}
    json_ffi.clear_host_tool_json_callback()


def test_a_callback_outlives_the_object_that_set_it(client: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi) -> None:
    LuaSkillsJsonFfi().set_host_tool_json_callback(lambda _: {"still": "here"})
    assert client.run_lua(CALL) == {"still": "here"}
    json_ffi.set_host_tool_json_callback(lambda _: {})


def test_a_tool_sees_what_lua_asks(client: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi) -> None:
    """Rows 108, 109."""
    seen: list[Any] = []

    def answer(request: Any) -> Any:
        seen.append(request)
        return {"list": ["a"], "has": {"available": True}, "call": 5}[request["action"]]

    json_ffi.set_host_tool_json_callback(answer)
    assert client.run_lua("return {#vulcan.host.list(), vulcan.host.has('a')}") == [1, True]
    assert client.run_lua(CALL) == {"ok": True, "value": 5}
    assert seen == [
        {"action": "list", "tool_name": None, "args": {}},
        {"action": "has", "tool_name": "a", "args": {}},
        {"action": "call", "tool_name": "tool", "args": {"n": 1}},
    ]


def test_what_a_tool_raises_is_a_failure_lua_can_read(client: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi) -> None:
    """Row 107."""

    def refuse(_: Any) -> Any:
        raise ValueError("not today")

    json_ffi.set_host_tool_json_callback(refuse)
    failed = client.run_lua(CALL)
    assert failed == {"ok": False, "error": {"code": "host_tool_callback_error", "message": "not today"}}
    with pytest.raises(LuaSkillsError, match="not today"):
        client.run_lua("return vulcan.host.list()")


def test_models_know_who_asks(client: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi, skills: SkillTree) -> None:
    """Rows 112, 113, 114, 115, 116."""
    directory = skills.write(
        "asker", "return function() return vulcan.json.encode(vulcan.models.embed('text')) end", "USER"
    )
    client.load_from_roots(skills.chain())
    seen: list[Any] = []
    embedding = {"vector": [0.5, 1], "dimensions": 2, "usage": {"input_tokens": 3}}

    def embed(request: Any) -> Any:
        seen.append(request)
        return embedding

    json_ffi.set_model_embed_json_callback(embed)
    context = {"request_context": {"client_name": "ide", "request_id": "r1"}}
    client.call_skill("asker-run", {}, context)
    caller = {
        "skill_id": "asker",
        "entry_name": "run",
        "canonical_tool_name": "asker-run",
        "root_name": "USER",
        "skill_dir": str(directory),
        "client_name": "ide",
        "request_id": "r1",
    }
    assert seen == [{"text": "text", "caller": caller}]
    assert client.run_lua("return vulcan.models.embed('x')") == {"ok": True, **embedding}
    assert client.run_lua("return vulcan.models.llm('s', 'u')")["error"]["code"] == "model_unavailable"
    error = {"code": "provider_error", "message": "no", "provider_status": 404}
    json_ffi.set_model_llm_json_callback(lambda _: {"ok": False, "error": error})
    assert client.run_lua("return vulcan.models.llm('s', 'u')") == {"ok": False, "error": error}

    def broken(_: Any) -> Any:
        raise RuntimeError("plain words")

    json_ffi.set_model_llm_json_callback(broken)
    failed = client.run_lua("return vulcan.models.llm('s', 'u')")
    assert failed["error"] == {"code": "internal_error", "message": "plain words"}


def test_a_provider_answers_for_the_database_of_a_skill(json_ffi: LuaSkillsJsonFfi, skills: SkillTree) -> None:
    """Row 120."""
    skills.write("keeper", QUERY, "USER", more="sqlite: {enable: true}\n")
    seen: list[Any] = []

    def answer(request: Any) -> Any:
        seen.append(request)
        return {"rows": [1]}

    json_ffi.set_sqlite_provider_json_callback(answer)
    with LuaSkillsClient(runtime_root=skills.root, host_options=SQLITE) as client:
        client.load_from_roots(skills.chain())
        assert client.call_skill("keeper-run")["content"] == '{"rows":[1]}'
        json_ffi.clear_sqlite_provider_json_callback()
        assert client.call_skill("keeper-run")["content"] == '{"rows":[1]}'
    assert (seen[0]["action"], seen[0]["input"]["sql"]) == ("query_json", "select 1")
    assert (seen[0]["binding"]["binding_tag"], seen[0]["binding"]["database_kind"]) == ("USER-keeper", "sqlite")


def test_a_provider_that_comes_after_the_engine_is_not_seen(json_ffi: LuaSkillsJsonFfi, skills: SkillTree) -> None:
    """Row 121."""
    skills.write("keeper", QUERY, "USER", more="sqlite: {enable: true}\n")
    with LuaSkillsClient(runtime_root=skills.root, host_options=SQLITE) as client:
        json_ffi.set_sqlite_provider_json_callback(lambda _: {})
        client.load_from_roots(skills.chain())
        assert client.list_entries("system") == []
        with pytest.raises(LuaSkillsError, match="'keeper-run' not found"):
            client.call_skill("keeper-run")


def test_a_host_that_allows_it_manages_skills_for_a_skill(json_ffi: LuaSkillsJsonFfi, skills: SkillTree) -> None:
    """Rows 117, 118 with a whole engine."""
    skills.write("loud", "return function() return 'loud' end", "USER")
    skills.write(
        "admin",
        "return function(args) local ok, answer = pcall(vulcan.runtime.skills.disable, args) "
        "return vulcan.json.encode({ok, answer}) end",
    )
    seen: list[Any] = []

    def answer(request: Any) -> Any:
        seen.append(request)
        return client.skills.disable(skills.chain(), request["input"]["skill_id"])

    json_ffi.set_skill_management_json_callback(answer)
    with LuaSkillsClient(runtime_root=skills.root) as client:
        client.load_from_roots(skills.chain())
        refused = '[false,"vulcan.runtime.skills.disable is disabled by host policy"]'
        assert client.call_skill("admin-run", {"skill_id": "loud"})["content"] == refused
    bridge = {"capabilities": {"enable_skill_management_bridge": True}}
    with LuaSkillsClient(runtime_root=skills.root, host_options=bridge) as client:
        client.load_from_roots(skills.chain())
        root = '[false,"vulcan.runtime.skills.disable cannot target the system-controlled ROOT layer"]'
        assert client.call_skill("admin-run", {"skill_id": "loud", "target_root": "root"})["content"] == root
        assert seen == []
        assert client.call_skill("admin-run", {"skill_id": "loud"})["content"] == '[true,{"disabled":true}]'
        assert client.is_skill("loud-run") is False
    assert seen == [{"action": "disable", "authority": "delegated_tool", "input": {"skill_id": "loud"}}]


def test_a_host_hears_which_entries_and_skills_change(json_ffi: LuaSkillsJsonFfi, skills: SkillTree) -> None:
    skills.write("notes", "return function() return 1 end", "USER")
    deltas: list[Any] = []
    ends: list[Any] = []
    json_ffi.set_entry_registry_delta_json_callback(deltas.append)
    json_ffi.set_skill_lifecycle_json_callback(ends.append)
    with LuaSkillsClient(runtime_root=skills.root) as client:
        client.load_from_roots(skills.chain())
        client.skills.uninstall(skills.chain(), "notes")
    [loaded, removed] = deltas
    assert [entry["canonical_name"] for entry in loaded["added_entries"]] == ["notes-run"]
    assert (removed["added_entries"], removed["removed_entry_names"]) == ([], ["notes-run"])
    assert [(end["action"], end["skill_id"], end["status"]) for end in ends] == [("Uninstall", "notes", "uninstalled")]


def test_a_coroutine_function_is_refused_at_once(json_ffi: LuaSkillsJsonFfi) -> None:
    async def answer(_: Any) -> Any:
        raise AssertionError("never asked")

    with pytest.raises(TypeError, match=r"host_tool must be a plain function.*run_coroutine_threadsafe"):
        json_ffi.set_host_tool_json_callback(answer)


def test_an_exception_without_a_text_is_known_by_its_type(client: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi) -> None:
    def answer(_: Any) -> Any:
        raise TimeoutError

    json_ffi.set_host_tool_json_callback(answer)
    json_ffi.set_model_llm_json_callback(answer)
    assert client.run_lua(CALL)["error"]["message"] == "TimeoutError"
    assert client.run_lua("return vulcan.models.llm('a', 'b').error.message") == "TimeoutError"
    with pytest.raises(LuaSkillsError, match=r"vulcan\.host\.list: TimeoutError"):
        client.run_lua("return vulcan.host.list()")
    json_ffi.clear_model_llm_json_callback()
    json_ffi.clear_host_tool_json_callback()
