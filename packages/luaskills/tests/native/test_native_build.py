"""Building the library: what it writes, and what it says when it can not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from luaskills.library import resolve_library_path
from luaskills.native.compiler import BuildFailed, compile_library, target

from .conftest import Built, run


def build(output: Path, **environment: str) -> tuple[int, str]:
    command: list[str | Path] = [sys.executable, "-m", "luaskills.native", "build", "--output", output]
    done = run(command, env={**os.environ, **environment})
    return done.returncode, done.stderr


def test_the_library_is_found_where_a_runtime_root_keeps_it(built: Built, runtime_root: Path) -> None:
    folder = runtime_root / "libs"
    folder.mkdir()
    (folder / built.library.name).symlink_to(built.library)
    assert Path(resolve_library_path(None, runtime_root)).samefile(built.library)


def test_a_second_build_replaces_the_first_and_leaves_nothing_else(built: Built, tmp_path: Path) -> None:
    name = built.library.name
    (tmp_path / name).write_text("old")
    assert build(tmp_path) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {name, "luaskills.h"}
    assert (tmp_path / name).stat().st_size > 10_000


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path) -> None:
    status, said = build(tmp_path / "new", PATH=str(tmp_path))
    assert status == 1
    assert said == (
        "libluaskills was not built: no C compiler (tried cc, gcc, clang): install gcc or clang "
        "(Debian: apt-get install gcc), or name one in CC\n"
    )
    assert list((tmp_path / "new").iterdir()) == []


def test_a_compiler_that_is_not_there_is_named(tmp_path: Path) -> None:
    status, said = build(tmp_path, CC="/nowhere/cc -m64")
    assert status == 1
    assert "no C compiler (tried /nowhere/cc)" in said


def test_the_words_of_the_compiler_are_passed_on(built: Built, tmp_path: Path) -> None:
    (tmp_path / "wrong.c").write_text("not C")
    with pytest.raises(BuildFailed, match=r"(?s)the compiler failed: .*wrong\.c.*error"):
        compile_library([tmp_path / "wrong.c"], tmp_path / "wrong.so")


def test_missing_headers_of_python_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("luaskills.native.compiler.sysconfig.get_path", lambda _name: str(tmp_path))
    with pytest.raises(BuildFailed, match=r"Python\.h is not in .*: install the headers"):
        compile_library([], tmp_path / "x.so")


def test_a_platform_without_posix_threads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luaskills.native.compiler.sys.platform", "win32")
    with pytest.raises(BuildFailed, match="on Linux and macOS, not on win32"):
        target()


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("")
    assert build(tmp_path / "new") == (1, f"libluaskills was not built: {tmp_path}/new: File exists\n")
