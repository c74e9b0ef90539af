"""Real builds: the same of the same, and from the cache where it can be."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pharia_skill.builder import Built, SkillType, build_component
from pharia_skill.builder.wasm import METADATA, section_of
from pharia_skill.errors import (
    BuildError,
    ComponentizeFailed,
    ModuleMissing,
    NativeExtension,
    NoHttpError,
    NoSkill,
    SkillImportFailed,
)

Write = Callable[..., Path]

RELEASED_BYTES = 47_871_959
"""A minimal chat skill built with release 0.19.2 of the SDK."""

SKILL = """
import random, time, uuid
from pathlib import Path
from pydantic import BaseModel
from pharia_skill import Csi, MessageWriter, message_stream, skill

PROMPT = (Path(__file__).parent / "prompt.txt").read_text()
AT_BUILD = [random.random(), time.time(), str(uuid.uuid4())]


class Output(BaseModel):
    prompt: str
    drawn: list[float]
    fixed: list[float | str]


@skill
def poem(csi: Csi, input: str) -> str:
    "Writes."
    return PROMPT + input


@skill(name="drawn numbers", tags=["chance"])
def drawn(csi: Csi, input: str) -> Output:
    if not input:
        import colorsys
    return Output(prompt=PROMPT + input, drawn=[random.random(), time.time()], fixed=AT_BUILD)


@message_stream
def stream(csi: Csi, writer: MessageWriter[Output], input: str) -> None:
    "Streams."
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lay_out(folder: Path, prompt: str = "Once ") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prompt.txt").write_text(prompt)
    (folder / "poem.py").write_text(SKILL)
    return folder / "poem.py"


def build(source: Path, output: Path, **options: Any) -> Built:
    return build_component(source, output, **{"kind": SkillType.SKILL, **options})


def test_the_same_files_elsewhere_and_again_give_the_same_bytes(tmp_path: Path) -> None:
    one = build(lay_out(tmp_path / "one"), tmp_path / "out" / "one.wasm", force=True)
    two = build(lay_out(tmp_path / "far" / "away"), tmp_path / "out" / "two.wasm", force=True)
    assert not one.from_cache
    assert not two.from_cache
    assert digest(one.path) == digest(two.path)


def test_what_was_built_before_comes_from_the_cache(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "project")
    first = build(source, tmp_path / "one.wasm")
    again = build(source, tmp_path / "one.wasm")
    assert (again.unchanged, again.from_cache) == (True, True)
    elsewhere = build(source, tmp_path / "two.wasm")
    assert (elsewhere.unchanged, elsewhere.from_cache) == (False, True)
    first.path.unlink()
    restored = build(source, tmp_path / "one.wasm")
    assert (restored.unchanged, restored.from_cache) == (False, True)
    assert digest(restored.path) == digest(elsewhere.path)


def test_a_file_read_at_import_is_an_input(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "project")
    before = digest(build(source, tmp_path / "a.wasm").path)
    lay_out(tmp_path / "project", "Twice ")
    changed = build(source, tmp_path / "a.wasm")
    assert not changed.from_cache
    assert digest(changed.path) != before
    lay_out(tmp_path / "project", "Once ")
    back = build(source, tmp_path / "a.wasm")
    assert back.from_cache
    assert digest(back.path) == before


def test_builds_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "project", f"Unique {tmp_path.name} ")
    command = [sys.executable, "-m", "pharia_skill.cli", "build", str(source), "--no-interactive", "--output"]
    outputs = [tmp_path / f"{number}.wasm" for number in range(2)]
    children = [
        subprocess.Popen([*command, str(output), "--skill-type", "skill"], stderr=subprocess.PIPE) for output in outputs
    ]
    for child in children:
        said = child.communicate(timeout=110)[1]
        assert child.returncode == 0, said.decode()
    assert digest(outputs[0]) == digest(outputs[1])


def test_nothing_is_left_in_the_project(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "project")
    build(source, tmp_path / "a.wasm", force=True)
    assert sorted(path.name for path in source.parent.iterdir()) == ["poem.py", "prompt.txt"]


def test_a_component_is_half_as_large_as_it_was(tmp_path: Path) -> None:
    assert build(lay_out(tmp_path / "project"), tmp_path / "a.wasm").size <= 0.5 * RELEASED_BYTES


def described(built: Built) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(section_of(built.path.read_bytes(), METADATA) or b"null")
    return found


def test_the_chosen_skill_is_described_in_the_file(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "project")
    default = described(build(source, tmp_path / "a.wasm"))
    chosen = described(build_component(f"{source}:drawn", tmp_path / "b.wasm"))
    assert (default["function"], default["description"]) == ("poem", "Writes.")
    assert (chosen["function"], chosen["name"], chosen["tags"]) == ("drawn", "drawn numbers", ["chance"])


def test_a_message_stream_is_described_in_the_file(tmp_path: Path) -> None:
    built = build_component(f"{lay_out(tmp_path / 'project')}:stream", tmp_path / "a.wasm")
    found = described(built)
    assert built.kind is SkillType.MESSAGE_STREAM_SKILL
    assert (found["kind"], found["description"]) == ("message-stream-skill", "Streams.")
    assert found["payload_schema"]["required"] == ["prompt", "drawn", "fixed"]


def test_an_import_that_will_fail_is_a_warning_also_from_the_cache(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "project")
    for _ in range(2):
        (warning,) = build(source, tmp_path / "a.wasm").warnings
        assert "poem.py line 26: `colorsys` is imported inside a function" in warning


BODY = "from pharia_skill import skill\n@skill\ndef a(csi, input: str) -> str: return input\n"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("import nonexist\n" + BODY, ModuleMissing, "made.py line 1: there is no module `nonexist`"),
        ("import pydantic_core._none\n" + BODY, ModuleMissing, "made.py line 1"),
        ("import requests\n" + BODY, NoHttpError, "made.py line 1: `requests` talks to the network"),
        ("import msgspec\n" + BODY, NativeExtension, "made.py line 1: `msgspec` has compiled parts"),
        ("import sqlite3\n" + BODY, ModuleMissing, "Python in a component has no"),
        (BODY.replace(": str", ""), SkillImportFailed, "made.py line 2: The second argument must be a Pydantic model"),
        (BODY.replace("-> str", "-> None"), SkillImportFailed, "must have a return type annotation"),
        (BODY + "import sys\nsys.exit('enough')\n", SkillImportFailed, "SystemExit"),
        (BODY + "1 / 0\n", SkillImportFailed, "made.py line 4: ZeroDivisionError: division by zero"),
        (BODY.replace("@skill", "@(lambda f: f)\n# @skill"), NoSkill, "has no function decorated"),
        (
            BODY + "from pharia_skill.wit_csi import WitCsi\nWitCsi().complete('m', 'p')\n",
            SkillImportFailed,
            "only a running skill can",
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_file_and_line(
    text: str, error: type[BuildError], message: str, tmp_path: Path, scratch_module: Write
) -> None:
    with pytest.raises(error) as raised:
        build(scratch_module(text), tmp_path / "x.wasm", kind=SkillType.SKILL)
    assert message in raised.value.message
    assert len(raised.value.message.splitlines()) < 3
    assert not (tmp_path / "x.wasm").exists()


def test_a_module_that_never_ends_is_ended(tmp_path: Path, scratch_module: Write) -> None:
    build(scratch_module(BODY, "warm.py"), tmp_path / "warm.wasm")
    with pytest.raises(ComponentizeFailed, match=r"not imported within 0\.5 s; does it wait for something, or loop\?"):
        build(scratch_module(BODY + "while True: pass\n"), tmp_path / "x.wasm", timeout=0.5)
