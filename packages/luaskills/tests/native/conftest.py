"""The library, built once per process of tests, and a runtime root with one skill."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_SKILL = """name: greeter
version: 1.0.0
entries:
  - {name: hello, lua_entry: runtime/hello.lua, lua_module: greeter_hello, description: greets}
  - {name: fail, lua_entry: runtime/fail.lua, lua_module: greeter_fail}
help: {main: {file: help/main.md}}
"""
_HELLO = """return function(args)
    local asked = vulcan.models.llm("be brief", args.name or "nobody")
    local sum = vulcan.host.call("add", {a = 2, b = 3})
    return (args.greeting or "hello") .. " " .. (asked.assistant or asked.error.code)
        .. " " .. tostring(sum.sum or sum.error.code)
end
"""


@dataclass(frozen=True, slots=True)
class Built:
    library: Path
    header: Path


def run(command: list[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    """A program to its end, its output as text."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("there is no C compiler")
    output = tmp_path_factory.mktemp("native")
    done = run([sys.executable, "-m", "luaskills.native", "build", "--output", output])
    assert done.returncode == 0, done.stderr
    return Built(Path(done.stdout.strip()), output / "luaskills.h")


@pytest.fixture
def runtime_root(tmp_path: Path) -> Path:
    """A runtime root whose PROJECT layer holds the skill ``greeter``."""
    skill = tmp_path / "runtime" / "project_skills" / "greeter"
    (tmp_path / "runtime" / "root_skills").mkdir(parents=True)
    (skill / "runtime").mkdir(parents=True)
    (skill / "help").mkdir()
    (skill / "skill.yaml").write_text(_SKILL)
    (skill / "runtime" / "hello.lua").write_text(_HELLO)
    (skill / "runtime" / "fail.lua").write_text("return function() error('out of tea') end")
    (skill / "help" / "main.md").write_text("# Greeter\nIt greets.")
    return tmp_path / "runtime"
