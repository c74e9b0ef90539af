"""Programs that know nothing of Python use the library, and it stands on the Python it was built with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import luaskills.native

from .conftest import Built, run

_EXAMPLE = Path(luaskills.native.__file__).with_name("example.c")
_CROWD = Path(__file__).with_name("crowd.c")
_NOWHERE = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere"}


@pytest.fixture(scope="module")
def example(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, program = built.library.parent, tmp_path_factory.mktemp("c") / "example"
    link = [f"-I{folder}", f"-L{folder}", "-lluaskills", f"-Wl,-rpath,{folder}"]
    done = run(["cc", "-Wall", "-Wextra", "-Werror", _EXAMPLE, *link, "-o", program])
    assert done.returncode == 0, done.stderr
    return program


def said(example: Path, root: Path, **environment: str) -> dict[str, list[str]]:
    """What the example printed, by title."""
    done = run([example, root, "greeter-hello"], env={**os.environ, **environment})
    lines: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        title, _, text = line.partition(": ")
        lines.setdefault(title, []).append(text)
    lines["status"] = [str(done.returncode)]
    return lines


def test_a_program_in_c_does_all_that_a_host_does(example: Path, runtime_root: Path) -> None:
    lines = said(example, runtime_root, **_NOWHERE)
    assert lines["version"] == ['{"ok":true,"result":{"ffi_version":"0.3.0","protocol":"json-cabi"}}']
    assert lines["load"] == ['{"ok":true,"result":{"loaded":true}}']
    assert '"canonical_name":"greeter-hello"' in lines["list"][0]
    assert '"content":"good day budget_exceeded 5"' in lines["call"][0]
    assert lines["run"] == ['{"ok":true,"result":42}']
    assert '"value":"kind"' in lines["get"][0]
    assert [text.rpartition('"result":')[2] for text in lines["evaluated"]] == ["1}}", "2}}"]
    assert '"closed":true' in lines["closed"][0]
    assert lines["unknown"] == ['{"ok":false,"error":"Lua skill \'nothing-here\' not found"}']
    assert lines["free"] == ['{"ok":true,"result":{"freed":true}}']
    assert lines["tool calls"] == ["1, buffers not freed: 0"]
    assert lines["status"] == ["0"]


def test_a_crowd_of_threads_is_served_and_a_forked_child_is_refused(built: Built, tmp_path: Path) -> None:
    program = tmp_path / "crowd"
    flags = ["-Wall", "-Wextra", "-Werror", "-pthread", f"-I{built.library.parent}"]
    done = run(["cc", *flags, _CROWD, "-ldl", "-o", program])
    assert done.returncode == 0, done.stderr
    done = run([program, built.library, "2500"])
    assert (done.returncode, done.stderr) == (0, "")
    served, child = done.stdout.splitlines()
    assert served == "10000 right, 0 not freed"
    assert child.startswith('child: {"ok":false,"error":"the program was forked')


def test_another_python_of_the_same_version_can_be_named(example: Path, runtime_root: Path) -> None:
    bare = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    assert said(example, runtime_root, LUASKILLS_PYTHON=str(bare))["status"] == ["0"]


def test_a_python_that_is_gone_is_named_in_every_answer(example: Path, runtime_root: Path) -> None:
    lines = said(example, runtime_root, LUASKILLS_PYTHON="/nowhere/bin/python")
    answers = [*lines["version"], *lines["engine"], *lines["free"]]
    assert all(text.startswith('{"ok":false,"error":"there is no Python at /nowhere/bin/python; ') for text in answers)
    assert lines["tool calls"] == ["0, buffers not freed: 0"]


def test_a_package_that_does_not_import_is_told_with_the_reason(
    example: Path, runtime_root: Path, tmp_path: Path
) -> None:
    package = tmp_path / "luaskills" / "native"
    package.mkdir(parents=True)
    (package / "apart.py").write_text('raise ImportError("a \\"quoted\\"\\nreason")')
    lines = said(example, runtime_root, LUASKILLS_PACKAGES=str(tmp_path))
    assert lines["version"] == [r'{"ok":false,"error":"ImportError: a \"quoted\"\u000areason"}']
