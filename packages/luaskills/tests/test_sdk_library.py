"""Which library a host means."""

from __future__ import annotations

from pathlib import Path

import pytest

from luaskills import EngineChoice, LuaSkillsClient, LuaSkillsJsonFfi, resolve_library_path

REQUIRED = (
    "LuaSkills library path is required; pass library_path, set LUASKILLS_LIB, "
    "or install runtime assets under runtime_root"
)


@pytest.fixture(autouse=True)
def no_library_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUASKILLS_LIB", raising=False)


def library(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_the_explicit_path_wins_over_environment_and_runtime_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = library(tmp_path / "root" / "libs" / "libluaskills.so")
    named, explicit = library(tmp_path / "named.so"), library(tmp_path / "explicit.so")
    assert resolve_library_path(runtime_root=tmp_path / "root") == installed
    monkeypatch.setenv("LUASKILLS_LIB", str(named))
    assert resolve_library_path(runtime_root=tmp_path / "root") == named
    assert resolve_library_path(explicit, tmp_path / "root") == explicit


def test_the_second_name_of_the_library_is_found_too(tmp_path: Path) -> None:
    second = library(tmp_path / "libs" / "luaskills.so")
    assert resolve_library_path(runtime_root=tmp_path) == second


def test_a_host_that_insists_on_a_native_library_is_told_how_to_get_one(tmp_path: Path) -> None:
    """Row 164."""
    for ask in (
        lambda: resolve_library_path(runtime_root=tmp_path),
        lambda: LuaSkillsJsonFfi(runtime_root=tmp_path, engine="native"),
        lambda: LuaSkillsClient(runtime_root=tmp_path, engine=EngineChoice.NATIVE),
    ):
        with pytest.raises(RuntimeError) as caught:
            ask()
        assert str(caught.value) == REQUIRED
    assert list(tmp_path.iterdir()) == []


def test_a_named_library_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 165."""
    monkeypatch.setenv("LUASKILLS_LIB", str(tmp_path / "absent.so"))
    with pytest.raises(RuntimeError, match=f"LuaSkills library not found: {tmp_path}/absent.so"):
        LuaSkillsClient(runtime_root=tmp_path / "root")
    with pytest.raises(RuntimeError, match=f"LuaSkills library not found: {tmp_path}/other.so"):
        LuaSkillsClient.version(library_path=tmp_path / "other.so")


def test_without_a_library_the_built_in_engine_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(tmp_path / "libs" / "libluaskills.so")
    assert LuaSkillsJsonFfi(runtime_root=tmp_path).library_path is None
    monkeypatch.setenv("LUASKILLS_LIB", str(tmp_path / "absent.so"))
    assert LuaSkillsJsonFfi(runtime_root=tmp_path, engine="builtin").library_path is None
    with pytest.raises(ValueError, match="the built-in engine takes no library_path"):
        LuaSkillsJsonFfi("x.so", engine="builtin")
    with pytest.raises(ValueError, match="engine must be one of auto, builtin, native: 'none'"):
        LuaSkillsJsonFfi(engine="none")


def test_a_file_that_is_no_library_is_refused_with_its_path(tmp_path: Path) -> None:
    wrong = library(tmp_path / "wrong.so")
    with pytest.raises(RuntimeError, match=f"LuaSkills library can not be loaded: {wrong}"):
        LuaSkillsJsonFfi(wrong)
