"""Roots, discovery and the registry of entries: rows 1 to 30 of the behaviours checklist."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.manifest import read_manifest
from luaskills.errors import EngineError, ManifestError, RootChainError, SkillBroken

RUNTIME_PATHS = (
    "install_manifest",
    "compat_lua_packages_txt",
    "platform_support",
    "third_party_licenses",
    "third_party_notices",
    "help_index",
    "package_help_root",
    "module_help_root",
    "license_index",
)


# rows 1, 2, 3, 4, 5
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "ROOT skill root is required; pass a ROOT layer before starting LuaSkills"),
        (["PROJECT", "USER"], "ROOT skill root is required; pass a ROOT layer before starting LuaSkills"),
        (["ROOT", "USER", "PROJECT"], "skill roots must be ordered by fixed priority ROOT -> PROJECT -> USER"),
        (["ROOT", "TEAM"], "unsupported skill root label 'TEAM'; expected one of ROOT, PROJECT, USER"),
        (
            ["ROOT", "USER", "USER"],
            "duplicate skill root label 'USER'; only one ROOT, PROJECT, and USER root is supported",
        ),
    ],
)
def test_a_chain_that_breaks_the_rules_is_refused(site, labels, message):
    with pytest.raises(RootChainError) as caught:
        site.empty_engine().load_from_roots([{"name": label, "skills_dir": "/none"} for label in labels])
    assert str(caught.value) == message


# row 6
def test_labels_are_trimmed_and_their_case_does_not_count(site):
    site.skill("notes")
    engine = site.empty_engine()
    engine.load_from_roots([{"name": " root ", "skills_dir": str(site.root / "root_skills")}])
    assert engine.list_entries("system")[0]["root_name"] == "ROOT"


# row 7
def test_missing_directories_hold_no_skills(site):
    assert site.names(site.engine()) == []


# row 8
def test_the_root_copy_of_a_skill_wins(site):
    site.skill("notes", "return function() return 'of root' end")
    site.skill("notes", "return function() return 'of user' end", layer="user_skills")
    engine = site.engine()
    assert [entry["root_name"] for entry in engine.list_entries("system")] == ["ROOT"]
    assert engine.call_skill("notes-run").content == "of root"


# row 9
def test_the_project_copy_wins_over_that_of_the_user(site):
    site.skill("notes", "return function() return 'of project' end", layer="project_skills")
    site.skill("notes", "return function() return 'of user' end", layer="user_skills")
    assert site.engine().call_skill("notes-run").content == "of project"


# row 10
def test_an_empty_directory_hides_lower_copies_and_is_no_failure(site, caplog):
    site.skill("notes", layer="user_skills")
    assert site.names(site.engine()) == ["notes-run"]
    (site.root / "root_skills" / "notes").mkdir(parents=True)
    assert site.names(site.engine()) == []
    assert not any(record.levelno > logging.INFO for record in caplog.records)


# row 11
def test_a_copy_that_is_not_enabled_hides_lower_copies(site):
    site.skill("notes", manifest="enable: false\n")
    site.skill("notes", layer="user_skills")
    assert site.names(site.engine()) == []


# row 12
def test_a_directory_without_manifest_is_logged_and_skipped(site, caplog):
    directory = site.root / "root_skills" / "notes"
    directory.mkdir(parents=True)
    (directory / "readme.md").write_text("x")
    site.skill("other")
    assert site.names(site.engine()) == ["other-run"]
    assert f"[LuaSkill] Failed to load {directory}: skill.yaml not found in {directory}" in caplog.messages


def test_a_load_says_what_it_loaded(site, caplog):
    site.skill("notes", layer="user_skills")
    with caplog.at_level(logging.INFO):
        site.engine()
    assert caplog.messages == ["[LuaSkill] Loaded 'notes' from root 'USER'", "[LuaSkill] 1 skills loaded"]


# row 13
@pytest.mark.parametrize("name", ["My_Skill", "9x", "a-", "-a", "ä"])
def test_a_directory_whose_name_is_no_id_is_ignored_silently(site, caplog, name):
    site.skill(name)
    with caplog.at_level(logging.INFO):
        assert site.names(site.engine()) == []
    assert not any(name in message for message in caplog.messages)


# row 14
def test_a_link_is_no_package(site, tmp_path):
    site.skill("notes", layer="elsewhere")
    (tmp_path / "root_skills").mkdir()
    (tmp_path / "root_skills" / "notes").symlink_to(tmp_path / "elsewhere" / "notes")
    assert site.names(site.engine()) == []


# row 15
def test_a_manifest_with_an_id_fails_the_load_and_the_old_state_stays(site):
    directory = site.skill("notes")
    engine = site.engine()
    site.skill("other", manifest="skill_id: other\n")
    with pytest.raises(ManifestError) as caught:
        engine.reload_from_roots(site.chain())
    path = directory.parent / "other" / "skill.yaml"
    assert str(caught.value) == (
        f"skill manifest {path} must not declare skill_id; directory name is the only skill_id"
    )
    assert site.names(engine) == ["notes-run"]


# row 16
def test_an_ignored_skill_leaves_nothing_on_disk(site, caplog):
    directory = site.skill("notes", manifest="sqlite: {enable: true}\n")
    (directory / "dependencies.yaml").write_text("tool_dependencies: [{name: t}]\n")
    with caplog.at_level(logging.INFO):
        assert site.names(site.engine(ignored_skill_ids=[" notes "])) == []
    assert "[LuaSkill] Skipped host-ignored skill 'notes'" in caplog.messages
    assert [path.name for path in site.root.iterdir()] == ["root_skills"]


# row 17
def test_a_disabled_skill_is_not_there(site, caplog):
    site.skill("notes")
    record = site.root / "state" / "skills" / "disabled" / "notes.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"skill_id": "notes", "reason": None, "disabled_at_unix_ms": 1}))
    with caplog.at_level(logging.INFO):
        engine = site.engine()
    assert site.names(engine) == []
    assert "[LuaSkill] Skip disabled skill 'notes'" in caplog.messages
    with pytest.raises(EngineError, match="Lua skill 'notes-run' not found"):
        engine.call_skill("notes-run")


# row 18
def test_the_second_skill_of_a_name_gets_a_number_the_same_at_every_reload(site):
    site.skill("a")
    site.skill("a-run")
    for skill_id, local in (("a", "run-run"), ("a-run", "run")):
        path = site.root / "root_skills" / skill_id / "skill.yaml"
        path.write_text(path.read_text().replace("name: run,", f"name: {local},"))
    engine = site.engine()
    owners = {name: engine.skill_name_for_tool(name, "system") for name in site.names(engine)}
    assert owners == {"a-run-run": "a", "a-run-run-2": "a-run"}
    engine.reload_from_roots(site.chain())
    assert {name: engine.skill_name_for_tool(name, "system") for name in site.names(engine)} == owners


# row 18
def test_numbers_are_given_in_the_order_of_the_names(site):
    for skill_id, names in (("a", ["b-c", "b-c-2"]), ("a-b", ["c"])):
        entries = "".join(f"  - {{name: {name}, lua_entry: runtime/e.lua, lua_module: m}}\n" for name in names)
        path = site.skill(skill_id) / "skill.yaml"
        path.write_text(f"name: {skill_id}\nversion: 1.0.0\nentries:\n{entries}")
    listed = site.engine().list_entries("system")
    assert [(entry["canonical_name"], entry["skill_id"], entry["local_name"]) for entry in listed] == [
        ("a-b-c", "a", "b-c"),
        ("a-b-c-2", "a-b", "c"),
        ("a-b-c-2-2", "a", "b-c-2"),
    ]


# row 19
@pytest.mark.parametrize(("reserved", "name"), [(["a-run"], "a-run-2"), (["a-run", "a-run-2"], "a-run-3")])
def test_a_reserved_name_is_never_used(site, reserved, name):
    site.skill("a")
    engine = site.engine(reserved_entry_names=reserved)
    assert site.names(engine) == [name]
    assert engine.call_skill(name).content == "x"


# row 20
def test_one_local_name_twice_fails_that_skill(site, caplog):
    directory = site.skill("notes")
    path = directory / "skill.yaml"
    path.write_text(path.read_text() + "  - {name: run, lua_entry: runtime/e.lua, lua_module: m}\n")
    site.skill("other")
    assert site.names(site.engine()) == ["other-run"]
    assert f"[LuaSkill] Failed to load {directory}: skill 'notes' declares duplicate local entry name 'run'" in (
        caplog.messages
    )


# row 21
def test_entries_are_sorted_by_canonical_name(site):
    for skill_id in ("zeta", "alpha", "mid"):
        site.skill(skill_id)
    assert site.names(site.engine()) == ["alpha-run", "mid-run", "zeta-run"]


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    directory = tmp_path / "resources"
    directory.mkdir()
    (directory / "lua-runtime-manifest.json").write_text("{}")
    return directory


def packages_manifest(resources: Path, **changed: Any) -> None:
    paths = {name: f"resources/{name}" for name in RUNTIME_PATHS}
    for relative in paths.values():
        (resources.parent / relative).write_text("x")
    manifest = {"schema_version": 1, "layout": "luaskills-packages-runtime-v1", "paths": paths, **changed}
    (resources / "luaskills-packages-manifest.json").write_text(json.dumps(manifest))


# row 22
def test_a_packaged_runtime_without_its_manifest_is_incomplete(site, resources, caplog):
    text = f"packaged runtime is incomplete: missing {resources / 'luaskills-packages-manifest.json'}"
    with pytest.raises(EngineError) as caught:
        site.engine(resources_dir=str(resources), strict=True)
    assert str(caught.value) == text
    site.engine(resources_dir=str(resources))
    assert f"[LuaSkill] {text}" in caplog.messages


# row 23
def test_a_whole_packaged_runtime_loads(site, resources, caplog):
    packages_manifest(resources)
    site.engine(resources_dir=str(resources), strict=True)
    assert "packaged runtime" not in caplog.text


# row 24
def test_a_packaged_runtime_names_the_file_it_lacks(site, resources):
    packages_manifest(resources)
    (resources / "help_index").unlink()
    with pytest.raises(EngineError) as caught:
        site.engine(resources_dir=str(resources), strict=True)
    assert str(caught.value) == f"packaged runtime is incomplete: missing {resources / 'help_index'}"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema_version": 2}, "unsupported luaskills-packages manifest schema_version 2"),
        ({"layout": "v2"}, "unsupported luaskills-packages layout 'v2'"),
    ],
)
def test_a_packaged_runtime_of_another_kind_is_invalid(site, resources, changed, message):
    packages_manifest(resources, **changed)
    with pytest.raises(EngineError, match=f"packaged runtime is invalid: {message}"):
        site.engine(resources_dir=str(resources), strict=True)


# row 25
def test_a_syntax_error_breaks_only_its_entry(each, caplog):
    each.skill("bad", "return function( end")
    each.skill("good")
    engine = each.engine()
    assert "[LuaSkill] Failed to compile skill 'bad::bad_run': " in caplog.text
    with pytest.raises(EngineError, match="Failed to compile skill 'bad::bad_run': bad_run:1:"):
        engine.call_skill("bad-run")
    assert engine.call_skill("good-run").content == "x"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("error('boom')", "Failed to initialize skill 'bad::bad_run': bad_run:1: boom\n"),
        ("return 5", "Skill function 'bad_run' not found"),
        ("local x", "Skill function 'bad_run' not found"),
    ],
)
def test_an_entry_that_yields_no_function_breaks_alone(each, body, message):
    each.skill("bad", body)
    each.skill("good")
    engine = each.engine()
    with pytest.raises(SkillBroken) as caught:
        engine.call_skill("bad-run")
    assert str(caught.value).startswith(message)
    assert engine.call_skill("good-run").content == "x"


# row 26
def test_a_reload_that_fails_keeps_the_old_entries(site):
    site.skill("notes")
    engine = site.engine()
    with pytest.raises(RootChainError):
        engine.reload_from_roots(site.chain("USER"))
    assert engine.call_skill("notes-run").content == "x"


# rows 27, 28
def test_roots_with_different_parents_need_a_config_path(site, tmp_path):
    site.skill("notes")
    apart = [site.chain("ROOT")[0], {"name": "USER", "skills_dir": str(tmp_path / "home" / "user_skills")}]
    engine, empty = site.engine(), site.empty_engine()
    for load in (engine.reload_from_roots, empty.load_from_roots):
        with pytest.raises(RootChainError) as caught:
            load(apart)
        assert str(caught.value) == (
            "multiple runtime roots map to different parents; set host_options.skill_config_file_path explicitly"
        )
    assert (site.names(engine), site.names(empty)) == (["notes-run"], [])
    explicit = site.empty_engine(skill_config_file_path=str(tmp_path / "config.json"))
    explicit.load_from_roots(apart)
    assert site.names(explicit) == ["notes-run"]


# row 29
def test_the_config_file_moves_with_the_runtime_root(site, tmp_path):
    engine = site.engine()
    engine.config.set("notes", "k", "here")
    engine.reload_from_roots([{"name": "ROOT", "skills_dir": str(tmp_path / "other" / "root_skills")}])
    assert engine.config.get("notes", "k") is None
    engine.config.set("notes", "k", "there")
    assert json.loads((tmp_path / "other" / "config" / "skill_config.json").read_text()) == {
        "skills": {"notes": {"k": "there"}}
    }


# row 30
def test_a_relative_config_path_is_that_of_the_creation(site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = site.engine(skill_config_file_path="mine.json")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    engine.config.set("notes", "k", "v")
    assert (tmp_path / "mine.json").is_file()
    assert engine.config.get("notes", "k") == "v"


def test_a_database_skill_is_left_out_when_the_host_has_no_provider(site, caplog):
    directory = site.skill("notes", manifest="sqlite: {enable: true}\n")
    site.skill("plain")
    engine = site.engine(sqlite_provider_mode="host_callback", sqlite_callback_mode="json")
    assert site.names(engine) == ["plain-run"]
    text = "SQLite host-callback mode is enabled but no json callback is registered"
    assert f"[LuaSkill] Failed to load {directory}: {text}" in caplog.messages


def test_aliases_of_aliases_do_not_hold_up_the_load(tmp_path: Path) -> None:
    skill = tmp_path / "demo"
    skill.mkdir()
    doubled = "\n".join(f"x{level}: &x{level} [*x{level - 1}, *x{level - 1}]" for level in range(1, 31))
    (skill / "skill.yaml").write_text(f"name: Demo\nversion: 1.0.0\nx0: &x0 [1]\n{doubled}\n")
    with pytest.raises(ManifestError, match="more than 100000 values"):
        read_manifest(skill, "demo")


def test_a_folder_that_can_not_be_read_leaves_the_others_alone(site, monkeypatch, caplog):
    closed = site.skill("closed")
    site.skill("open")
    list_directory, is_file = os.listdir, Path.is_file

    def listed(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return list_directory(path)

    def looked_at(path):
        if closed in path.parents:
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(os, "listdir", listed)
    monkeypatch.setattr(Path, "is_file", looked_at)
    assert site.names(site.engine()) == ["open-run"]
    assert f"[LuaSkill] Failed to load {closed}: {closed} can not be read: Permission denied" in caplog.messages
