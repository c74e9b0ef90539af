"""What belongs to a skill, found without running it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pharia_skill.builder.target import find_target
from pharia_skill.dev.changes import Changes
from pharia_skill.dev.component import has_source, write_component
from pharia_skill.dev.example import example_of
from pharia_skill.dev.guest.snapshot import BASE
from pharia_skill.dev.imports import is_installed_module
from pharia_skill.dev.project import Project, read_project

Write = Callable[..., Path]
SKILL = "from pharia_skill import skill\n@skill\ndef a(csi, input: str) -> str: return input\n"


def project(path: Path, *source_paths: Path) -> Project:
    return read_project(find_target(str(path), []), source_paths)


def test_modules_of_ones_own_are_followed_and_those_of_others_are_named(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module("import markdown_it.rules_core", "shared.py")
    scratch_module("from . import inner\nfrom .inner import deep", "package/__init__.py")
    scratch_module("from ..inner import deep", "package/inner/__init__.py")
    scratch_module("import mdurl, json, collections.abc", "package/inner/deep.py")
    found = project(scratch_module("import shared, package\nfrom rich import console, print"))
    assert {name: module.path for name, module in found.modules.items()} == {
        "made": "made.py",
        "shared": "shared.py",
        "package": "package/__init__.py",
        "package.inner": "package/inner/__init__.py",
        "package.inner.deep": "package/inner/deep.py",
    }
    assert found.wanted == ("markdown_it.rules_core", "mdurl", "rich", "rich.console")


def test_what_only_type_checkers_or_calls_import_is_left_out(scratch_module: Write) -> None:
    text = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import rich
else:
    import mdurl
try:
    import click
except ImportError:
    import typer
def later():
    import requests
class Inside:
    import attrs
"""
    assert project(scratch_module(text)).wanted == ("attrs", "click", "mdurl", "typer")


def test_folders_without_init_and_further_folders_count(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module("", "more/space/inner.py")
    found = project(scratch_module("import space.inner"), tmp_path / "more")
    assert {module.path for module in found.modules.values()} == {"made.py", "space/__init__.py", "space/inner.py"}


def test_text_files_that_are_mentioned_are_taken_along(scratch_module: Write, tmp_path: Path) -> None:
    for name in ("prompt.txt", "other.txt", ".env", "package/data.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"content of {name}")
    scratch_module("x = 'data.json'", "package/__init__.py")
    found = project(scratch_module("import package\nopen('prompt.txt'); '.env'"))
    files = json.loads(found.as_source())["files"]
    assert files == {"prompt.txt": "content of prompt.txt", "package/data.json": "content of package/data.json"}


def test_text_that_is_not_python_is_a_problem_and_still_taken(scratch_module: Write) -> None:
    found = project(scratch_module("x = ="))
    assert found.problems == ("made.py, line 1: SyntaxError: invalid syntax",)
    assert json.loads(found.as_source())["modules"]["made"] == {"path": "made.py", "text": "x = ="}


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("json", True),
        ("json.decoder", True),
        ("json.nothing", False),
        ("sys", True),
        ("sys.path", False),
        ("mdurl", True),
        ("nowhere_at_all", False),
        ("pydantic.BaseModel", False),
        ("pydantic.fields", True),
    ],
)
def test_whether_a_module_is_installed_is_found_without_importing_it(name: str, there: bool) -> None:
    assert is_installed_module(name) is there


def test_every_loader_has_modules_that_exist() -> None:
    assert [name for name in BASE if not is_installed_module(name)] == []


def test_a_change_is_seen_whatever_the_editor_does(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("one")
    changes = Changes()

    def changed() -> bool:
        before = changes.any()
        changes.watch([path], {})
        return before

    assert not changed()
    assert not changed()
    path.write_text("three")
    assert changed()
    other.write_text("fours")
    other.replace(path)
    assert changed()
    path.unlink()
    assert changed()
    assert not changed()
    path.write_text("back")
    assert changed()


def test_a_change_counts_when_nothing_was_written_since_the_last_look(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    changes = Changes()
    changes.watch([path], {})
    assert [changes.settled(), changes.settled()] == [False, False]
    path.write_text("")
    assert not changes.settled()
    path.write_text("three")
    assert [changes.settled(), changes.settled()] == [False, True]
    changes.watch([path], {})
    assert [changes.settled(), changes.settled()] == [False, False]


def test_a_component_with_source_is_told_from_a_built_one(tmp_path: Path) -> None:
    loader, path = b"\0asm\x0d\0\x01\0", tmp_path / "x.wasm"
    path.write_bytes(loader)
    assert not has_source(path)
    write_component(path, loader, b'{"module": "x"}')
    assert path.read_bytes() == loader + b'\0\x1d\x0dpharia:source{"module": "x"}'
    assert has_source(path)
    path.write_bytes(b"no component")
    assert not has_source(path)
    assert [each.name for each in tmp_path.iterdir()] == ["x.wasm"]


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        (None, None),
        ({}, None),
        ({"type": "string"}, "text"),
        ({"type": "string", "default": "tea"}, "tea"),
        ({"enum": ["short", "long"]}, "short"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        (
            {
                "type": "object",
                "required": ["inner"],
                "properties": {"inner": {"$ref": "#/$defs/Inner"}, "maybe": {"type": "string"}},
                "$defs": {"Inner": {"type": "object", "required": ["n"], "properties": {"n": {"type": "number"}}}},
            },
            {"inner": {"n": 1.0}},
        ),
        ({"$ref": "#/$defs/Loop", "$defs": {"Loop": {"$ref": "#/$defs/Loop"}}}, None),
        ({"$ref": "#/nowhere"}, None),
        ({"type": "object", "examples": [{"a": 1}]}, {"a": 1}),
    ],
)
def test_an_example_fits_its_schema(schema: object, example: object) -> None:
    assert example_of(schema) == example
