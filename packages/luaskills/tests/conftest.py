"""Skills on disk and engines behind the JSON FFI, for tests of everything above the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from luaskills import LuaSkillsClient, LuaSkillsJsonFfi
from luaskills.ffi import JsonEngine

POOL = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}


@dataclass(frozen=True, slots=True)
class SkillTree:
    """A runtime root in a directory of the test."""

    root: Path

    def write(self, skill_id: str, body: str, layer: str = "USER", more: str = "", entry_more: str = "") -> Path:
        """A package with one entry ``run``; ``body`` is its Lua file."""
        directory = self.root / f"{layer.lower()}_skills" / skill_id
        (directory / "runtime").mkdir(parents=True)
        (directory / "runtime" / "run.lua").write_text(body)
        (directory / "skill.yaml").write_text(
            f"name: {skill_id}\nversion: 1.0.0\n{more}entries:\n"
            f"  - {{name: run, lua_entry: runtime/run.lua, lua_module: {skill_id}_run{entry_more}}}\n"
        )
        return directory

    def chain(self, *labels: str) -> list[dict[str, str]]:
        """ROOT, PROJECT and USER, or the roots of these labels."""
        return [
            {"name": label, "skills_dir": str(self.root / f"{label.strip().lower()}_skills")}
            for label in labels or ("ROOT", "PROJECT", "USER")
        ]


@dataclass(slots=True)
class JsonCalls:
    """Functions of one JSON engine by their short names; ``engine`` is the number of the engine they work on."""

    functions: JsonEngine = field(default_factory=JsonEngine)
    engine: int = 0

    def envelope(self, name: str, **members: Any) -> dict[str, Any]:
        request = json.dumps({"engine_id": self.engine, **members}).encode()
        answer: dict[str, Any] = json.loads(self.functions.call(f"luaskills_ffi_{name}_json", request))
        return answer

    def result(self, name: str, **members: Any) -> Any:
        """The result of a function that must not fail."""
        envelope = self.envelope(name, **members)
        assert envelope["ok"], envelope
        return envelope["result"]

    def error(self, name: str, **members: Any) -> str:
        """The error of a function that must fail."""
        envelope = self.envelope(name, **members)
        assert envelope["ok"] is False, envelope
        return str(envelope["error"])

    def new(self, **host: Any) -> int:
        """Make an engine the following calls work on."""
        self.engine = self.result("engine_new", options={"pool_config": POOL, "host_options": host})["engine_id"]
        return self.engine


@pytest.fixture
def skills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SkillTree:
    monkeypatch.delenv("LUASKILLS_LIB", raising=False)
    return SkillTree(tmp_path / "runtime")


@pytest.fixture
def ffi() -> Iterator[JsonCalls]:
    """A JSON engine of its own with one engine."""
    calls = JsonCalls()
    calls.new()
    yield calls
    for number in range(1, 20):
        calls.envelope("engine_free", engine_id=number)


@pytest.fixture
def client(skills: SkillTree) -> Iterator[LuaSkillsClient]:
    """A client of the built-in engine in the runtime root of ``skills``; nothing is loaded."""
    with LuaSkillsClient(runtime_root=skills.root) as made:
        yield made


@pytest.fixture
def json_ffi(skills: SkillTree) -> Iterator[LuaSkillsJsonFfi]:
    """The JSON FFI of this process; its callbacks are gone after the test."""
    made = LuaSkillsJsonFfi(runtime_root=skills.root)
    yield made
    made.clear_json_provider_callbacks()
    made.clear_host_tool_json_callback()
    made.clear_model_embed_json_callback()
    made.clear_model_llm_json_callback()
    made.clear_skill_operation_progress_json_callback()
    made.clear_skill_management_json_callback()
    made.clear_skill_lifecycle_json_callback()
    made.clear_entry_registry_delta_json_callback()
