"""The skill configuration as hosts write it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import luaskills

WRITER = """
import sys
from pathlib import Path
from luaskills.engine.config_file import ConfigFile
config = ConfigFile(lambda: Path(sys.argv[1]))
for number in range(50):
    config.set("notes", f"{sys.argv[2]}-{number}", "x" * 1000)
"""


def test_the_last_key_takes_the_skill_along(runtime: Any, tmp_path: Path) -> None:
    # row 160
    runtime.load()
    runtime.engine.config.set("notes", "a", "1")
    runtime.engine.config.set("other", "b", "2")
    file = tmp_path / "config" / "skill_config.json"
    assert json.loads(file.read_text()) == {"skills": {"notes": {"a": "1"}, "other": {"b": "2"}}}
    assert runtime.engine.config.delete("notes", "a") is True
    assert json.loads(file.read_text()) == {"skills": {"other": {"b": "2"}}}


def test_two_writing_processes_tear_nothing_and_lose_nothing(tmp_path: Path) -> None:
    # row 161
    file = tmp_path / "config" / "skill_config.json"
    source = str(Path(luaskills.__file__).parents[1])
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), name], env={"PYTHONPATH": source})
        for name in ("one", "two")
    ]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        if file.exists():
            seen += 1
            json.loads(file.read_text())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen > 0
    assert len(json.loads(file.read_text())["skills"]["notes"]) == 100
