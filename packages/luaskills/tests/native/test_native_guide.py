"""The guide to the library does what it shows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from .conftest import Built, run

_GUIDE = Path(__file__).parents[4] / "docs" / "lua-native.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def here(built: Built, runtime_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory as the reader has it: with the library in ``native``, and a runtime root."""
    folder = runtime_root.parent
    (folder / "native").symlink_to(built.library.parent)
    monkeypatch.chdir(folder)
    return folder


def blocks(language: str) -> list[str]:
    return [text for found, text in _BLOCK.findall(_GUIDE.read_text()) if found == language]


def test_the_example_is_built_and_run_as_shown(here: Path) -> None:
    build, use = blocks("sh")
    assert "python -m luaskills.native build --output native\n" in build
    executable = f'"{sys.executable}"'
    shown = use.replace('"$(python ', f'"$({executable} ').replace("luaskills new", f"{executable} -m luaskills new")
    done = run(["sh", "-e", "-c", shown], cwd=here)
    assert done.returncode == 0, done.stderr
    assert "hello-greet" in done.stdout
    assert "Hello, Ada!" in done.stdout
    assert "tool calls: 0, buffers not freed: 0" in done.stdout


def test_the_python_host_runs_as_shown(here: Path) -> None:
    [program] = blocks("python")
    done = run([sys.executable, "-c", program], cwd=here)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{'ffi_version': '0.3.0', 'protocol': 'json-cabi'}\n"
