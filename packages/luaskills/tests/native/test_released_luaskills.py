"""Released SDKs take the library for their native one, each in a virtual environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from .conftest import Built, run

_CALLS = Path(__file__).with_name("released_calls.py")
RELEASES = ("0.4.6", "0.6.5")
IDENTICAL: dict[str, Any] = {
    "version": {"ffi_version": "0.3.0", "protocol": "json-cabi"},
    "describe": True,
    "load": {"loaded": True},
    "reload": {"reloaded": True},
    "list": ["greeter-fail", "greeter-hello"],
    "help": ["greeter"],
    "help detail": "# Greeter\nIt greets.",
    "skill of tool": "greeter",
    "system list": 2,
    "completions": None,
    "call without callbacks": "hello model_unavailable host_tool_callback_missing",
    "call": "hello ADA 5",
    "host tools": [[{"name": "add"}], True],
    "embed": "no model for tea",
    "threads": ["hello ADA 5"],
    "call after clear": "hello ADA host_tool_callback_missing",
    "run_lua": {"sum": 2, "text": "grün"},
    "config set": "kind",
    "config get": "kind",
    "config list": ["tone"],
    "config delete": True,
    "config gone": False,
    "lease first": 2,
    "lease second": 5,
    "lease status": "counter",
    "lease list": ["counter"],
    "lease close": True,
    "disable": True,
    "disabled": False,
    "enable": True,
    "enabled": True,
    "free": {"freed": True},
    "free again": None,
    "provider load": {"loaded": True},
    "provider": ["Ada", "query_json"],
    "error class": "f",
}
ERRORS = {
    "lease taken": "RuntimeError: runtime lease create failed: lease_exists: ",
    "lease error": "RuntimeError: runtime lease eval failed: eval_failed: Runtime session eval error: ",
    "lease closed": "RuntimeError: runtime lease eval failed: lease_closed: ",
    "install": "LuaSkillsError: luaskills_ffi_install_skill_json: ordinary skills plane requires a PROJECT or USER ",
    "unknown tool": "LuaSkillsError: luaskills_ffi_call_skill_json: Lua skill 'nope' not found",
    "lua error": "LuaSkillsError: luaskills_ffi_call_skill_json: Lua skill 'greeter-fail' error: ",
    "wrong root": "LuaSkillsError: luaskills_ffi_load_from_roots_json: unsupported skill root label 'OTHER'; ",
    "after free": "RuntimeError: LuaSkills engine ",
    "freed twice": "LuaSkillsError: luaskills_ffi_engine_free_json: FFI engine ",
}
"""How what came back begins."""
LATER = {
    "config revision": "LuaSkillsError: luaskills_ffi_skill_config_set_json: this engine keeps no revisions ",
    "config validate": "LuaSkillsError: luaskills_ffi_skill_config_validate_json: luaskills_ffi_skill_config_validate",
    "managed sessions": "LuaSkillsError: luaskills_ffi_managed_session_events_poll_json: luaskills_ffi_managed_sess",
}
"""What only the newest release asks for."""


def environment(release: str, config: pytest.Config) -> Path:
    """The Python of an environment that holds a released SDK and nothing else, kept between runs."""
    assert config.cache is not None
    cache = config.cache.mkdir("released-sdk")
    folder = cache / f"luaskills-{release}-{sys.implementation.cache_tag}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=cache) as stage:
            made = Path(stage, "environment")
            make = [sys.executable, "-m", "venv", "--without-pip", str(made)]
            subprocess.run(make, check=True, timeout=100)
            pip = [sys.executable, "-m", "pip", "--python", str(made / "bin" / "python"), "install", "-q"]
            release_of = ["--disable-pip-version-check", "--no-deps", f"luaskills-sdk=={release}"]
            subprocess.run([*pip, *release_of], check=True, timeout=300)
            made.rename(folder)
    return folder / "bin" / "python"


def calls(python: str | Path, built: Built, runtime_root: Path) -> dict[str, Any]:
    """What came back, by name."""
    done = run([python, _CALLS, built.library, runtime_root])
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# rows 176, 177
@pytest.mark.timeout(600)
@pytest.mark.parametrize("release", RELEASES)
def test_a_released_sdk_works_on_the_library(
    release: str, built: Built, runtime_root: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(release, pytestconfig)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    found = calls(python, built, runtime_root)
    later = LATER if release == "0.6.5" else {}
    assert {name: found[name] for name in IDENTICAL} == IDENTICAL
    for name, said in {**ERRORS, **later}.items():
        assert found[name].startswith(said)
    assert found.get("wake") is None
    assert set(found) - {"wake"} == {*IDENTICAL, *ERRORS, *later}


def test_our_own_sdk_works_on_the_library_as_released_ones_do(built: Built, runtime_root: Path) -> None:
    found = calls(sys.executable, built, runtime_root)
    assert {name: found[name] for name in IDENTICAL} == IDENTICAL
    for name, said in ERRORS.items():
        assert found[name].startswith(said)
