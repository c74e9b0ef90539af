"""The management functions as hosts call them: by name, with JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from luaskills.ffi import JsonEngine

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(site: Any, tmp_path: Path) -> Any:
    """Calls ``luaskills_ffi_{name}_json`` of an engine on the chain of ``tmp_path``; gives the envelope."""
    engine = JsonEngine()
    host = {
        "github_base_url": site.url,
        "github_api_base_url": site.url,
        "download_cache_root": str(tmp_path / "temp" / "downloads"),
        "dependency_dir_name": "dependencies",
        "state_dir_name": "state",
        "database_dir_name": "databases",
        "allow_network_download": True,
        "reserved_entry_names": [],
    }
    pool = {"min_size": 1, "max_size": 1, "idle_ttl_secs": 60}
    roots = [{"name": name, "skills_dir": str(tmp_path / f"{name.lower()}_skills")} for name in ("ROOT", "USER")]

    def call(name: str, **request: Any) -> dict[str, Any]:
        document = {"skill_roots": roots, **request}
        return dict(json.loads(engine.call(f"luaskills_ffi_{name}_json", json.dumps(document).encode())))

    made = call("engine_new", options={"pool_config": pool, "host_options": host})
    number = made["result"]["engine_id"]
    yield lambda name, **request: call(name, engine_id=number, **request)
    call("engine_free", engine_id=number)


def test_the_life_of_a_skill(call: Call, site: Any) -> None:
    site.publish("notes", "1.0.0")
    request = {"source": "acme/notes", "source_type": "github"}
    assert call("install_skill", request=request)["result"]["status"] == "installed"
    assert call("call_skill", tool_name="notes-run")["result"]["content"] == "1.0.0"
    assert call("disable_skill", skill_id="notes")["result"] == {"disabled": True}
    assert call("is_skill", tool_name="notes-run", authority="system")["result"] == {"value": False}
    assert call("enable_skill", skill_id="notes")["result"] == {"enabled": True}
    site.publish("notes", "1.1.0")
    assert call("update_skill", request={"skill_id": "notes"})["result"]["status"] == "updated"
    assert call("call_skill", tool_name="notes-run")["result"]["content"] == "1.1.0"
    assert call("uninstall_skill", skill_id="notes", options={})["result"]["skill_removed"] is True
    assert call("is_skill", tool_name="notes-run", authority="system")["result"] == {"value": False}


def test_the_life_of_a_skill_of_the_system(call: Call, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.0.0")
    asked = {"request": {"source": "acme/notes"}, "authority": "system"}
    assert call("system_install_skill", **asked)["result"]["status"] == "installed"
    assert (tmp_path / "root_skills" / "notes").is_dir()
    for action, result in (("disable", {"disabled": True}), ("enable", {"enabled": True})):
        assert call(f"system_{action}_skill", skill_id="notes", authority="system")["result"] == result
    removed = call("system_uninstall_skill", skill_id="notes", options={}, authority="system")
    assert removed["result"]["skill_removed"] is True


def test_refusals_are_error_envelopes(call: Call) -> None:
    assert call("update_skill", request={"source": "o/My-Skill"}) == {
        "ok": False,
        "error": "derived github skill_id must match ^[a-z]([a-z0-9-]*[a-z0-9])?$",
    }


def test_wrong_shapes_are_input_errors_of_the_function(call: Call) -> None:
    error = call("install_skill", request={"source_type": "ftp"})["error"]
    assert error.startswith("luaskills_ffi_install_skill_json received invalid JSON input: unknown variant `ftp`")


def test_the_system_functions_ask_for_authority(call: Call) -> None:
    assert call("system_install_skill", request={"source": "acme/notes"})["error"] == (
        "luaskills_ffi_system_install_skill_json requires host-injected authority: use 'system' or 'delegated_tool'"
    )
    private = {"skill_id": "notes", "manifest_url": "http://127.0.0.1/x", "authority": "delegated_tool"}
    name = "system_private_install_skill_from_url_manifest"
    assert call(name, **private)["error"] == (
        f"luaskills_ffi_{name}_json requires system authority for private URL manifest operations"
    )


@pytest.mark.parametrize("function", ["load_from_roots", "reload_from_roots"])
def test_a_load_first_undoes_what_a_crash_left(call: Call, site: Any, tmp_path: Path, function: str) -> None:
    site.publish("notes", "1.0.0")
    call("install_skill", request={"source": "acme/notes"})
    os.rename(tmp_path / "user_skills" / "notes", tmp_path / "state" / "notes")
    journal = {
        "version": 1,
        "committed": False,
        "changes": [["user_skills/notes", None, "state/notes", True]],
        "scratch": [],
        "watched": {},
        "discard": [],
    }
    (tmp_path / "state" / "management.json").write_text(json.dumps(journal))
    assert call(function)["ok"] is True
    assert call("call_skill", tool_name="notes-run")["result"]["content"] == "1.0.0"
