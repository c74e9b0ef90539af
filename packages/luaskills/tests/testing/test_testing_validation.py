"""Everything that is wrong with a package, by file and line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from luaskills.engine.manifest import read_manifest
from luaskills.errors import ManifestError
from luaskills.testing.validation import Level, validate

MakePackage = Callable[..., Path]

GOOD = """\
name: Notes
version: 1.0.0
entries:
  - name: run
    description: Runs
    lua_entry: runtime/run.lua
    lua_module: notes_run
    parameters:
      - {name: q, type: string, description: words, required: true}
    help: topic
help:
  main: {name: main, description: d, file: help/main.md}
  topics:
    - {name: topic, description: d, file: help/topic.md}
"""


@pytest.fixture
def package(make_package: MakePackage) -> Path:
    made = make_package("return function() return '' end\n")
    (made / "skill.yaml").write_text(GOOD)
    for folder, name in (("help", "main.md"), ("help", "topic.md"), ("schemas", "s.json")):
        (made / folder).mkdir(exist_ok=True)
        (made / folder / name).write_text('{"type": "object"}')
    return made


def found(package: Path) -> list[tuple[str, int, str, str]]:
    return [
        (str(finding.file.relative_to(package)), finding.line, finding.level.value, finding.message)
        for finding in validate(package)
    ]


def changed(package: Path, old: str, new: str) -> None:
    assert old in GOOD
    (package / "skill.yaml").write_text(GOOD.replace(old, new))


def test_a_package_without_problems_has_no_findings(package: Path) -> None:
    assert found(package) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("name: Notes\n", "", 1, "name must not be empty"),
        ("1.0.0", "v1", 2, "version must be a valid semantic version: 'v1' is not MAJOR.MINOR.PATCH"),
        ("version: 1.0.0", "version: ''", 2, "version must not be empty"),
        ("version: 1.0.0", "version: 1.0.0\nskill_id: notes", 3, "must not declare skill_id"),
        ("version: 1.0.0", "version: 1.0.0\nenable: maybe", 3, "enable must be true or false: 'maybe'"),
        ("version: 1.0.0", "version: 1.0.0\nsqlite: 5", 3, "sqlite must be a mapping"),
        ("version: 1.0.0", "version: 1.0.0\nlancedb: {log_level: x}", 3, "lancedb.log_level must be one of"),
        ("name: run", "name: Run", 4, "entry.name must match ^[a-z]([a-z0-9-]*[a-z0-9])?$"),
        ("name: run", "name: ''", 4, "entry.name must not be empty"),
        ("    lua_module: notes_run\n", "", 4, "declares entry run but lua_entry/lua_module is missing"),
        ("runtime/run.lua", "run.lua", 6, "entry.lua_entry must start with runtime/"),
        ("runtime/run.lua", "/runtime/run.lua", 6, "entry.lua_entry must be a relative path under runtime"),
        ("runtime/run.lua", "runtime/../run.lua", 6, "entry.lua_entry must not contain parent"),
        ("runtime/run.lua", "runtime/no.lua", 6, "Lua entry runtime/no.lua not found in "),
        ("{name: q, type", "{type", 9, "parameters must be mappings with a name"),
        ("required: true", "required: 5", 9, "required must be true or false: 5"),
        ("file: help/main.md", "file: main.md", 12, "help main: help.main.file must start with help/"),
        ("file: help/main.md", "file: help/no.md", 12, "help file help/no.md not found"),
        ("file: help/topic.md", "file: ''", 14, "help topic topic: help.topic.file must not be empty"),
        ("help: topic", "input_schema: 5", 10, "entry.input_schema must be an object"),
        ("help: topic", "input_schema: {type: array}", 10, 'entry.input_schema.type must be "object"'),
        ("help: topic", "input_schema_file: schemas/no.json", 10, "schemas/no.json not found"),
        (
            "help: topic",
            "input_schema: {type: object}\n    input_schema_file: schemas/s.json",
            11,
            "skill entry run must not declare both input_schema and input_schema_file",
        ),
        (
            "help: topic",
            "input_schema:\n      type: object\n      properties:\n        q:\n          type: 5",
            14,
            "entry.input_schema.properties.q.type must be a string",
        ),
    ],
)
def test_what_the_engine_refuses_is_found_with_its_line(
    package: Path, old: str, new: str, line: int, message: str
) -> None:
    changed(package, old, new)
    errors = [each for each in found(package) if each[2] == "error"]
    assert [each[1] for each in errors if message in each[3]] == [line], errors


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Notes", "name: [5]"),
        ("name: Notes\n", ""),
        ("1.0.0", "1"),
        ("entries:", "entrees:"),
        ("name: run", "name: r_n"),
        ("runtime/run.lua", "help/run.lua"),
        ("parameters:", "parameters: 5\n    ignored:"),
        ("topics:", "topics: 5\n  ignored:"),
        ("help:\n  main", "help: 5\nignored:\n  main"),
        ("    lua_module: notes_run\n", "    lua_module: [1]\n"),
        ("description: Runs", "description: {a: 1}"),
    ],
)
def test_the_texts_are_those_of_the_engine(package: Path, old: str, new: str) -> None:
    changed(package, old, new)
    messages = [each[3] for each in found(package)]
    with pytest.raises(ManifestError) as caught:
        read_manifest(package, package.name)
    assert str(caught.value) in messages


def test_everything_is_found_at_once(package: Path) -> None:
    (package / "skill.yaml").write_text(
        GOOD.replace("1.0.0", "one")
        .replace("runtime/run.lua", "runtime/no.lua")
        .replace("required: true", "required: 5")
        + "  extra: 1\nunknown: 2\n"
    )
    (package / "runtime" / "other.lua").write_text("return function(\n\n  x y\nend\n")
    (package / "help" / "main.lua").write_text("return")
    assert [(file, line, level) for file, line, level, _ in found(package)] == [
        ("runtime/other.lua", 3, "error"),
        ("skill.yaml", 2, "error"),
        ("skill.yaml", 6, "error"),
        ("skill.yaml", 9, "error"),
        ("skill.yaml", 15, "warning"),
        ("skill.yaml", 16, "warning"),
    ]


def test_two_entries_with_one_name_are_found(package: Path) -> None:
    twice = "  - {name: run, lua_entry: runtime/run.lua, lua_module: notes_run}\n"
    changed(package, "help:\n  main", f"{twice}help:\n  main")
    assert found(package) == [
        ("skill.yaml", 11, "error", "skill 'notes' declares duplicate local entry name 'run'"),
        ("skill.yaml", 11, "warning", "entries run and run have the lua_module 'notes_run' both"),
    ]


def test_what_is_probably_not_meant_is_a_warning(package: Path) -> None:
    changed(package, "help: topic", "help: other\n    lua_moduel: x")
    assert found(package) == [
        ("skill.yaml", 10, "warning", "entry run names the help topic 'other', which there is not"),
        ("skill.yaml", 11, "warning", "an entry has no key `lua_moduel`: it is ignored"),
    ]
    changed(package, "type: string", "type: path")
    (warning,) = validate(package)
    assert (warning.line, warning.level) == (9, Level.WARNING)
    assert "has the type 'path'" in warning.message


@pytest.mark.parametrize("text", ["name: [", "- 1", "a: b: c", "\tx: 1", "name: \x00"])
def test_a_manifest_that_can_not_be_read_is_one_error(package: Path, text: str) -> None:
    (package / "skill.yaml").write_text(text)
    ((file, _, level, message),) = found(package)
    assert (file, level) == ("skill.yaml", "error")
    assert message.startswith("failed to parse ")


def test_a_folder_without_a_manifest_says_so(tmp_path: Path) -> None:
    (finding,) = validate(tmp_path)
    assert finding.message == f"skill.yaml not found in {tmp_path}"


def test_a_broken_schema_file_is_found_where_it_breaks(package: Path) -> None:
    changed(package, "help: topic", "input_schema_file: schemas/s.json")
    assert found(package) == []
    (package / "schemas" / "s.json").write_text('{\n  "type": "object",\n}')
    places = [(file, line) for file, line, *_ in found(package)]
    assert places in ([("schemas/s.json", 2), ("skill.yaml", 10)], [("schemas/s.json", 3), ("skill.yaml", 10)])


def test_lua_is_compiled_for_the_chosen_flavour_and_not_run(package: Path) -> None:
    marker = package / "ran"
    (package / "runtime" / "run.lua").write_text(f"io.open('{marker}', 'w')\nreturn 7 // 2\n")
    assert [(line, level) for _, line, level, _ in found(package)] == [(2, "error")]
    assert validate(package, "lua54") == []
    assert not marker.exists()
    (package / "runtime" / "run.lua").write_bytes(b"\x1bLJ\x02")
    assert [finding.message for finding in validate(package)] == ["is compiled Lua; only sources are loaded"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("5", 1, "dependencies.yaml must be a mapping"),
        ("tool_dependencies: 5", 1, "tool_dependencies must be a list of mappings with a name"),
        ("tool_dependencies:\n  - {version: 1}", 2, "must be a list of mappings with a name"),
        ("tool_dependencies:\n  - name: rg", 2, "dependency 'rg' does not declare package metadata for any platform"),
        (
            "tool_dependencies:\n  - name: rg\n    source: {type: ftp}\n    packages:\n      linux-x64:\n"
            "        exports: [{archive_path: a, target_path: b}]",
            3,
            "dependency 'rg' source.type must be github_release, url or skilllist: 'ftp'",
        ),
        (
            "tool_dependencies:\n  - name: rg\n    source: {type: github_release}\n    packages:\n      linux-x64:\n"
            "        asset_name: a\n        exports: [{archive_path: a, target_path: b}]",
            3,
            "declares github_release source but misses github config",
        ),
        (
            "tool_dependencies:\n  - name: rg\n    source: {type: url}\n    packages:\n      linux-x64:\n"
            "        url: x\n        exports: []",
            7,
            "dependency 'rg' must declare at least one export",
        ),
        (
            "tool_dependencies:\n  - name: rg\n    source: {type: url}\n    packages:\n      linux-x64:\n"
            "        exports: [{archive_path: a, target_path: b}]",
            5,
            "dependency 'rg' platform 'linux-x64' must declare url",
        ),
        (
            "lua_dependencies:\n  - name: rg\n    source: {type: url}\n    packages:\n      beos: {}",
            5,
            "names the platform 'beos', which there is not",
        ),
    ],
)
def test_dependencies_are_checked_in_form(package: Path, text: str, line: int, message: str) -> None:
    (package / "dependencies.yaml").write_text(text)
    ((file, at, level, said),) = found(package)
    assert (file, at, level) == ("dependencies.yaml", line, "error")
    assert message in said


def test_case_files_are_checked_too(package: Path) -> None:
    (package / "tests").mkdir()
    (package / "tests" / "a.yaml").write_text("cases:\n  - {name: a}")
    ((file, line, level, _),) = found(package)
    assert (file, line, level) == ("tests/a.yaml", 2, "error")


def test_links_are_not_followed_out_of_the_package(package: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "run.lua").write_text("not lua at all\n")
    (package / "runtime" / "run.lua").unlink()
    (package / "runtime" / "run.lua").symlink_to(outside / "run.lua")
    assert [(line, message.partition(" in ")[0]) for _, line, _, message in found(package)] == [
        (6, "Lua entry runtime/run.lua not found")
    ]
    (package / "runtime" / "run.lua").unlink()
    (package / "runtime").rmdir()
    (package / "runtime").symlink_to(outside)
    assert [line for _, line, *_ in found(package)] == [6]


def test_a_link_within_the_package_is_fine(package: Path) -> None:
    (package / "lib").mkdir()
    (package / "runtime" / "run.lua").rename(package / "lib" / "run.lua")
    (package / "runtime" / "run.lua").symlink_to("../lib/run.lua")
    assert found(package) == []


def test_other_things_than_files_do_no_harm(package: Path) -> None:
    os.mkfifo(package / "runtime" / "pipe.lua")
    os.mkfifo(package / "schemas" / "pipe.json")
    assert found(package) == []


def test_aliases_of_aliases_are_refused_at_once(package: Path) -> None:
    lines = ["x0: &x0 {type: object}"]
    lines += [f"x{n}: &x{n} {{type: object, properties: {{a: *x{n - 1}, b: *x{n - 1}}}}}" for n in range(1, 40)]
    entry = "entries: [{name: a, lua_entry: runtime/run.lua, lua_module: a, input_schema: *x39}]"
    (package / "skill.yaml").write_text("\n".join(["name: a", "version: 1.0.0", *lines, entry]))
    (message,) = [each[3] for each in found(package)]
    assert "aliases counted" in message
