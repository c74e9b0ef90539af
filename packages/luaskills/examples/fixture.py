"""The skill the examples of this directory use, and the runtime root it lies in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luaskills import LuaSkillsClient, RuntimeRoots, RuntimeSkillRoot

SKILL_ID = "demo-standard-ffi-skill"
TOOL = "demo-standard-ffi-skill-ping"


@contextmanager
def fixture_client() -> Iterator[tuple[LuaSkillsClient, list[RuntimeSkillRoot]]]:
    """A client that has loaded the fixture, and its chain of roots.

    The runtime root is the one ``LUASKILLS_EXAMPLE_RUNTIME_ROOT`` names, ``fixture_runtime`` beside this file by
    default.
    """
    default = Path(__file__).parent / "fixture_runtime"
    root = os.environ.get("LUASKILLS_EXAMPLE_RUNTIME_ROOT") or default
    roots = RuntimeRoots.standard(root)
    with LuaSkillsClient(runtime_root=root) as client:
        client.load_from_roots(roots)
        yield client, roots
