"""A new patch of the interface is one new WIT file: nothing else of the kernel changes for it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pharia_kernel
from pharia_kernel.runtimes.wasm.worlds.lines import wit_text

from .calls import COMPLETE_NOTHING, completion
from .components import Source, build

_FILE = "pharia_kernel/runtimes/wasm/worlds/wit/0.4/skill.wit"
_COMPLETE = "    complete: func(requests: list<completion-request>) -> list<completion>;\n"
PATCH = (
    wit_text("0.4")
    .replace("package pharia:skill@0.4.0;", "package pharia:skill@0.4.99;")
    .replace(_COMPLETE, _COMPLETE + _COMPLETE.replace("complete:", "complete-v2:"))
)
"""Has a function that line 0.4 lacks and the table knows from line 0.3."""
STEPS = [
    ["call", "inference", name, [completion(**COMPLETE_NOTHING, echo=True)]] for name in ("complete", "complete-v2")
]
_PATIENCE = 100


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    package = Path(pharia_kernel.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / package.name, ignore=ignored)
    return tmp_path


async def outcome(kernel: Path, component: Path) -> Any:
    program = Path(__file__).with_name("patched_kernel.py")
    arguments = [str(path) for path in (program, kernel, component, component.parent / "code")]
    command = [sys.executable, *arguments, json.dumps(STEPS)]
    process = await asyncio.to_thread(
        subprocess.run,
        command,
        check=True,
        stdout=subprocess.PIPE,
        timeout=_PATIENCE,
        env={**os.environ, "PYTHONPATH": str(kernel)},
    )
    return json.loads(process.stdout)


@pytest.fixture
async def component(components_folder: Path, tmp_path: Path) -> Path:
    assert PATCH.count("complete-v2") == 1
    source = Source("0.4", "function", patch=PATCH)
    await asyncio.to_thread(build, source, components_folder)
    return source.place(components_folder)


async def test_a_patch_nobody_knows_is_refused(kernel: Path, component: Path) -> None:
    refused = (await outcome(kernel, component))["refused"]
    assert "0.4.99 is not supported by this Kernel installation yet" in refused


async def test_its_file_is_all_that_a_patch_needs(kernel: Path, component: Path) -> None:
    (kernel / _FILE).write_text(PATCH)
    found = await outcome(kernel, component)
    assert found["version"] == "0.4"
    asked = [answer["text"] for (answer,) in found["answer"]]
    assert asked[0] == asked[1]
    assert "echo=True" in asked[0]


async def test_lines_differ_in_their_files_and_not_in_code_of_their_own() -> None:
    worlds = (Path(pharia_kernel.__file__).parents[1] / _FILE).parents[2]
    assert all(path.is_file() or path.name in ("wit", "__pycache__") for path in worlds.iterdir())
    assert all([path.name for path in line.iterdir()] == ["skill.wit"] for line in (worlds / "wit").iterdir())
