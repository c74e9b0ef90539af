"""Managing skills from the command line; what it does in detail is tested with the management itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
pytestmark = pytest.mark.timeout(60)


def test_a_skill_is_disabled_and_enabled(run: Run, notes: Path) -> None:
    """Row 155."""
    assert run("disable", "notes", "too loud").json == {"disabled": True}
    assert run("is-skill", "notes-echo").json == {"value": False}
    record = notes / "state" / "skills" / "disabled" / "notes.json"
    assert "too loud" in record.read_text()
    assert run("enable", "notes").json == {"enabled": True}
    assert run("is-skill", "notes-echo").json == {"value": True}


def test_root_is_for_the_system_alone(run: Run, notes: Path) -> None:
    refused = run("disable", "system")
    assert (refused.status, refused.out) == (1, "")
    assert "ROOT skill root is system-controlled" in refused.err
    refused = run("system-disable", "system")
    assert "DelegatedTool authority cannot " in refused.err
    assert run("system-disable", "system", "--authority", "system").json == {"disabled": True}
    assert run("system-enable", "system", "--authority", "system").json == {"enabled": True}


def test_a_skill_is_removed(run: Run, notes: Path) -> None:
    removed = run("uninstall", "notes", "--target-root", "user", "--remove-sqlite").json
    assert (removed["skill_id"], removed["skill_removed"]) == ("notes", True)
    assert (removed["sqlite_retained"], removed["lancedb_retained"]) == (False, True)
    assert not (notes / "user_skills" / "notes").exists()
    removed = run("system-uninstall", "system", "--authority", "system").json
    assert removed["skill_removed"] is True


@pytest.mark.parametrize("command", ["install", "update"])
def test_what_the_management_refuses_is_an_error(run: Run, notes: Path, command: str) -> None:
    """Rows 140, 143."""
    refused = run(command, "not a repository")
    assert refused.status == 1
    assert "must be one repository locator in owner/repo form" in refused.err
    refused = run(command, "o/my-skill", "--root-only")
    assert "ordinary skills plane requires a PROJECT or USER skill root" in refused.err
    refused = run(f"system-{command}", "o/my-skill")
    assert "DelegatedTool authority cannot " in refused.err


def test_an_installed_skill_is_reported_as_such(run: Run, notes: Path) -> None:
    """Row 148."""
    assert (
        run("install", "o/notes", "--skill-id", "notes", "--target-root", "USER").json["status"] == "already_installed"
    )


def test_an_unknown_layer_is_refused(run: Run, notes: Path) -> None:
    refused = run("install", "o/r", "--target-root", "team")
    assert refused.err == "error: Runtime skill root 'TEAM' is not present in the configured root chain\n"
