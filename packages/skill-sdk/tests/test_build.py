"""Everything of a build that needs no compiler."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pharia_skill.builder import build
from pharia_skill.builder.component import _write
from pharia_skill.builder.diagnosis import diagnose
from pharia_skill.builder.inputs import fingerprint
from pharia_skill.builder.kind import SkillType, infer_kind
from pharia_skill.builder.stage import stage_sdk, stage_sources
from pharia_skill.builder.target import Target, find_target
from pharia_skill.errors import (
    BuildError,
    ComponentizeFailed,
    InvalidTarget,
    IsMessageStream,
    IsSkill,
    ModuleMissing,
    NativeExtension,
    NoHttpError,
    NoSkill,
    SeveralSkills,
    SkillImportFailed,
)

Write = Callable[..., Path]
SKILL = "from pharia_skill import skill\n@skill\ndef a(csi, input: str) -> str: return input\n"


def target(path: Path) -> Target:
    return find_target(str(path), [])


def test_a_file_is_its_module(scratch_module: Write) -> None:
    path = scratch_module(SKILL, "haiku.py")
    assert target(path) == Target("haiku", path.parent, path)


def test_a_file_in_a_package_is_a_module_of_the_package(scratch_module: Write) -> None:
    scratch_module("", "poems/__init__.py")
    path = scratch_module(SKILL, "poems/haiku.py")
    assert target(path) == Target("poems.haiku", path.parent.parent, path)
    assert target(path).name == "haiku"


def test_a_module_is_found_in_the_working_directory(scratch_module: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scratch_module(SKILL, "haiku.py")
    monkeypatch.chdir(path.parent)
    assert find_target("haiku", []).file == path
    assert find_target("./haiku.py", []).file == path


def test_a_module_is_found_in_a_source_path(scratch_module: Write) -> None:
    path = scratch_module(SKILL, "src/poems/haiku.py")
    assert find_target("poems.haiku", [path.parent.parent]).root == path.parent.parent


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere", "there is no module `nowhere` in"),
        ("no/where.py", "there is no file"),
        ("no-name", "neither a Python file nor the name of a module"),
        ("", "neither a Python file nor"),
        (".", "neither a Python file nor"),
        ("/", "is a folder"),
    ],
)
def test_what_is_not_there_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidTarget, match=message):
        find_target(text, [])


def test_an_unknown_line_is_refused(scratch_module: Write) -> None:
    with pytest.raises(InvalidTarget, match=r"no interface line `0\.9` \(choose one of 0\.3, 0\.4\)"):
        build(scratch_module(SKILL), wit="0.9")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SKILL, SkillType.SKILL),
        ("from pharia_skill import skill as s\n@s\ndef a(): ...", SkillType.SKILL),
        ("import pharia_skill\n@pharia_skill.skill\ndef a(): ...", SkillType.SKILL),
        ("import pharia_skill as ps\n@ps.message_stream\ndef a(): ...", SkillType.MESSAGE_STREAM_SKILL),
        ("from pharia_skill import agent\n@agent\ndef a(): ...", SkillType.MESSAGE_STREAM_SKILL),
        (
            "from pharia_skill import message_stream\nif True:\n  @message_stream\n  def a(): ...",
            SkillType.MESSAGE_STREAM_SKILL,
        ),
        ("class SkillHandler: ...", SkillType.SKILL),
    ],
)
def test_the_decorator_tells_the_kind(text: str, kind: SkillType, scratch_module: Write) -> None:
    assert infer_kind(target(scratch_module(text))) is kind


def test_a_module_without_a_skill_is_refused(scratch_module: Write) -> None:
    with pytest.raises(NoSkill, match=r"made\.py has no function decorated"):
        infer_kind(target(scratch_module("x = 1")))


def test_two_skills_are_listed(scratch_module: Write) -> None:
    with pytest.raises(SeveralSkills, match=r"`a` \(line 3\), `b` \(line 5\)"):
        infer_kind(target(scratch_module(SKILL + "@skill\ndef b(csi, input: str) -> str: return input\n")))


def test_text_that_is_not_python_is_refused_with_its_line(scratch_module: Write) -> None:
    with pytest.raises(SkillImportFailed, match=r"made\.py line 2 is not valid Python"):
        infer_kind(target(scratch_module("x = 1\ndef (:")))


def test_the_fingerprint_sees_what_is_imported(scratch_module: Write) -> None:
    skill = target(scratch_module("from helper import x\nimport far.near\n" + SKILL))
    helper = scratch_module("from inner import *", "helper.py")
    inner = scratch_module("x = 1", "inner.py")
    scratch_module("", "far/__init__.py")
    near = scratch_module("from . import data", "far/near.py")
    prompt = scratch_module("write", "far/prompt.txt")
    stranger = scratch_module("y = 1", "stranger.py")

    for file in (skill.file, helper, inner, near, prompt):
        before = fingerprint(skill, [], "")
        file.write_text(file.read_text() + "\n# changed")
        assert fingerprint(skill, [], "") != before, file
    before = fingerprint(skill, [], "")
    stranger.write_text("y = 2")
    assert fingerprint(skill, [], "") == before
    assert fingerprint(skill, [], "other settings") != before


def test_a_component_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    _write(tmp_path / "new" / "a.wasm", b"component")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.wasm"]
    (tmp_path / "folder.wasm").mkdir()
    with pytest.raises(ComponentizeFailed, match=r"folder\.wasm can not be written"):
        _write(tmp_path / "folder.wasm", b"component")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.wasm", "new"]


def test_the_staged_sdk_is_the_guest_side_alone(tmp_path: Path) -> None:
    package = stage_sdk("0.4", tmp_path) / "pharia_skill"
    assert (package / "componentize-py.toml").is_file()
    assert "pharia:skill@0.4.0" in (package / "wit" / "skill.wit").read_text()
    assert not [name for name in ("builder", "cli.py", "line_0_3") if (package / name).exists()]


def test_the_staged_sdk_has_the_interface_of_its_line(tmp_path: Path) -> None:
    package = stage_sdk("0.3", tmp_path) / "pharia_skill"
    assert "pharia:skill@0.3.11" in (package / "wit" / "skill.wit").read_text()
    assert "CompletionParamsV2" in (package / "bindings" / "imports" / "inference.py").read_text()


def test_a_clean_project_is_used_where_it_lies(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module(SKILL, "project/haiku.py")
    assert stage_sources(tmp_path / "project", tmp_path / "scratch") == tmp_path / "project"


def test_an_environment_in_the_project_is_left_out(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module(SKILL, "project/haiku.py")
    scratch_module("data", "project/poems/data.txt")
    scratch_module("", "project/.venv/lib/pharia_skill/componentize-py.toml")
    scratch_module("", "project/env/pyvenv.cfg")
    scratch_module("", "project/wasi_deps/core.cpython-312-wasm32-wasi.so")
    (tmp_path / "scratch").mkdir()

    copy = stage_sources(tmp_path / "project", tmp_path / "scratch")

    found = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert found == {"haiku.py", f"poems{os.sep}data.txt"}


def stderr(cause: str, *frames: str) -> str:
    lines = [f'  File "/{frame.split(":")[0]}", line {frame.split(":")[1]}, in <module>' for frame in frames]
    return "\n".join(["AssertionError: Traceback:", *lines, cause, "", "Caused by:", f"    {cause}", ""])


@pytest.mark.parametrize(
    ("cause", "frames", "error", "message"),
    [
        (
            "ModuleNotFoundError: No module named 'pharia_skill.bindings.exports.message_stream'",
            ["0/haiku.py:9"],
            IsMessageStream,
            "haiku.py line 9: the @message_stream decorator needs",
        ),
        (
            "ModuleNotFoundError: No module named 'pharia_skill.bindings.exports.skill_handler'",
            ["0/haiku.py:9"],
            IsSkill,
            "haiku.py line 9: the @skill decorator needs",
        ),
        (
            "ModuleNotFoundError: No module named 'zlib'",
            ["0/haiku.py:2", "3/requests/__init__.py:4", "3/urllib3/response.py:5"],
            NoHttpError,
            "haiku.py line 2: `requests` talks to the network",
        ),
        ("ModuleNotFoundError: No module named 'zlib'", ["0/haiku.py:2"], ModuleMissing, "has no `zlib`"),
        (
            "ModuleNotFoundError: No module named 'nonexist'",
            ["0/haiku.py:3"],
            ModuleMissing,
            "haiku.py line 3: there is no module `nonexist`",
        ),
        (
            "ModuleNotFoundError: No module named 'pydantic_core._pydantic_core'",
            ["0/haiku.py:3", "2/pydantic_core/__init__.py:4"],
            NativeExtension,
            "`pydantic_core` has compiled parts",
        ),
        ("AttributeError: module 'haiku' has no attribute 'SkillHandler'", [], NoSkill, "decorated with @skill"),
        ("InvalidSkill: `@skill` can only be used once. `a` is already there", ["0/haiku.py:8"], SeveralSkills, "once"),
        ("ValueError: boom", ["0/haiku.py:8"], SkillImportFailed, "haiku.py line 8: ValueError: boom"),
        ("failed to parse WIT", [], ComponentizeFailed, "could not build `haiku`: failed to parse WIT"),
    ],
)
def test_what_the_compiler_says_becomes_one_sentence(
    cause: str, frames: list[str], error: type[BuildError], message: str
) -> None:
    found = diagnose(stderr(cause, *frames), "haiku", [])
    assert type(found) is error
    assert message in found.message
    assert len(found.message.splitlines()) < 4


def test_a_compiler_that_says_nothing_is_no_riddle() -> None:
    assert diagnose("", "haiku", []).message == "componentize-py could not build `haiku`: no message"


def test_every_error_has_a_code_of_its_own() -> None:
    found: list[type[BuildError]] = [BuildError, *BuildError.__subclasses__()]
    assert len({error.code for error in found}) == len(found)
