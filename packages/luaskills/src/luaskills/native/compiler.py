"""The C compiler of this machine, and what it must be told to build against the running Python."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 300
_USUAL = ("cc", "gcc", "clang")


class BuildFailed(Exception):
    """The library can not be built here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Target:
    """What differs between the platforms the library is built for."""

    suffix: str
    link: tuple[str, ...]
    without_python: tuple[str, ...]
    """How to link when this Python has no shared library."""


_TARGETS = {
    "linux": Target(".so", ("-shared", "-Wl,-z,nodelete", "-Wl,-soname,libluaskills.so"), ()),
    "darwin": Target(
        ".dylib",
        ("-dynamiclib", "-install_name", "@rpath/libluaskills.dylib"),
        ("-undefined", "dynamic_lookup"),
    ),
}


def target() -> Target:
    """The platform; raises BuildFailed for one without POSIX threads and ``dlopen``."""
    if sys.platform not in _TARGETS:
        raise BuildFailed(f"the library can be built on Linux and macOS, not on {sys.platform}")
    return _TARGETS[sys.platform]


def shared_python() -> Path | None:
    """The shared library of this Python; None when it has none, and only Python itself can load what is built."""
    name, folder = sysconfig.get_config_var("LDLIBRARY"), sysconfig.get_config_var("LIBDIR")
    if not name or not folder or Path(name).suffix not in (".so", ".dylib"):
        return None
    places = (Path(folder, name), Path(folder, sysconfig.get_config_var("MULTIARCH") or "", name))
    return next((place for place in places if place.is_file()), None)


def compile_library(sources: Sequence[Path], output: Path) -> None:
    """Compile and link C files into ``output``; raises BuildFailed with the compiler's words."""
    platform, library = target(), shared_python()
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").is_file():
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise BuildFailed(f"Python.h is not in {headers}: install the headers of Python (Debian: python{version}-dev)")
    python = [str(library), f"-Wl,-rpath,{library.parent}"] if library else list(platform.without_python)
    flags = ["-std=gnu11", "-O2", "-fPIC", "-fvisibility=hidden", "-Wall", f"-I{headers}"]
    command = [*_compiler(), *flags, *platform.link, *map(str, sources), *python, "-pthread", "-ldl", "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"the compiler failed: {shlex.join(command)}\n{done.stderr.strip()}")


def _compiler() -> list[str]:
    """``CC``, or the first usual one there is."""
    given = shlex.split(os.environ.get("CC", ""))
    found = given if given and shutil.which(given[0]) else None
    if not given:
        found = next(([name] for name in _USUAL if shutil.which(name)), None)
    if found is None:
        tried = given[0] if given else ", ".join(_USUAL)
        raise BuildFailed(
            f"no C compiler (tried {tried}): install gcc or clang (Debian: apt-get install gcc), or name one in CC"
        )
    return found
