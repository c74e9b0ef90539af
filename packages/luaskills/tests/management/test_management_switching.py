"""Disabling and enabling skills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from luaskills.errors import ManagementError

SYSTEM = {"authority": "system"}


def request(runtime: Any, **more: Any) -> dict[str, Any]:
    return {"skill_roots": runtime.chain, "skill_id": "notes", **more}


def refusal(call: Any, *args: Any) -> str:
    with pytest.raises(ManagementError) as raised:
        call(*args)
    return str(raised.value)


def test_disabled_is_invisible_and_enabled_visible_again(runtime: Any, tmp_path: Path) -> None:
    # row 155
    runtime.write("USER", "notes")
    runtime.load()
    assert runtime.management.disable("skills", request(runtime, reason="zu laut")) == {"disabled": True}
    assert not runtime.has("notes")
    record = tmp_path / "state" / "skills" / "disabled" / "notes.json"
    written = json.loads(record.read_text())
    assert written.pop("disabled_at_unix_ms") > 0
    assert written == {"skill_id": "notes", "reason": "zu laut"}
    assert runtime.management.enable("skills", request(runtime)) == {"enabled": True}
    assert runtime.answer("notes") == "1.0.0"
    assert not record.exists()


def test_doing_it_twice_changes_nothing(runtime: Any) -> None:
    runtime.write("USER", "notes")
    runtime.management.enable("skills", request(runtime))
    runtime.management.disable("skills", request(runtime))
    runtime.management.disable("skills", request(runtime))
    assert not runtime.has("notes")


@pytest.mark.parametrize(("action", "shown"), [("enable", "Enable"), ("disable", "Disable")])
def test_root_is_not_switched_through_the_ordinary_plane(runtime: Any, action: str, shown: str) -> None:
    runtime.write("ROOT", "notes")
    runtime.write("USER", "notes")
    switch = getattr(runtime.management, action)
    assert refusal(switch, "skills", request(runtime)) == (
        "ROOT skill root is system-controlled and cannot be processed through the skills plane for action " + shown
    )
    assert refusal(switch, "system", request(runtime, authority="delegated_tool")) == (
        f"DelegatedTool authority cannot {shown} the system-controlled ROOT skill root"
    )


def test_the_system_switches_root(runtime: Any) -> None:
    runtime.write("ROOT", "notes")
    runtime.load()
    runtime.management.disable("system", request(runtime, **SYSTEM))
    assert not runtime.has("notes")
    runtime.management.enable("system", request(runtime, **SYSTEM))
    assert runtime.has("notes")


def test_an_unknown_skill_is_named(runtime: Any) -> None:
    assert refusal(runtime.management.disable, "skills", request(runtime)) == (
        "effective skill instance 'notes' not found"
    )
    assert refusal(runtime.management.enable, "skills", request(runtime)) == (
        "declared skill instance 'notes' not found"
    )


def test_a_failing_reload_leaves_the_skill_as_it_was(runtime: Any) -> None:
    runtime.write("USER", "notes")
    other = runtime.write("USER", "other")
    runtime.load()
    (other / "skill.yaml").write_text("skill_id: other\n")
    before = runtime.files()
    assert refusal(runtime.management.disable, "skills", request(runtime)).startswith(
        "Failed to reload LuaSkills after Disable: "
    )
    assert runtime.files() == before
    assert runtime.has("notes")
