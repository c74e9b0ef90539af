"""Which native library a host means, if any."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path

PathLike = str | os.PathLike[str]
ENVIRONMENT = "LUASKILLS_LIB"
_CANDIDATES = {
    "win32": ("luaskills.dll", "libluaskills.dll"),
    "darwin": ("libluaskills.dylib", "luaskills.dylib"),
}
_LINUX_CANDIDATES = ("libluaskills.so", "luaskills.so")
_REQUIRED = (
    "LuaSkills library path is required; pass library_path, set LUASKILLS_LIB, "
    "or install runtime assets under runtime_root"
)


class EngineChoice(str, Enum):
    """Which engine answers.

    ``AUTO``     the native library that ``library_path`` or ``LUASKILLS_LIB`` names, else the built-in engine.
    ``BUILTIN``  the built-in engine, whatever the environment says.
    ``NATIVE``   a native library: as for ``AUTO``, else the one installed in ``<runtime_root>/libs``.
    """

    AUTO = "auto"
    BUILTIN = "builtin"
    NATIVE = "native"


def resolve_library_path(explicit_path: PathLike | None = None, runtime_root: PathLike | None = None) -> Path:
    """The native library: the explicit one, that of ``LUASKILLS_LIB``, or the one in ``<runtime_root>/libs``.

    Raises RuntimeError when there is none or the path that was given does not exist.
    """
    named = explicit_path or os.environ.get(ENVIRONMENT)
    if named:
        path = Path(named).expanduser().resolve()
        if not path.is_file():
            raise RuntimeError(f"LuaSkills library not found: {path}")
        return path
    if runtime_root:
        libs = Path(runtime_root).expanduser().resolve() / "libs"
        for name in _CANDIDATES.get(sys.platform, _LINUX_CANDIDATES):
            if (libs / name).is_file():
                return libs / name
    raise RuntimeError(_REQUIRED)


def chosen_library(
    explicit_path: PathLike | None, runtime_root: PathLike | None, engine: EngineChoice | str = EngineChoice.AUTO
) -> Path | None:
    """The native library to load; None stands for the built-in engine. Raises RuntimeError and ValueError."""
    try:
        choice = EngineChoice(engine)
    except ValueError:
        known = ", ".join(each.value for each in EngineChoice)
        raise ValueError(f"engine must be one of {known}: {engine!r}") from None
    if choice is EngineChoice.BUILTIN:
        if explicit_path:
            raise ValueError("the built-in engine takes no library_path")
        return None
    if choice is EngineChoice.AUTO and not explicit_path and not os.environ.get(ENVIRONMENT):
        return None
    return resolve_library_path(explicit_path, runtime_root)
