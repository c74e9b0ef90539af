"""What hosts hear of an operation."""

from __future__ import annotations

from typing import Any

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.errors import ManagementError

APPLYING = ["validating_request", "resolving_source", "fetching_manifest", "source_resolved", "downloading_archive"]
ENDING = ["reloading_runtime", "committing", "completed"]


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def watched(make: Any, heard: list[dict[str, Any]]) -> Any:
    callbacks = CallbackTable()
    callbacks.set("skill_operation_progress", heard.append)
    return make(callbacks=callbacks)


def test_an_installation_tells_its_phases_in_order(watched: Any, site: Any, heard: list[dict[str, Any]]) -> None:
    site.publish("notes", "1.0.0")
    watched.install("acme/notes")
    phases = [*APPLYING, "extracting_archive", "validating_skill_manifest", "staging_install", *ENDING]
    assert [event["phase"] for event in heard] == phases
    assert [event["sequence"] for event in heard] == list(range(1, len(phases) + 1))
    (operation,) = {event["operation_id"] for event in heard}
    assert operation.startswith("skill-install-notes-")
    last = {key: value for key, value in heard[-1].items() if key not in ("operation_id", "sequence")}
    assert last == {
        "plane": "Skills",
        "action": "Install",
        "phase": "completed",
        "status": "completed",
        "skill_id": "notes",
        "root_name": "USER",
        "source_type": "github",
        "source_locator": "acme/notes",
        "bytes_done": None,
        "bytes_total": None,
        "percent": None,
        "message": "skill 'notes' installed with version 1.0.0",
    }


def test_bytes_of_the_download_are_told(watched: Any, site: Any, heard: list[dict[str, Any]]) -> None:
    site.publish("notes", "1.0.0")
    watched.install("acme/notes")
    (event,) = [event for event in heard if event["phase"] == "downloading_archive"]
    assert (event["status"], event["percent"]) == ("progress", 100)
    assert event["bytes_done"] == event["bytes_total"] > 0


def test_a_cached_archive_is_told_as_such(watched: Any, site: Any, heard: list[dict[str, Any]]) -> None:
    site.publish("notes", "1.0.0")
    watched.install("acme/notes")
    watched.uninstall("notes")
    heard.clear()
    watched.install("acme/notes")
    assert [event["status"] for event in heard if event["phase"] == "downloading_archive"] == ["cached"]


def test_an_update_tells_of_the_backup(watched: Any, site: Any, heard: list[dict[str, Any]]) -> None:
    site.publish("notes", "1.0.0")
    watched.install("acme/notes")
    heard.clear()
    site.publish("notes", "1.1.0")
    watched.update("notes")
    phases = [event["phase"] for event in heard]
    assert phases[5:] == [
        "extracting_archive",
        "validating_skill_manifest",
        "backing_up_current",
        "staging_update",
        *ENDING,
    ]


def test_a_failure_is_the_last_event(watched: Any, heard: list[dict[str, Any]]) -> None:
    with pytest.raises(ManagementError) as raised:
        watched.install("acme/none")
    assert (heard[-1]["phase"], heard[-1]["status"], heard[-1]["message"]) == ("failed", "failed", str(raised.value))


def test_a_callback_that_fails_changes_nothing(make: Any, site: Any, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Any) -> None:
        raise ValueError("no")

    callbacks = CallbackTable()
    callbacks.set("skill_operation_progress", broken)
    callbacks.set("skill_lifecycle", broken)
    runtime = make(callbacks=callbacks)
    site.publish("notes", "1.0.0")
    assert runtime.install("acme/notes")["status"] == "installed"
    assert "the host's progress callback failed" in caplog.text
    assert "the host's lifecycle callback failed" in caplog.text


def test_the_lifecycle_is_told_when_something_changed(make: Any, site: Any) -> None:
    callbacks, heard = CallbackTable(), []
    callbacks.set("skill_lifecycle", heard.append)
    runtime = make(callbacks=callbacks)
    site.publish("notes", "1.0.0")
    runtime.install("acme/notes")
    runtime.install("acme/notes")
    request = {"skill_roots": runtime.chain, "skill_id": "notes"}
    runtime.management.disable("skills", request)
    runtime.management.enable("skills", request)
    runtime.uninstall("notes")
    assert [event["status"] for event in heard] == ["installed", "disabled", "enabled", "uninstalled"]
    assert {event["root_name"] for event in heard} == {"USER"}
