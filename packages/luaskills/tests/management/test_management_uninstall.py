"""Removing packages."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from luaskills.errors import ManagementError

SQLITE = """
return function()
  vulcan.sqlite.execute_script({sql = "create table if not exists t (x); insert into t values (1)"})
  return vulcan.json.encode(vulcan.sqlite.query_json({sql = "select count(*) as n from t"}).rows)
end
"""


def refusal(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(ManagementError) as raised:
        call(*args, **more)
    return str(raised.value)


def databases(root: Path, skill_id: str = "notes") -> tuple[Path, Path]:
    """Both databases of a skill, made by hand."""
    files = (root / "databases/sqlite" / skill_id / "x.sqlite3", root / "databases/lancedb" / skill_id / "t" / "x")
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("data")
    return files


def test_the_package_and_its_records_go_and_databases_stay(runtime: Any, site: Any, tmp_path: Path) -> None:
    # row 153
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    runtime.management.disable("skills", {"skill_roots": runtime.chain, "skill_id": "notes"})
    tools = tmp_path / "dependencies" / "tools" / "notes" / "x" / "1"
    tools.mkdir(parents=True)
    kept = databases(tmp_path)
    assert runtime.uninstall("notes") == {
        "skill_id": "notes",
        "skill_removed": True,
        "sqlite_removed": False,
        "lancedb_removed": False,
        "sqlite_retained": True,
        "lancedb_retained": True,
        "message": (
            "skill package removed=true sqlite_removed=false sqlite_retained=true lancedb_removed=false "
            "lancedb_retained=true"
        ),
    }
    assert sorted(runtime.files()) == sorted(path.relative_to(tmp_path).as_posix() for path in kept)
    assert not tools.parent.parent.exists()
    assert not runtime.has("notes")


def test_databases_go_when_asked_for(runtime: Any, tmp_path: Path) -> None:
    # row 154
    runtime.write("USER", "notes")
    runtime.load()
    databases(tmp_path, "other")
    kept = sorted(runtime.files())
    sqlite, lancedb = databases(tmp_path)
    result = runtime.uninstall("notes", options={"remove_sqlite": True, "remove_lancedb": True})
    flags = {key: result[key] for key in result if key.endswith(("_removed", "_retained"))}
    assert flags == {
        "skill_removed": True,
        "sqlite_removed": True,
        "lancedb_removed": True,
        "sqlite_retained": False,
        "lancedb_retained": False,
    }
    assert not sqlite.parent.exists()
    assert not lancedb.parent.exists()
    assert sorted(runtime.files()) == [name for name in kept if not name.startswith("user_skills/")]


def test_only_the_database_that_was_named_goes(runtime: Any, tmp_path: Path) -> None:
    # row 154
    runtime.write("USER", "notes")
    sqlite, lancedb = databases(tmp_path)
    result = runtime.uninstall("notes", options={"remove_sqlite": True})
    assert (result["sqlite_removed"], result["sqlite_retained"]) == (True, False)
    assert (result["lancedb_removed"], result["lancedb_retained"]) == (False, True)
    assert not sqlite.exists()
    assert lancedb.read_text() == "data"


def test_a_database_that_was_open_begins_anew_after_its_removal(runtime: Any, site: Any, tmp_path: Path) -> None:
    manifest = (
        "name: notes\nversion: 1.0.0\nsqlite: {enable: true}\nentries:\n"
        "  - {name: run, lua_entry: runtime/run.lua, lua_module: notes_run}\n"
    )
    site.publish("notes", "1.0.0", files={"notes/skill.yaml": manifest, "notes/runtime/run.lua": SQLITE})
    runtime.install("acme/notes")
    assert [runtime.answer("notes"), runtime.answer("notes")] == ['[{"n":1}]', '[{"n":2}]']
    assert runtime.uninstall("notes", options={"remove_sqlite": True})["sqlite_removed"] is True
    runtime.install("acme/notes")
    assert runtime.answer("notes") == '[{"n":1}]'
    with sqlite3.connect(tmp_path / "databases/sqlite/notes/notes.sqlite3") as connection:
        assert connection.execute("select count(*) from t").fetchone() == (1,)
    connection.close()


def test_without_databases_nothing_was_removed(runtime: Any) -> None:
    runtime.write("USER", "notes")
    result = runtime.uninstall("notes", options={"remove_sqlite": True})
    assert (result["sqlite_removed"], result["sqlite_retained"]) == (False, False)
    assert (result["lancedb_removed"], result["lancedb_retained"]) == (False, True)


def test_a_residue_below_root_may_be_removed(runtime: Any, tmp_path: Path) -> None:
    # row 145
    runtime.write("ROOT", "notes", "2.0.0")
    residue = runtime.write("USER", "notes", "1.0.0")
    runtime.load()
    assert runtime.uninstall("notes", target_root=runtime.layer("USER"))["skill_removed"] is True
    assert not residue.exists()
    assert runtime.answer("notes") == "2.0.0"


def test_what_belongs_to_the_remaining_copy_stays(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes", target_root=runtime.layer("PROJECT"))
    runtime.write("USER", "notes")
    sqlite, _ = databases(tmp_path)
    tools = tmp_path / "dependencies" / "tools" / "notes" / "x" / "1"
    tools.mkdir(parents=True)
    result = runtime.uninstall("notes", options={"remove_sqlite": True})
    assert (result["sqlite_removed"], result["sqlite_retained"]) == (False, True)
    assert sqlite.exists()
    assert tools.exists()
    assert (tmp_path / "state" / "installs" / "notes.yaml").exists()
    assert runtime.answer("notes") == "1.2.0"


def test_what_is_not_there_can_not_be_removed(runtime: Any) -> None:
    assert refusal(runtime.uninstall, "notes") == "skill 'notes' is not installed"
    message = "skill instance 'notes' not found in target root 'USER'"
    assert refusal(runtime.uninstall, "notes", target_root=runtime.layer("USER")) == message


@pytest.mark.parametrize("skill_id", ["../user_skills", "/etc", "a/b", "."])
def test_an_id_is_no_path(runtime: Any, skill_id: str) -> None:
    runtime.write("USER", "notes")
    before = runtime.files()
    assert refusal(runtime.uninstall, skill_id) == "skill_id must match ^[a-z]([a-z0-9-]*[a-z0-9])?$"
    assert runtime.files() == before


def test_a_link_in_the_place_of_a_package_is_left_alone(runtime: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("data")
    (tmp_path / "user_skills").mkdir()
    (tmp_path / "user_skills" / "notes").symlink_to(tmp_path / "elsewhere")
    assert refusal(runtime.uninstall, "notes") == "skill 'notes' is not installed"
    assert (tmp_path / "elsewhere" / "precious").exists()


def test_links_inside_of_a_package_are_not_followed(runtime: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("data")
    (runtime.write("USER", "notes") / "link").symlink_to(tmp_path / "elsewhere")
    runtime.uninstall("notes")
    assert (tmp_path / "elsewhere" / "precious").exists()


def test_a_failing_reload_brings_everything_back(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    databases(tmp_path)
    (runtime.write("USER", "other") / "skill.yaml").write_text("skill_id: other\n")
    before = runtime.files()
    options = {"remove_sqlite": True, "remove_lancedb": True}
    assert refusal(runtime.uninstall, "notes", options=options).startswith(
        "Failed to reload LuaSkills after Uninstall: "
    )
    assert runtime.files() == before
    assert runtime.answer("notes") == "1.2.0"
