"""Updating packages that an installation made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.dependencies import current_platform
from luaskills.errors import ManagementError


def refusal(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(ManagementError) as raised:
        call(*args, **more)
    return str(raised.value)


def tool(name: str, version: str | None, url: str, **more: str) -> str:
    """One dependency as a line of ``dependencies.yaml``."""
    export = "{archive_path: tool, target_path: bin/tool}"
    where = f"{{{current_platform()}: {{url: '{url}', exports: [{export}]}}}}"
    said = f", version: '{version}'" if version else ""
    return f"  - {{name: {name}{said}, source: {{type: url}}, packages: {where}}}\n"


def dependencies(*lines: str) -> dict[str, str | bytes]:
    return {"notes/dependencies.yaml": "tool_dependencies:\n" + "".join(lines)}


def test_a_newer_version_takes_over(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.9.0", files={"notes/resources/old.txt": "old"})
    runtime.install("acme/notes")
    site.publish("notes", "1.10.0")
    result = runtime.update("notes")
    assert (result["status"], result["version"]) == ("updated", "1.10.0")
    assert runtime.answer("notes") == "1.10.0"
    assert sorted(runtime.files()) == [
        "state/installs/notes.yaml",
        "user_skills/notes/runtime/run.lua",
        "user_skills/notes/skill.yaml",
    ]
    assert [path.name for path in (tmp_path / "user_skills").iterdir()] == ["notes"]


@pytest.mark.parametrize("latest", ["1.2.0", "1.2.0-rc.1", "1.2.0+other", "1.1.9"])
def test_nothing_newer_is_up_to_date(runtime: Any, site: Any, latest: str) -> None:
    # row 149
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    before = runtime.files()
    site.publish("notes", latest)
    result = runtime.update("notes")
    assert (result["status"], result["message"]) == ("up_to_date", "skill 'notes' is already on version 1.2.0")
    assert runtime.files() == before


def test_what_is_not_installed_is_missing(runtime: Any) -> None:
    result = runtime.update("notes")
    assert (result["status"], result["message"]) == ("missing_skill", "skill is not installed; use install first")


def test_an_explicit_target_has_to_hold_the_skill(runtime: Any) -> None:
    runtime.write("PROJECT", "notes")
    message = "skill 'notes' is not installed in target root 'USER'"
    assert refusal(runtime.update, "notes", target_root=runtime.layer("USER")) == message


def test_a_shadowed_copy_is_not_updated(runtime: Any, site: Any) -> None:
    # row 146
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    runtime.write("PROJECT", "notes")
    assert refusal(runtime.update, "notes") == (
        "skill 'notes' in target root 'USER' is shadowed by higher-priority root 'PROJECT'; update the higher-priority "
        "layer or remove that override before changing this fallback root"
    )


def test_a_hand_copied_skill_is_not_updated(runtime: Any) -> None:
    # row 147
    runtime.write("USER", "notes")
    message = "skill 'notes' is not managed by the install workflow; automatic update is unavailable"
    assert refusal(runtime.update, "notes") == message


def test_the_record_of_another_layer_does_not_manage_a_copy(runtime: Any, site: Any) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    runtime.write("PROJECT", "notes")
    assert "is not managed by the install workflow" in refusal(
        runtime.update, "notes", target_root=runtime.layer("PROJECT")
    )


def test_a_record_that_makes_no_sense_is_named(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    record = tmp_path / "state" / "installs" / "notes.yaml"
    record.write_text("[]")
    assert refusal(runtime.update, "notes").startswith(f"install record {record} can not be read: ")


def test_an_installed_version_that_is_none_is_named(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    record = tmp_path / "state" / "installs" / "notes.yaml"
    record.write_text(record.read_text().replace("version: 1.2.0", "version: old"))
    assert refusal(runtime.update, "notes").startswith("installed version 'old' of skill 'notes' is invalid: ")


def test_an_update_that_can_not_be_loaded_restores_the_old_version(runtime: Any, site: Any) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    other = runtime.write("USER", "other")
    runtime.load()
    (other / "skill.yaml").write_text("skill_id: other\n")
    before = runtime.files()
    site.publish("notes", "1.3.0")
    assert refusal(runtime.update, "notes").startswith("Failed to reload LuaSkills after Update: ")
    assert runtime.files() == before
    assert runtime.answer("notes") == "1.2.0"


def test_a_required_dependency_that_can_not_be_had_stops_the_update(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.answers["/good"] = b"tool"
    site.publish("notes", "1.2.0", files=dependencies(tool("good", "1", f"{site.url}/good")))
    runtime.install("acme/notes")
    before = runtime.files()
    lines = (tool("better", "1", f"{site.url}/good"), tool("gone", "1", f"{site.url}/gone"))
    site.publish("notes", "1.3.0", files=dependencies(*lines))
    message = refusal(runtime.update, "notes")
    assert message.startswith(f"Failed to prepare dependencies for {tmp_path / 'user_skills' / 'notes'}: ")
    assert f"{site.url}/gone can not be downloaded" in message
    assert runtime.files() == before
    assert runtime.answer("notes") == "1.2.0"


def test_dependencies_that_are_there_are_not_fetched(runtime: Any, site: Any) -> None:
    # row 162
    site.answers["/good"] = b"tool"
    site.publish("notes", "1.2.0", files=dependencies(tool("good", "v1", f"{site.url}/good")))
    runtime.install("acme/notes")
    asked = site.asked.count("/good")
    site.answers["/good"] = b"other"
    site.publish("notes", "1.3.0", files=dependencies(tool("good", "v1", f"{site.url}/good")))
    runtime.update("notes")
    assert site.asked.count("/good") == asked == 1


def test_what_the_new_version_does_not_use_goes_away(runtime: Any, site: Any, tmp_path: Path) -> None:
    # row 163
    site.answers["/good"] = b"tool"
    url = f"{site.url}/good"
    old = (tool("kept", "1.0", url), tool("dropped", "1.0", url), tool("moved", "1.0", url), tool("any", None, url))
    site.publish("notes", "1.2.0", files=dependencies(*old))
    runtime.install("acme/notes")
    held = tmp_path / "dependencies" / "tools" / "notes"
    assert sorted(path.name for path in held.iterdir()) == ["any", "dropped", "kept", "moved"]
    new = (tool("kept", "1.0", url), tool("moved", "2.0", url), tool("any", None, url))
    site.publish("notes", "1.3.0", files=dependencies(*new))
    runtime.update("notes")
    assert sorted(path.relative_to(held).as_posix() for path in held.glob("*/*")) == [
        "any/unversioned",
        "kept/1.0",
        "moved/2.0",
    ]


def test_what_another_copy_of_the_skill_uses_stays(runtime: Any, site: Any, tmp_path: Path) -> None:
    # row 163
    site.answers["/good"] = b"tool"
    url = f"{site.url}/good"
    site.publish("notes", "1.2.0", files=dependencies(tool("shared", "1.0", url), tool("dropped", "1.0", url)))
    runtime.install("acme/notes", target_root=runtime.layer("PROJECT"))
    copy = runtime.write("USER", "notes")
    (copy / "dependencies.yaml").write_text("tool_dependencies:\n" + tool("shared", "1.0", url))
    site.publish("notes", "1.3.0")
    runtime.update("notes", target_root=runtime.layer("PROJECT"))
    held = tmp_path / "dependencies" / "tools" / "notes"
    assert [path.name for path in held.iterdir()] == ["shared"]


def test_a_disabled_skill_stays_disabled(runtime: Any, site: Any) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    runtime.management.disable("skills", {"skill_roots": runtime.chain, "skill_id": "notes"})
    site.publish("notes", "1.3.0")
    assert runtime.update("notes")["status"] == "updated"
    assert not runtime.has("notes")
