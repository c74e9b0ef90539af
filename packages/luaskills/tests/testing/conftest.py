"""A skill package from a few words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

MakePackage = Callable[..., Path]


@pytest.fixture
def make_package(tmp_path: Path) -> MakePackage:
    """``make_package(lua, skill_id="notes", more="")`` writes a package with the entry ``run``."""

    def make(lua: str, skill_id: str = "notes", more: str = "", **files: str) -> Path:
        package = tmp_path / "packages" / skill_id
        manifest = f"name: {skill_id}\nversion: 1.0.0\nentries:\n"
        manifest += (
            f"  - {{name: run, lua_entry: runtime/run.lua, lua_module: {skill_id}_run}}\n{textwrap.dedent(more)}"
        )
        contents = {"skill.yaml": manifest, "runtime/run.lua": lua}
        contents |= {name.replace("__", "/"): textwrap.dedent(text) for name, text in files.items()}
        for name, text in contents.items():
            path = package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return package

    return make
