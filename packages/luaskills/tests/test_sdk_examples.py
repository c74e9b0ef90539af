"""Every example runs and prints what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SOURCES = EXAMPLES.parent / "src"
SKILL, TOOL = "demo-standard-ffi-skill", "demo-standard-ffi-skill-ping"
Run = Callable[[str], list[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs an example of the installed package; what it prints, by lines."""
    return lambda name: printed([sys.executable, "-m", f"luaskills.examples.{name}"], tmp_path)


def printed(command: list[str], tmp_path: Path) -> list[str]:
    fixture = tmp_path / "fixture_runtime"
    shutil.copytree(EXAMPLES / "fixture_runtime", fixture)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUASKILLS_")}
    environment |= {
        "PYTHONPATH": str(SOURCES),
        "LUASKILLS_RUNTIME_ROOT": str(tmp_path / "made"),
        "LUASKILLS_EXAMPLE_RUNTIME_ROOT": str(fixture),
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def source_tree(name: str, tmp_path: Path) -> list[str]:
    return printed([sys.executable, str(EXAMPLES / f"{name}.py")], tmp_path)


def test_basic_prints_the_version(run: Run) -> None:
    assert run("basic") == ["{'ffi_version': '0.3.0', 'protocol': 'json-cabi'}"]


def test_host_tool_callback_prints_what_lua_found(run: Run) -> None:
    found = json.loads("\n".join(run("host_tool_callback")))
    assert set(found) == {"tool_count", "has_embed", "has_missing", "result"}
    assert (found["tool_count"], found["has_embed"], found["has_missing"]) == (1, True, False)
    assert found["result"]["value"]["input"] == "hello"


def test_provider_callback_prints_one_sentence(run: Run) -> None:
    assert run("provider_callback") == ["SQLite JSON provider callback registered before engine creation."]


def test_runtime_session_prints_the_life_of_a_session(run: Run, tmp_path: Path) -> None:
    created, first, second, status, close, late = run("runtime_session")
    assert re.fullmatch(r"Lease created: rt_\d+_\d+", created)
    assert first == "First eval result: {'counter': 1, 'persisted': True}"
    assert second == "Second eval result: {'counter': 2, 'persisted': True}"
    assert status.startswith("Lease status result: {")
    assert close.startswith("Lease close result: {")
    assert "'closed': True" in close
    assert late.startswith("Post-close eval result: {")
    assert "'error_code': 'lease_closed'" in late
    assert (tmp_path / "made" / "user_skills").is_dir()


def test_query_prints_what_is_visible(tmp_path: Path) -> None:
    assert source_tree("query", tmp_path) == [
        "Entry count: 1",
        "Is delegated-visible skill: True",
        f"Owning skill id: {SKILL}",
        "Prompt completion count: 0",
        "Help tree count: 1",
    ]


def test_call_prints_content_and_context(tmp_path: Path) -> None:
    content, lua = source_tree("call", tmp_path)
    assert content == "Call content: standard-ffi-demo:python-call"
    assert re.findall(r"'(\w+)':", lua) == ["budget", "mode", "note", "transport"]


def test_lifecycle_prints_each_state(tmp_path: Path) -> None:
    assert source_tree("lifecycle", tmp_path) == [
        "Call before disable: standard-ffi-demo:before",
        f"Skill disabled: {SKILL}",
        "Visible after disable: False",
        f"Call after disable failed as expected: luaskills_ffi_call_skill_json: Lua skill '{TOOL}' not found",
        f"Skill enabled: {SKILL}",
        "Call after enable: standard-ffi-demo:after",
    ]


def test_the_fixture_skill_answers_without_a_note(tmp_path: Path) -> None:
    program = f"""import sys
sys.path.insert(0, {str(EXAMPLES)!r})
from fixture import TOOL, fixture_client
with fixture_client() as (client, roots):
    print(client.call_skill(TOOL)["content"])
"""
    assert printed([sys.executable, "-c", program], tmp_path) == ["standard-ffi-demo:ok"]
