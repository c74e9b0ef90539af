"""Which root an action works on, and who may."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from luaskills.errors import InvalidInput, ManagementError, RootChainError

SYSTEM = {"authority": "system"}


def refusal(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(ManagementError) as raised:
        call(*args, **more)
    return str(raised.value)


def test_the_ordinary_plane_needs_a_layer_besides_root(runtime: Any, site: Any) -> None:
    # row 140
    runtime.chain = [runtime.layer("ROOT")]
    assert refusal(runtime.install, "acme/notes") == (
        "ordinary skills plane requires a PROJECT or USER skill root; ROOT is system-controlled"
    )
    assert site.asked == []


@pytest.mark.parametrize("action", ["install", "update", "uninstall"])
def test_the_system_plane_needs_root(runtime: Any, action: str) -> None:
    # row 141
    runtime.chain = [runtime.layer("USER")]
    assert refusal(getattr(runtime, action), "notes", plane="system", **SYSTEM) == (
        f"system {action} requires a configured ROOT skill root; ordinary PROJECT/USER layers must be managed through "
        "the skills plane"
    )
    with pytest.raises(RootChainError, match="ROOT skill root is required"):
        getattr(runtime, action)("notes", plane="system", target_root=runtime.layer("USER"), **SYSTEM)


@pytest.mark.parametrize(
    ("action", "shown"), [("install", "Install"), ("update", "Update"), ("uninstall", "Uninstall")]
)
def test_the_ordinary_plane_never_touches_root(runtime: Any, action: str, shown: str) -> None:
    # row 142
    source = "acme/notes" if action == "install" else "notes"
    message = f"ordinary skills plane cannot {shown} the system-controlled ROOT skill root"
    assert refusal(getattr(runtime, action), source, target_root=runtime.layer("ROOT")) == message


def test_a_strange_label_is_named(runtime: Any) -> None:
    target = {**runtime.layer("USER"), "name": "team"}
    assert refusal(runtime.install, "acme/notes", target_root=target) == (
        "ordinary skills plane can only Install PROJECT or USER skill roots; got 'TEAM'"
    )


@pytest.mark.parametrize(
    ("action", "shown"), [("install", "Install"), ("update", "Update"), ("uninstall", "Uninstall")]
)
def test_delegated_authority_does_not_write_root(runtime: Any, action: str, shown: str) -> None:
    # row 143
    source = "acme/notes" if action == "install" else "notes"
    call = getattr(runtime, action)
    message = f"DelegatedTool authority cannot {shown} the system-controlled ROOT skill root"
    assert refusal(call, source, plane="system", authority="delegated_tool") == message


def test_the_system_plane_asks_who_it_is(runtime: Any) -> None:
    with pytest.raises(InvalidInput, match="requires host-injected authority: use 'system' or 'delegated_tool'"):
        runtime.install("acme/notes", plane="system")


def test_an_unknown_authority_is_invalid_input(runtime: Any) -> None:
    with pytest.raises(InvalidInput, match="unknown variant `root` of authority, expected one of `system`"):
        runtime.install("acme/notes", plane="system", authority="root")


@pytest.mark.parametrize("label", ["PROJECT", "USER"])
def test_what_root_owns_is_not_installed_elsewhere(runtime: Any, site: Any, label: str) -> None:
    # row 144
    owned = runtime.write("ROOT", "notes")
    for plane, more in (("system", SYSTEM), ("skills", {})):
        assert refusal(runtime.install, "acme/notes", plane=plane, target_root=runtime.layer(label), **more) == (
            f"skill 'notes' is managed by the ROOT system layer at {owned}; Install in '{label}' is not allowed until "
            "the ROOT skill is removed"
        )
    assert site.asked == []


def test_what_root_owns_is_not_updated_elsewhere(runtime: Any) -> None:
    runtime.write("ROOT", "notes")
    runtime.write("USER", "notes")
    assert "Update in 'USER' is not allowed until the ROOT skill is removed" in refusal(runtime.update, "notes")


def test_a_target_outside_of_the_chain_is_refused(runtime: Any, tmp_path: Path) -> None:
    # row 157
    target = {"name": "USER", "skills_dir": str(tmp_path / "elsewhere")}
    assert refusal(runtime.install, "acme/notes", target_root=target) == (
        f"target root 'USER' at {tmp_path / 'elsewhere'} is not part of the full runtime root chain"
    )


def test_a_target_may_be_written_another_way(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.0.0")
    target = {"name": " user ", "skills_dir": f"{tmp_path}/root_skills/../user_skills/"}
    os.makedirs(tmp_path / "root_skills")
    assert runtime.install("acme/notes", target_root=target)["status"] == "installed"
    assert (tmp_path / "user_skills" / "notes" / "skill.yaml").is_file()


def test_user_is_the_default_and_project_without_it(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.0.0")
    runtime.install("acme/notes")
    assert (tmp_path / "user_skills" / "notes").is_dir()
    runtime.chain = runtime.chain[:2]
    runtime.install("acme/notes")
    assert (tmp_path / "project_skills" / "notes").is_dir()


def test_the_system_plane_writes_root(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.0.0")
    assert runtime.install("acme/notes", plane="system", **SYSTEM)["status"] == "installed"
    assert (tmp_path / "root_skills" / "notes").is_dir()
    site.publish("notes", "1.1.0")
    assert runtime.update("notes", plane="system", **SYSTEM)["status"] == "updated"
    assert runtime.uninstall("notes", plane="system", **SYSTEM)["skill_removed"] is True


def test_a_wrong_chain_is_refused_before_anything_else(runtime: Any) -> None:
    runtime.chain = [runtime.layer("ROOT"), runtime.layer("ROOT")]
    with pytest.raises(RootChainError, match="duplicate skill root label 'ROOT'"):
        runtime.install("acme/notes")


def test_the_ordinary_plane_has_no_authority_whatever_the_request_says(runtime: Any) -> None:
    asked = {"skill_id": "notes", "source": "http://127.0.0.1/x", "source_type": "private_url_manifest"}
    request = runtime.request(asked, **SYSTEM)
    assert refusal(runtime.management.install, "skills", request) == (
        "private_url_manifest install is restricted to host system authority"
    )


@pytest.mark.parametrize("roots", [None, 5, "ROOT", {}])
def test_a_chain_that_is_no_list_is_invalid_input(runtime: Any, roots: Any) -> None:
    runtime.chain = roots
    for plane in ("skills", "system"):
        with pytest.raises(InvalidInput, match="skill_roots"):
            runtime.install("acme/notes", plane=plane, **SYSTEM)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"skill_roots": None}, "missing field `skill_roots`"),
        ({"skill_roots": {}}, "skill_roots must be a list of objects"),
        ({"skill_roots": [1]}, "skill_roots must be a list of objects"),
        ({"request": None}, "missing field `request`"),
        ({"request": []}, "request must be an object"),
        ({"request": {"source": 1}}, "source must be a text"),
        ({"request": {"source_type": "ftp"}}, "unknown variant `ftp` of source_type, expected one of `github`"),
        ({"target_root": "USER"}, "target_root must be an object"),
        ({"target_root": {"name": "USER"}}, "missing field `skills_dir`"),
    ],
)
def test_requests_of_the_wrong_shape_are_invalid_input(runtime: Any, change: dict[str, Any], message: str) -> None:
    request = {**runtime.request({"source": "acme/notes"}), **change}
    with pytest.raises(InvalidInput) as raised:
        runtime.management.install("skills", json.loads(json.dumps(request)))
    assert message in str(raised.value)
