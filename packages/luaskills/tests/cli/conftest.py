"""The command ``luaskills`` with what it prints, in a directory of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from luaskills.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be JSON as people read it."""
        value = json.loads(self.out)
        assert self.out == json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        return value


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """``run("list", "--root-only")`` in ``tmp_path``, without a native library."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUASKILLS_LIB", raising=False)

    def run(*words: str | os.PathLike[str]) -> Ran:
        capsys.readouterr()
        try:
            status = main([str(word) for word in words])
        except SystemExit as exit:
            status = int(exit.code or 0)
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A skill ``notes`` in the USER layer, and ``system`` in ROOT."""
    for layer, skill_id in (("user_skills", "notes"), ("root_skills", "system")):
        skill = tmp_path / "luaskills-runtime" / layer / skill_id
        for folder in ("runtime", "help"):
            (skill / folder).mkdir(parents=True)
        (skill / "runtime" / "echo.lua").write_text("return function(a) print('in'); return 'Ä' .. (a.x or '') end")
        (skill / "help" / "main.md").write_text("# Notes\n")
        (skill / "skill.yaml").write_text(
            f"name: {skill_id}\nversion: 1.0.0\nentries:\n"
            f"  - {{name: echo, lua_entry: runtime/echo.lua, lua_module: {skill_id}}}\n"
            "help: {main: {name: main, file: help/main.md}}\n"
        )
    return tmp_path / "luaskills-runtime"
