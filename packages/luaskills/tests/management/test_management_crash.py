"""A process killed at any moment leaves the old or the new state, never a mixture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import luaskills
from luaskills.engine.dependencies import current_platform

SCRIPT = Path(__file__).with_name("killed_at_every_change.py")


def killed_everywhere(task: dict[str, Any]) -> list[dict[str, Any]]:
    source = str(Path(luaskills.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def tool(name: str, url: str) -> str:
    export = "{archive_path: tool, target_path: bin/tool}"
    where = f"{{{current_platform()}: {{url: '{url}', exports: [{export}]}}}}"
    return f"  - {{name: {name}, version: '1', source: {{type: url}}, packages: {where}}}\n"


@pytest.fixture
def world(runtime: Any, site: Any, tmp_path: Path) -> Any:
    """A root with an installed skill that has a database and a dependency; a newer version with another dependency."""
    site.answers["/tool"] = b"tool"
    url = f"{site.url}/tool"
    old = {"notes/dependencies.yaml": "tool_dependencies:\n" + tool("old", url) + tool("kept", url)}
    new = {"notes/dependencies.yaml": "tool_dependencies:\n" + tool("new", url) + tool("kept", url)}
    site.publish("notes", "1.0.0", files=old)
    runtime.write("PROJECT", "other")
    runtime.old, runtime.new = old, new
    return runtime


def task(world: Any, tmp_path: Path, operation: str, **request: Any) -> dict[str, Any]:
    template, root = tmp_path, tmp_path.with_name(f"{tmp_path.name}-run")
    chain = [{**layer, "skills_dir": layer["skills_dir"].replace(str(template), str(root))} for layer in world.chain]
    host = dict(world.engine.options.host)
    host["download_cache_root"] = str(root / "temp" / "downloads")
    return {
        "root": str(root),
        "template": str(template),
        "host": {key: value for key, value in host.items() if value is not None},
        "operation": operation,
        "plane": "skills",
        "request": {"skill_roots": chain, **request},
        "again": 0,
    }


def states(runs: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The states that restarts found, without repetition, in order; the last run was not killed."""
    assert [run["killed"] for run in runs[-1:]] == [False]
    found: list[dict[str, str]] = []
    for run in runs:
        if run["files"] not in found:
            found.append(run["files"])
    return found


def check(runs: list[dict[str, Any]], least: int, answers: list[str]) -> None:
    assert sum(run["killed"] for run in runs) >= least
    found = states(runs)
    for state in found:
        assert [name for name in state if "/." in name or "management.json" in name] == []
    assert [state["answer"] for state in found] == answers


def test_an_installation(world: Any, tmp_path: Path) -> None:
    runs = killed_everywhere(task(world, tmp_path, "install", request={"source": "acme/notes"}))
    check(runs, 40, ["none", "1.0.0"])


def test_an_update(world: Any, site: Any, tmp_path: Path) -> None:
    world.install("acme/notes")
    site.publish("notes", "2.0.0", files=world.new)
    runs = killed_everywhere(task(world, tmp_path, "update", request={"skill_id": "notes"}))
    check(runs, 50, ["1.0.0", "2.0.0"])
    old, new = states(runs)
    assert sorted(name.split("/")[3] for name in old if name.startswith("dependencies/")) == ["kept", "old"]
    assert sorted(name.split("/")[3] for name in new if name.startswith("dependencies/")) == ["kept", "new"]


def test_an_uninstallation(world: Any, tmp_path: Path) -> None:
    world.install("acme/notes")
    database = tmp_path / "databases" / "sqlite" / "notes" / "x.sqlite3"
    database.parent.mkdir(parents=True)
    database.write_text("data")
    runs = killed_everywhere(task(world, tmp_path, "uninstall", skill_id="notes", options={"remove_sqlite": True}))
    check(runs, 25, ["1.0.0", "none"])
    assert any(name.startswith("databases/") for name in states(runs)[0])
    assert not any(name.startswith(("databases/", "dependencies/", "state/")) for name in states(runs)[1])


@pytest.mark.parametrize(("operation", "answers"), [("disable", ["1.0.0", "none"]), ("enable", ["none", "1.0.0"])])
def test_a_switch(world: Any, tmp_path: Path, operation: str, answers: list[str]) -> None:
    world.install("acme/notes")
    if operation == "enable":
        world.management.disable("skills", {"skill_roots": world.chain, "skill_id": "notes"})
    check(killed_everywhere(task(world, tmp_path, operation, skill_id="notes")), 5, answers)


@pytest.mark.parametrize(
    ("operation", "request_", "answers", "every"),
    [
        ("update", {"request": {"skill_id": "notes"}}, ["1.0.0", "2.0.0"], 3),
        ("uninstall", {"skill_id": "notes", "options": {}}, ["1.0.0", "none"], 1),
    ],
)
def test_a_recovery_that_is_killed_too(
    world: Any, site: Any, tmp_path: Path, operation: str, request_: dict[str, Any], answers: list[str], every: int
) -> None:
    site.publish("notes", "1.0.0")
    world.install("acme/notes")
    site.publish("notes", "2.0.0")
    runs = killed_everywhere({**task(world, tmp_path, operation, **request_), "again": every})
    check(runs, 40, answers)
