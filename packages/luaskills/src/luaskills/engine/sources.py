"""Reading Lua source files for ``dofile``, ``loadfile`` and ``require`` of the profiles that may not load bytecode."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from luaskills.context import CallContext, HostServices
from luaskills.types import Profile

_LARGEST_BYTES = 16 * 1024 * 1024


class SourceReader:
    """Reads a source file, in the profile ``locked`` only below the skill's and the host's Lua directories."""

    def __init__(self, host: HostServices) -> None:
        self._locked = host.profile is Profile.LOCKED
        packages = host.options.get("lua_packages_dir")
        self._packages = (str(packages),) if packages else ()

    def bound(self, context: CallContext) -> Callable[[object], object]:
        """A function for Lua: path → source bytes, or ``(None, reason)``."""

        def read(path: object) -> object:
            if not isinstance(path, str) or "\0" in path:
                return None, "a path must be text"
            allowed = self._packages + (context.skill.readable if context.skill else ())
            real = os.path.realpath(os.path.join(context.cwd, path) if context.cwd else path)
            if self._locked and not any(_below(real, os.path.realpath(root)) for root in allowed):
                return None, f"cannot open {path}: outside the directories of the skill"
            try:
                if os.path.getsize(real) > _LARGEST_BYTES:
                    return None, f"cannot open {path}: larger than {_LARGEST_BYTES} bytes"
                return Path(real).read_bytes()
            except OSError as error:
                return None, f"cannot open {path}: {error.strerror}"

        return read


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
