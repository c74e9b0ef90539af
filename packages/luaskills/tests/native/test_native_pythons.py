"""Other Python programs load the library: bare ones of its version are served, ones of another version are told."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

import luaskills.native.start

from .conftest import Built, run

_ASK = """
import ctypes, sys
class Owned(ctypes.Structure):
    _fields_ = (("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t))
library = ctypes.CDLL(sys.argv[1])
library.luaskills_ffi_version_json.restype = Owned
answer = library.luaskills_ffi_version_json()
print(ctypes.string_at(answer.ptr, answer.len).decode())
"""
_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
_OTHERS = [version for version in ("3.11", "3.12", "3.13") if version != _OWN]


def interpreter(version: str) -> str:
    """A Python of a version; those beside ours and those of the path are tried."""
    beside = [Path(sys.base_prefix, "bin")]
    beside += sorted(Path(sys.base_prefix).parent.glob(f"{version}*/bin"))
    for folder in [*map(str, beside), None]:
        found = shutil.which(f"python{version}", path=folder)
        if found and run([found, "-c", "import ctypes"]).returncode == 0:
            return found
    pytest.skip(f"there is no Python {version}")


def answer(python: str, built: Built) -> dict[str, object]:
    done = run([python, "-I", "-S", "-c", _ASK, built.library])
    assert done.returncode == 0, done.stderr
    envelope: dict[str, object] = json.loads(done.stdout)
    return envelope


def test_a_bare_python_of_the_same_version_needs_no_package_of_its_own(built: Built) -> None:
    envelope = answer(interpreter(_OWN), built)
    assert envelope == {"ok": True, "result": {"ffi_version": "0.3.0", "protocol": "json-cabi"}}


def test_a_missing_part_is_named_with_the_way_to_install_it() -> None:
    source = Path(luaskills.native.start.__file__)
    ask = f"exec(open({str(source)!r}).read()); print(start([{str(source.parents[2])!r}]))"
    done = run([interpreter(_OWN), "-I", "-S", "-c", ask])
    assert done.stdout == (
        "ImportError: No module named '_cffi_backend'; "
        "pip install 'luaskills-sdk[native]' where the package is installed\n"
    )


def test_a_package_that_is_nowhere_is_told_with_the_directories(tmp_path: Path) -> None:
    source = Path(luaskills.native.start.__file__)
    ask = f"exec(open({str(source)!r}).read())"
    done = run([interpreter(_OWN), "-I", "-S", "-c", f"{ask}; print(start([{str(tmp_path)!r}]))"])
    assert done.stdout.startswith("ModuleNotFoundError: no luaskills-sdk with the native library in ")
    assert str(tmp_path) in done.stdout
    assert done.stdout.endswith("; set LUASKILLS_PACKAGES to the directory that holds the package luaskills\n")


def test_the_python_of_the_system_may_have_no_shared_library(built: Built) -> None:
    system = f"/usr/bin/python{_OWN}"
    if not Path(system).exists():
        pytest.skip(f"there is no {system}")
    assert answer(system, built)["ok"] is True


@pytest.mark.parametrize("version", _OTHERS)
def test_a_python_of_another_version_is_told_how_to_build(built: Built, version: str) -> None:
    envelope = answer(interpreter(version), built)
    assert envelope["ok"] is False
    said = str(envelope["error"])
    assert said.startswith(f"this library was built for Python {_OWN} and can not run inside Python {version}.")
    assert said.endswith("build it with the Python of the program: python -m luaskills.native build")
