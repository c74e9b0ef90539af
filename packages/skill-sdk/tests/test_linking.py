"""Interpreters that are linked for these tests alone, which takes a quarter of a minute of a core each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from wasmtime import Engine

from conftest import GUESTS, Host
from pharia_assets import cache_root
from pharia_skill.builder import Built, build_component

RELEASED_BYTES = 36_143_227
"""The same skill without pydantic, built with componentize-py alone."""
RAW = """
from pharia_skill.bindings import exports
from pharia_skill.bindings.exports.skill_handler import SkillMetadata


class SkillHandler(exports.SkillHandler):
    def __init__(self) -> None:
        self.greeting = b"hello "

    def run(self, input: bytes) -> bytes:
        return self.greeting + input

    def metadata(self) -> SkillMetadata:
        return SkillMetadata(None, b"{}", b"{}")
"""


def test_an_interpreter_linked_apart_gives_the_same_bytes(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    assert pytestconfig.cache is not None
    apart = pytestconfig.cache.mkdir("pharia-skill-apart")
    shared = cache_root() / "builds" / "machine-code"
    shared.mkdir(parents=True, exist_ok=True)
    if not (apart / "machine-code").exists():
        (apart / "machine-code").symlink_to(shared)
    here = build_component(GUESTS / "echo.py", tmp_path / "here.wasm", force=True)
    there = build_component(GUESTS / "echo.py", tmp_path / "there.wasm", force=True, cache=apart)
    assert digest(here) == digest(there)


def test_a_skill_of_bindings_alone_runs_and_is_small(
    tmp_path: Path, scratch_module: Callable[..., Path], engine: Engine
) -> None:
    built = build_component(scratch_module(RAW, "raw.py"), tmp_path / "raw.wasm")
    assert built.size <= 0.4 * RELEASED_BYTES
    assert Host(engine, built.path).run(b"you") == b"hello you"


def digest(built: Built) -> str:
    return hashlib.sha256(built.path.read_bytes()).hexdigest()
