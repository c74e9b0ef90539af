"""What the README of this package shows runs as it stands, in its order, in an empty directory."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from luaskills.cli import main
from luaskills.types import Profile

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_everything_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUASKILLS_LIB", raising=False)
    names: dict[str, object] = {}
    kinds = []
    for kind, text in BLOCK.findall(README.read_text()):
        kinds.append(kind)
        if kind == "python":
            exec(compile(text, str(README), "exec"), names)
            continue
        for line in text.splitlines():
            program, *arguments = shlex.split(line)
            if program == "luaskills":
                assert main(arguments) == 0, line
    assert kinds == ["sh", "sh", "python", "python", "python"]
    assert "['hello-greet']\nHello, Ada!" in capsys.readouterr().out


def test_every_profile_is_explained() -> None:
    assert set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE)) == {profile.value for profile in Profile}
