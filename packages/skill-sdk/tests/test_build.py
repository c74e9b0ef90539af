"""What is decided before anything is compiled: which module, which skill, what its imports say, what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pharia_skill.builder import build
from pharia_skill.builder.component import _write
from pharia_skill.builder.diagnosis import diagnose
from pharia_skill.builder.every_skill import every_skill
from pharia_skill.builder.imports import late_imports, needs_pydantic, network_imports
from pharia_skill.builder.kind import SkillType, function_of, infer_kind, kind_of, skills_in
from pharia_skill.builder.stage import guest_files, stage_interface
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
STREAM = "from pharia_skill import message_stream\n@message_stream\ndef a(csi, writer, input: str) -> None: ...\n"
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


def test_a_function_can_be_chosen_after_a_colon(scratch_module: Write) -> None:
    path = scratch_module(SKILL, "poems.py")
    chosen = find_target(f"{path}:second", [])
    assert (chosen.module, chosen.function, chosen.name) == ("poems", "second", "second")
    assert find_target("poems:second", [path.parent]).file == path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("made.py:", "is no function's name"),
        ("made.py:not-a-name", "is no function's name"),
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


TWO = SKILL + '@skill(name="other")\ndef b(csi, input: int) -> int: return input\n'


def test_a_skill_with_a_name_leaves_its_place_to_the_one_without(scratch_module: Write) -> None:
    found = target(scratch_module(TWO))
    assert [(each.function, each.named) for each in skills_in(found)] == [("a", False), ("b", True)]
    assert infer_kind(found) is SkillType.SKILL


def test_a_chosen_function_decides_the_kind(scratch_module: Write) -> None:
    text = SKILL + "from pharia_skill import agent\n@agent\ndef c(csi, writer, input): ...\n"
    path = scratch_module(text)
    assert infer_kind(find_target(f"{path}:c", [])) is SkillType.MESSAGE_STREAM_SKILL
    with pytest.raises(NoSkill, match=r"no skill `d` \(skills in it: `a`, `c`\)"):
        infer_kind(find_target(f"{path}:d", []))
    with pytest.raises(NoSkill, match="no skill `d`"):
        kind_of(find_target(f"{path}:d", []), SkillType.SKILL)


def test_a_wanted_kind_chooses_among_two(scratch_module: Write) -> None:
    path = scratch_module(SKILL + "from pharia_skill import agent\n@agent\ndef c(csi, writer, input): ...\n")
    assert kind_of(target(path), SkillType.MESSAGE_STREAM_SKILL) is SkillType.MESSAGE_STREAM_SKILL
    assert function_of(target(path), SkillType.MESSAGE_STREAM_SKILL) == "c"
    assert function_of(target(path), SkillType.SKILL) == "a"


@pytest.mark.parametrize(("text", "wanted"), [(SKILL, SkillType.MESSAGE_STREAM_SKILL), (STREAM, SkillType.SKILL)])
def test_a_kind_that_does_not_fit_the_decorator_is_refused(text: str, wanted: SkillType, scratch_module: Write) -> None:
    error = IsSkill if wanted is SkillType.MESSAGE_STREAM_SKILL else IsMessageStream
    with pytest.raises(error, match="It seems you are trying to build a Skill"):
        kind_of(target(scratch_module(text)), wanted)


def test_every_skill_of_a_folder_is_found(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module(SKILL, "project/haiku.py")
    scratch_module(TWO, "project/poems/several.py")
    scratch_module("x = 1", "project/poems/helper.py")
    scratch_module("def (", "project/broken.py")
    scratch_module(SKILL, "project/.venv/lib/hidden.py")
    scratch_module("", "project/env/pyvenv.cfg")
    scratch_module(SKILL, "project/env/hidden.py")
    found = every_skill([str(tmp_path / "project")], [])
    assert [Path(each).relative_to(tmp_path / "project").as_posix() for each in found] == [
        "haiku.py",
        "poems/several.py:a",
        "poems/several.py:b",
    ]


def test_two_skills_for_one_file_are_refused(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module(SKILL, "one/haiku.py")
    scratch_module(SKILL, "two/haiku.py")
    with pytest.raises(InvalidTarget, match=r"2 skills would become haiku\.wasm"):
        every_skill([str(tmp_path)], [])


def test_a_folder_without_skills_is_refused(scratch_module: Write, tmp_path: Path) -> None:
    scratch_module("x = 1", "nothing.py")
    with pytest.raises(NoSkill, match="no function decorated"):
        every_skill([str(tmp_path)], [])


def test_a_skill_of_bindings_alone_does_not_need_pydantic(scratch_module: Write) -> None:
    scratch_module("import json\n", "helper.py")
    raw = target(scratch_module("import helper\nfrom pharia_skill.bindings import exports\n", "raw.py"))
    assert not needs_pydantic(raw, [raw.root])
    assert not needs_pydantic(target(scratch_module("from pharia_skill import bindings", "raw2.py")), [raw.root])
    assert needs_pydantic(target(scratch_module(SKILL, "made.py")), [raw.root])
    scratch_module("import pydantic\n", "helper.py")
    assert needs_pydantic(raw, [raw.root])


def test_imports_inside_functions_that_will_fail_are_named_with_their_line(scratch_module: Write) -> None:
    file = scratch_module(
        "import json\ndef a():\n    import json, colorsys\n    from os import path\n"
        "def b():\n    try:\n        import orjson\n    except ImportError:\n        import wave\n"
    )
    found = late_imports({"made.py": file}, {"json", "os"})
    assert [each.partition(" is imported")[0] for each in found] == [
        "made.py line 3: `colorsys`",
        "made.py line 9: `wave`",
    ]


def test_imports_of_the_network_are_named(scratch_module: Write) -> None:
    file = scratch_module("import json\nimport socket\nfrom urllib.request import urlopen\n")
    assert [each.partition(" can be")[0] for each in network_imports({"made.py": file})] == [
        "made.py line 2: `socket`",
        "made.py line 3: `urllib.request`",
    ]


def test_text_that_is_not_python_is_refused_with_its_line(scratch_module: Write) -> None:
    with pytest.raises(SkillImportFailed, match=r"made\.py line 2 is not valid Python"):
        infer_kind(target(scratch_module("x = 1\ndef (:")))


def test_a_component_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    _write(tmp_path / "new" / "a.wasm", b"component")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.wasm"]
    (tmp_path / "folder.wasm").mkdir()
    with pytest.raises(ComponentizeFailed, match=r"folder\.wasm can not be written"):
        _write(tmp_path / "folder.wasm", b"component")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.wasm", "new"]


@pytest.mark.parametrize(("wit", "package"), [("0.4", "pharia:skill@0.4.0"), ("0.3", "pharia:skill@0.3.11")])
def test_a_component_gets_the_guest_side_with_the_interface_of_its_line(wit: str, package: str) -> None:
    files = dict(guest_files(wit))
    assert {"__init__.py", "csi/csi.py", "componentize-py.toml"} <= set(files)
    assert package in files["wit/skill.wit"].read_text()
    assert not [name for name in files if name.startswith(("builder/", "cli/", "testing/", "line_", "dev/"))]


def test_only_the_interface_is_there_when_the_interpreter_is_linked(tmp_path: Path) -> None:
    stage_interface("0.4", tmp_path)
    assert (tmp_path / "pharia_skill" / "__init__.py").read_text() == ""
    assert sorted(path.name for path in (tmp_path / "pharia_skill").iterdir()) == [
        "__init__.py",
        "bindings",
        "componentize-py.toml",
        "wit",
    ]


def printed(cause: str, *frames: str) -> str:
    lines = [f'  File "/{frame.split(":")[0]}", line {frame.split(":")[1]}, in <module>' for frame in frames]
    return "\n".join(["Traceback (most recent call last):", *lines, cause, ""])


@pytest.mark.parametrize(
    ("cause", "frames", "error", "message"),
    [
        (
            "ModuleNotFoundError: No module named 'pharia_skill.bindings.exports.message_stream'",
            ["skill/haiku.py:9"],
            IsMessageStream,
            "haiku.py line 9: It seems you are trying to build a Skill with the @message_stream decorator",
        ),
        (
            "ModuleNotFoundError: No module named 'pharia_skill.bindings.exports.skill_handler'",
            ["skill/haiku.py:9"],
            IsSkill,
            "haiku.py line 9: It seems you are trying to build a Skill decorated with the @skill decorator",
        ),
        (
            "ModuleNotFoundError: No module named 'zlib'",
            ["skill/haiku.py:2", "site/requests/__init__.py:4", "site/urllib3/response.py:5"],
            NoHttpError,
            "haiku.py line 2: `requests` talks to the network",
        ),
        ("ModuleNotFoundError: No module named 'zlib'", ["skill/haiku.py:2"], ModuleMissing, "has no `zlib`"),
        (
            "ModuleNotFoundError: No module named 'nonexist'",
            ["skill/haiku.py:3"],
            ModuleMissing,
            "haiku.py line 3: there is no module `nonexist`",
        ),
        (
            "ModuleNotFoundError: No module named 'pydantic_core._pydantic_core'",
            ["skill/haiku.py:3", "1/pydantic_core/__init__.py:4"],
            NativeExtension,
            "`pydantic_core` has compiled parts",
        ),
        ("AttributeError: module 'haiku' has no attribute 'SkillHandler'", [], NoSkill, "decorated with @skill"),
        (
            "InvalidSkill: `@skill` can only be used once. `a` is there",
            ["skill/haiku.py:8"],
            SeveralSkills,
            "once",
        ),
        ("ValueError: boom", ["skill/haiku.py:8"], SkillImportFailed, "haiku.py line 8: ValueError: boom"),
        (
            "pharia_skill.errors.InvalidSkill: The second argument must be a Pydantic model",
            ["skill/haiku.py:8", "0/pharia_skill/skill.py:70"],
            SkillImportFailed,
            "haiku.py line 8: The second argument must be a Pydantic model",
        ),
        ("ModuleNotFoundError: No module named '_socket'", ["skill/haiku.py:2"], NoHttpError, "`socket` talks to the"),
        ("SystemExit: 3 (the module calls sys.exit)", [], SkillImportFailed, "SystemExit: 3"),
        ("failed to parse WIT", [], ComponentizeFailed, "`haiku` could not be built: failed to parse WIT"),
    ],
)
def test_what_the_compiler_says_becomes_one_sentence(
    cause: str, frames: list[str], error: type[BuildError], message: str
) -> None:
    found = diagnose(printed(cause, *frames), "haiku")
    assert type(found) is error
    assert message in found.message
    assert len(found.message.splitlines()) < 4


def test_an_error_on_several_lines_is_told_by_its_first() -> None:
    text = printed("pydantic.errors.PydanticUserError: no such type", "skill/haiku.py:4")
    found = diagnose(f"{text}\nFor further information visit a page\n", "haiku")
    assert found.message.startswith("haiku.py line 4: pydantic.errors.PydanticUserError: no such type (")


def test_what_the_compiler_itself_says_is_its_cause() -> None:
    found = diagnose("AssertionError: x\n\nCaused by:\n    0: failed to parse package\n    1: at a line\n", "haiku")
    assert found.message == "`haiku` could not be built: failed to parse package"


def test_a_compiler_that_says_nothing_is_no_riddle() -> None:
    assert diagnose("", "haiku").message == "`haiku` could not be built: no message"


def test_every_error_has_a_code_of_its_own() -> None:
    found: list[type[BuildError]] = [BuildError, *BuildError.__subclasses__()]
    assert len({error.code for error in found}) == len(found)
