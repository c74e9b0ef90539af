"""What a Python skill remembers reaches another call only where its operator allows that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pharia_kernel import Kernel, Settings
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_skill.builder import build

SKILL = Path(__file__).parent / "skills" / "leaky.py"


@pytest.fixture(scope="module")
def folder() -> Path:
    """Building and compiling take seconds, so what they made is kept between runs."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pharia" / "tests" / "isolation"
    (base / "skills").mkdir(mode=0o700, parents=True, exist_ok=True)
    build(SKILL, base / "skills" / "leaky.wasm")
    return base


async def told(folder: Path, **namespace: Any) -> list[list[str]]:
    """What each of four callers learns who tell the skill a letter."""
    settings = Settings.model_validate(
        {
            "namespaces": {"dev": {"directory": folder / "skills", **namespace}},
            "limits": {"memory-bytes": "96MiB", "concurrent-calls": 10},
            "cache-dir": folder / "code",
            "compilation": "quick",
        }
    )
    async with Kernel(settings, backend=AbsentBackend()) as kernel:
        return [await kernel.run("dev/leaky", {"secret": secret}) for secret in "abcd"]


async def test_a_skill_that_keeps_secrets_tells_nobody(folder: Path) -> None:
    assert await told(folder) == [["a"], ["b"], ["c"], ["d"]]


async def test_not_even_where_instances_are_made_ready_before(folder: Path) -> None:
    assert await told(folder, instances={"spare": 4}) == [["a"], ["b"], ["c"], ["d"]]


async def test_where_instances_are_used_again_it_tells_the_next(folder: Path) -> None:
    assert await told(folder, instances={"reuse": 3}) == [["a"], ["a", "b"], ["a", "b", "c"], ["d"]]
