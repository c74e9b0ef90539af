"""Chains of roots below a runtime root, and the options made from it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from luaskills import (
    LuaSkillsClient,
    LuaSkillsError,
    RuntimeRoots,
    RuntimeSkillRoot,
    create_engine_options,
    default_host_options,
    default_pool_config,
    default_space_controller_options,
    runtime_manifest_path,
)


def test_the_standard_chain_is_in_its_fixed_order(tmp_path: Path) -> None:
    labels = [(root.name, root.skills_dir) for root in RuntimeRoots.standard(tmp_path)]
    assert labels == [
        ("ROOT", f"{tmp_path}/root_skills"),
        ("PROJECT", f"{tmp_path}/project_skills"),
        ("USER", f"{tmp_path}/user_skills"),
    ]
    chosen = RuntimeRoots.standard(tmp_path, include_project=False, user_skills_dir_name="mine")
    assert [(root.name, Path(root.skills_dir).name) for root in chosen] == [("ROOT", "root_skills"), ("USER", "mine")]
    assert [root.name for root in RuntimeRoots.root_only(tmp_path)] == ["ROOT"]


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RuntimeRoots.root_only("here")[0].skills_dir == f"{tmp_path}/here/root_skills"
    assert RuntimeRoots.root_only("~/here") == RuntimeRoots.root_only("here")


def test_a_root_is_found_by_its_label(tmp_path: Path) -> None:
    chain = RuntimeRoots.standard(tmp_path, include_project=False)
    assert RuntimeRoots.find_by_label(chain, " user ") == chain[1]
    assert RuntimeRoots.find_by_label([root.to_json() for root in chain], "ROOT") == chain[0]
    with pytest.raises(ValueError, match="Runtime skill root 'PROJECT' is not present in the configured root chain"):
        RuntimeRoots.find_by_label(chain, "project")


def test_a_root_is_a_frozen_value() -> None:
    root = RuntimeSkillRoot("ROOT", "/skills")
    assert root.to_json() == {"name": "ROOT", "skills_dir": "/skills"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        root.name = "USER"  # type: ignore[misc]


def test_the_layout_includes_the_roots_that_are_given(tmp_path: Path) -> None:
    roots = [{"name": "ROOT", "skills_dir": str(tmp_path / "elsewhere")}]
    RuntimeRoots.ensure_layout(tmp_path / "runtime", roots)
    RuntimeRoots.ensure_layout(tmp_path / "runtime", roots)
    assert (tmp_path / "elsewhere").is_dir()
    assert (tmp_path / "runtime" / "bin" / "tools").is_dir()
    assert not (tmp_path / "runtime" / "root_skills").exists()


def test_the_defaults_are_those_of_the_sdk(tmp_path: Path) -> None:
    assert default_pool_config() == {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}
    options = default_host_options(tmp_path)
    assert options["host_provided_tool_root"] == f"{tmp_path}/bin/tools"
    assert options["host_provided_ffi_root"] == f"{tmp_path}/libs"
    assert options["host_provided_lua_root"] == options["lua_packages_dir"] == f"{tmp_path}/lua_packages"
    assert options["download_cache_root"] == f"{tmp_path}/temp/downloads"
    assert [options[f"{kind}_dir_name"] for kind in ("dependency", "state", "database")] == [
        "dependencies",
        "state",
        "databases",
    ]
    assert options["skill_config_file_path"] is None
    assert options["allow_network_download"] is True
    assert options["sqlite_provider_mode"] == options["lancedb_provider_mode"] == "dynamic_library"
    assert options["sqlite_callback_mode"] == options["lancedb_callback_mode"] == "standard"
    assert options["capabilities"] == {"enable_skill_management_bridge": False, "enable_managed_io_compat": True}
    assert options["space_controller"] == default_space_controller_options()
    assert len(options["space_controller"]) == 11
    assert options["space_controller"]["auto_spawn"] is False


def test_overrides_are_merged_key_by_key_where_objects_are_whole(tmp_path: Path) -> None:
    """Row 174."""
    options = create_engine_options(
        tmp_path,
        host_options={
            "capabilities": {"enable_skill_management_bridge": True},
            "space_controller": {"endpoint": "http://127.0.0.1:1"},
            "reserved_entry_names": ["a"],
            "profile": "locked",
        },
        pool_config={"max_size": 9},
    )
    host = options["host_options"]
    assert host["capabilities"] == {"enable_skill_management_bridge": True, "enable_managed_io_compat": True}
    assert host["space_controller"] == {**default_space_controller_options(), "endpoint": "http://127.0.0.1:1"}
    assert (host["reserved_entry_names"], host["profile"]) == (["a"], "locked")
    assert options["pool_config"] == {"min_size": 1, "max_size": 9, "idle_ttl_secs": 60}


def test_an_install_manifest_adds_its_options(tmp_path: Path) -> None:
    """Row 173."""
    path = runtime_manifest_path(tmp_path)
    Path(path).parent.mkdir(parents=True)
    patch = {"sqlite_provider_mode": "host_callback", "space_controller": {"auto_spawn": True}}
    Path(path).write_text(json.dumps({"schema_version": 1, "host_options_patch": patch}))
    options = default_host_options(tmp_path)
    assert options["sqlite_provider_mode"] == "host_callback"
    assert options["space_controller"] == {**default_space_controller_options(), "auto_spawn": True}
    kept = create_engine_options(tmp_path, host_options={"sqlite_provider_mode": "dynamic_library"})
    assert kept["host_options"]["sqlite_provider_mode"] == "dynamic_library"


@pytest.mark.parametrize(
    ("host_options", "text"),
    [
        ({"profle": "locked"}, "host_options has no 'profle'; is 'profile' meant?"),
        ({"limit": {"time_ms": 1}}, "host_options has no 'limit'; is 'limits' meant?"),
        (
            {"limits": {"time": 1}},
            "host_options.limits has no 'time'; it has time_ms, instructions, memory_bytes, depth",
        ),
    ],
)
def test_a_typo_does_not_open_what_it_was_to_close(tmp_path: Path, host_options: Any, text: str) -> None:
    with pytest.raises(LuaSkillsError, match=re.escape(text)):
        LuaSkillsClient(runtime_root=tmp_path, host_options=host_options)


def test_options_of_later_versions_are_ignored(tmp_path: Path) -> None:
    LuaSkillsClient(runtime_root=tmp_path, host_options={"managed_runtimes": {}}).close()


def test_an_unknown_engine_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="engine must be one of auto, builtin, native: 'fast'"):
        LuaSkillsClient(runtime_root=tmp_path, engine="fast")
