"""What a client of one engine promises."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from luaskills import (
    Authority,
    LuaInvocationContext,
    LuaSkillsClient,
    LuaSkillsError,
    LuaSkillsJsonFfi,
    RuntimeRoots,
    RuntimeSkillRoot,
)

if TYPE_CHECKING:
    from conftest import SkillTree

PING = "return function(args) return 'ping ' .. tostring(args.note) end"


@pytest.fixture
def loaded(client: LuaSkillsClient, skills: SkillTree) -> LuaSkillsClient:
    skills.write("open", PING, "USER")
    skills.write("closed", PING, "ROOT")
    assert client.load_from_roots(RuntimeRoots.standard(skills.root)) == {"loaded": True}
    return client


def test_version_and_describe_work_on_the_class_and_on_a_client(client: LuaSkillsClient) -> None:
    version = LuaSkillsClient.version()
    assert version["protocol"] == "json-cabi"
    assert client.version() == version == client.version(runtime_root="anywhere")
    assert client.describe() == LuaSkillsClient.describe() == client.ffi.describe()
    assert "luaskills_ffi_call_skill_json" in client.describe()["exported_functions"]


def test_queries_default_to_the_delegated_tool(loaded: LuaSkillsClient) -> None:
    """Rows 31, 32, 33, 34, 35, 39."""
    assert [entry["canonical_name"] for entry in loaded.list_entries()] == ["open-run"]
    assert len(loaded.list_entries(Authority.SYSTEM)) == len(loaded.list_entries("system")) == 2
    assert [tree["skill_id"] for tree in loaded.list_skill_help()] == ["open"]
    assert loaded.render_skill_help_detail("closed") is None
    assert (loaded.is_skill("closed-run"), loaded.is_skill("closed-run", Authority.SYSTEM)) == (False, True)
    assert loaded.skill_name_for_tool("closed-run") is None
    assert loaded.skill_name_for_tool("closed-run", "system") == "closed"
    assert loaded.prompt_argument_completions("prompt", "argument") is None


def test_the_system_client_asks_with_its_own_authority(loaded: LuaSkillsClient) -> None:
    system, delegated = loaded.system(), loaded.system(Authority.DELEGATED_TOOL)
    assert (len(system.list_entries()), len(delegated.list_entries())) == (2, 1)
    assert (len(system.list_skill_help()), len(delegated.list_skill_help())) == (2, 1)
    assert (system.is_skill("closed-run"), delegated.is_skill("closed-run")) == (True, False)
    assert (system.skill_name_for_tool("closed-run"), delegated.skill_name_for_tool("closed-run")) == ("closed", None)
    assert delegated.render_skill_help_detail("closed", "main") is None
    assert system.prompt_argument_completions("prompt", "argument") is None


def test_the_system_client_calls_any_function_with_engine_and_authority(loaded: LuaSkillsClient) -> None:
    system = loaded.system()
    assert system.call("luaskills_ffi_is_skill_json", {"tool_name": "closed-run"}) == {"value": True}
    assert len(system.call_value("luaskills_ffi_list_entries_json")) == 2
    with pytest.raises(LuaSkillsError, match="list_entries_json: the result must be one JSON object"):
        system.call("luaskills_ffi_list_entries_json")


def test_calls_take_arguments_and_contexts(loaded: LuaSkillsClient) -> None:
    assert loaded.call_skill("open-run", {"note": "hi"})["content"] == "ping hi"
    assert loaded.call_skill("open-run")["content"] == "ping nil"
    code = "local c = vulcan.context; return {args.a or 0, c.request.request_id or '', c.client_budget.n or 0}"
    context = LuaInvocationContext({"request_id": "r"}, {"n": 1})
    assert loaded.run_lua(code, {"a": 1}, context) == [1, "r", 1]
    assert loaded.run_lua(code, None, {"request_context": {"request_id": "d"}}) == [0, "d", 0]
    assert loaded.run_lua(code) == [0, "", 0]


def test_a_context_always_has_a_budget_and_a_configuration() -> None:
    assert LuaInvocationContext().to_json() == {"request_context": None, "client_budget": {}, "tool_config": {}}


def test_an_error_names_function_and_reason(loaded: LuaSkillsClient) -> None:
    """Row 67."""
    with pytest.raises(LuaSkillsError) as caught:
        loaded.call_skill("nobody-run")
    assert str(caught.value) == "luaskills_ffi_call_skill_json: Lua skill 'nobody-run' not found"
    assert caught.value.function_name == "luaskills_ffi_call_skill_json"
    assert isinstance(caught.value, RuntimeError)


def test_a_closed_client_refuses_everything(skills: SkillTree) -> None:
    """Row 78."""
    client = LuaSkillsClient(runtime_root=skills.root)
    sessions = client.runtime_sessions()
    assert client.closed is False
    assert client.close() == {"freed": True}
    assert client.close() is None
    assert client.closed is True
    roots = skills.chain()
    for call in (
        lambda: client.run_lua("return 1"),
        lambda: client.call_skill("open-run"),
        lambda: client.list_entries(),
        lambda: client.list_skill_help(),
        lambda: client.render_skill_help_detail("open"),
        lambda: client.prompt_argument_completions("p", "a"),
        lambda: client.is_skill("open-run"),
        lambda: client.skill_name_for_tool("open-run"),
        lambda: client.load_from_roots(roots),
        lambda: client.reload_from_roots(roots),
        lambda: client.config.list(),
        lambda: client.config.get("open", "k"),
        lambda: client.config.set("open", "k", "v"),
        lambda: client.config.delete("open", "k"),
        lambda: client.skills.enable(roots, "x"),
        lambda: client.skills.disable(roots, "x"),
        lambda: client.skills.install(roots, {"skill_id": "x"}),
        lambda: client.skills.update(roots, {"skill_id": "x"}),
        lambda: client.skills.uninstall(roots, "x"),
        lambda: client.system().list_entries(),
        lambda: client.system().call("luaskills_ffi_is_skill_json", {"tool_name": "x"}),
        lambda: sessions.list(),
        lambda: sessions.create("s"),
    ):
        with pytest.raises(RuntimeError, match=f"LuaSkills engine {client.engine_id} is already closed"):
            call()


def test_a_client_makes_the_directories_of_its_runtime_root(tmp_path: Path) -> None:
    LuaSkillsClient(runtime_root=tmp_path / "made").close()
    made = {path.relative_to(tmp_path / "made").as_posix() for path in (tmp_path / "made").rglob("*")}
    assert made == {
        *("temp", "temp/downloads", "resources", "lua_packages", "bin", "bin/tools", "libs"),
        *("dependencies", "state", "databases", "root_skills", "project_skills", "user_skills"),
    }
    LuaSkillsClient(runtime_root=tmp_path / "not-made", ensure_runtime_layout=False).close()
    assert not (tmp_path / "not-made").exists()


def test_the_runtime_root_is_in_the_working_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with LuaSkillsClient() as client:
        assert client.run_lua("return vulcan.runtime.temp_dir") == str(tmp_path / "luaskills-runtime" / "temp")


def test_engine_options_are_taken_as_they_are(tmp_path: Path) -> None:
    pool = {"min_size": 1, "max_size": 1, "idle_ttl_secs": 1}
    options = {"pool_config": pool, "host_options": {"flavour": "lua54"}}
    with LuaSkillsClient(runtime_root=tmp_path / "none", engine_options=options) as client:
        assert client.run_lua("return _VERSION") == "Lua 5.4"
    assert not (tmp_path / "none").exists()


def test_host_options_choose_the_profile(skills: SkillTree) -> None:
    with LuaSkillsClient(runtime_root=skills.root, host_options={"profile": "locked"}) as client:
        assert client.run_lua("return os.execute == nil") is True
    with pytest.raises(LuaSkillsError, match=r"host_options\.profile must be one of trusted, standard, locked"):
        LuaSkillsClient(runtime_root=skills.root, host_options={"profile": "open"})


def test_directories_of_version_0_2_still_load(client: LuaSkillsClient, skills: SkillTree) -> None:
    skills.write("old", PING, "ROOT")
    skills.write("over", PING, "PROJECT")
    client.load_from_dirs(skills.root / "root_skills", skills.root / "project_skills")
    assert {entry["root_name"] for entry in client.list_entries("system")} == {"ROOT", "PROJECT"}
    client.load_from_dirs(skills.root / "root_skills")
    assert {entry["root_name"] for entry in client.list_entries("system")} == {"ROOT"}


def test_configuration_is_a_part_of_the_client(loaded: LuaSkillsClient) -> None:
    done = loaded.config.set("open", "colour", "blue")
    assert done == {"action": "set", "skill_id": "open", "key": "colour", "value": "blue"}
    loaded.config.set("open", {"size": 3})
    assert [(row["key"], row["value"]) for row in loaded.config.list("open")] == [("colour", "blue"), ("size", "3")]
    assert loaded.config.get("open", "colour")["value"] == "blue"
    assert loaded.config.delete("open", "colour")["deleted"] is True
    assert loaded.config.get("open", "colour") == {"found": False, "skill_id": "open", "key": "colour"}


def test_skills_are_disabled_and_enabled_by_the_chain(loaded: LuaSkillsClient, skills: SkillTree) -> None:
    """Row 155."""
    roots = [RuntimeSkillRoot(root["name"], root["skills_dir"]) for root in skills.chain()]
    assert loaded.skills.disable(roots, "open", "being repaired") == {"disabled": True}
    assert not loaded.is_skill("open-run")
    assert loaded.skills.enable(roots, "open") == {"enabled": True}
    assert loaded.is_skill("open-run")
    with pytest.raises(LuaSkillsError, match="ROOT skill root is system-controlled"):
        loaded.skills.disable(roots, "closed")
    assert loaded.system().disable(roots, "closed") == {"disabled": True}
    with pytest.raises(LuaSkillsError, match="system-controlled ROOT skill root"):
        loaded.system("delegated_tool").enable(roots, "closed")


def test_a_management_request_reaches_the_engine_with_its_plane(loaded: LuaSkillsClient, skills: SkillTree) -> None:
    """Rows 142, 143, 145 for the plane that the client adds."""
    roots, root = skills.chain(), skills.chain("ROOT")[0]
    request = {"source": "owner/some-skill"}
    with pytest.raises(LuaSkillsError, match="cannot Install the system-controlled ROOT skill root"):
        loaded.skills.install(roots, request, target_root=root)
    with pytest.raises(LuaSkillsError, match="DelegatedTool authority cannot Install"):
        loaded.system("delegated_tool").install(roots, request, target_root=root)
    with pytest.raises(LuaSkillsError, match="DelegatedTool authority cannot Update"):
        loaded.system().update(roots, request, target_root=root, authority=Authority.DELEGATED_TOOL)
    with pytest.raises(LuaSkillsError, match="requires system authority for private URL manifest operations"):
        loaded.system("delegated_tool").install_private_url_manifest(roots, "some-skill", "http://127.0.0.1/m.json")
    with pytest.raises(LuaSkillsError, match="system_private_update_skill_from_url_manifest_json: "):
        loaded.system().update_private_url_manifest(roots, "some-skill", "http://127.0.0.1/m.json", root)
    removed = loaded.skills.uninstall(roots, "open", options={"remove_sqlite": True})
    assert (removed["skill_removed"], removed["lancedb_retained"]) == (True, True)


def test_calls_of_one_client_run_in_parallel(loaded: LuaSkillsClient, json_ffi: LuaSkillsJsonFfi) -> None:
    together = threading.Barrier(4)
    json_ffi.set_host_tool_json_callback(lambda _: {"met": together.wait(60) >= 0})
    answers: list[Any] = []
    code = "return vulcan.host.call('meet', {}).met"
    threads = [threading.Thread(target=lambda: answers.append(loaded.run_lua(code))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [True] * 4


def test_a_payload_that_is_not_json_never_reaches_the_engine(client: LuaSkillsClient) -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        client.run_lua("return 1", {"a": {1}})
    with pytest.raises(LuaSkillsError, match="received invalid JSON input: `NaN` is not JSON"):
        client.run_lua("return 1", {"a": float("nan")})


@pytest.mark.parametrize("profile", ["trusted", "standard", "locked"])
def test_require_finds_the_lua_packages_of_the_host(skills: SkillTree, profile: str) -> None:
    shared = skills.root / "lua_packages" / "share" / "lua"
    (shared / "deep").mkdir(parents=True)
    (shared / "flat.lua").write_text("return 1")
    (shared / "deep" / "init.lua").write_text("return 2")
    (skills.root / "lua_packages" / "plain.lua").write_text("return 3")
    with LuaSkillsClient(runtime_root=skills.root, host_options={"profile": profile}) as client:
        assert client.run_lua("return {require('flat'), require('deep'), require('plain')}") == [1, 2, 3]
