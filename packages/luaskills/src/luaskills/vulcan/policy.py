"""What a profile lets host functions touch: the one place where files and processes are allowed or refused.

`trusted` and `standard` leave both open. `locked` has no processes and opens only the directories the engine names in
`SkillScope.readable` and `.writable`; a path counts by where it leads after all symbolic links.
"""

from __future__ import annotations

import os
from typing import Literal

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.types import Profile

Access = Literal["read", "write"]
DEFAULT_FILE_BYTES = 256 * 1024 * 1024


class Policy:
    """The checks for the calls of one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context = context

    @property
    def locked(self) -> bool:
        """Whether files and processes are closed by default."""
        return self._context.profile == Profile.LOCKED

    @property
    def file_bytes(self) -> int:
        """The most bytes one file may have that is read into Lua."""
        return self._context.host.memory_bytes or DEFAULT_FILE_BYTES

    def absolute(self, path: str) -> str:
        """`path` against the working directory of the call."""
        base = self._context.cwd
        return os.path.join(base, path) if base else os.path.abspath(path)

    def file(self, fn: str, path: str, access: Access) -> str:
        """The absolute path to open for `path`, following links.

        Raises `HostFunctionError` when the profile closes it.
        """
        target = self.absolute(path)
        return self._allowed(fn, path, os.path.realpath(target), access) if self.locked else target

    def entry(self, fn: str, path: str, access: Access) -> str:
        """The absolute path of the directory entry itself: a final link is not followed."""
        target = self.absolute(path)
        if not self.locked:
            return target
        parent, name = os.path.split(
            os.path.normpath(target) if ".." not in path.split(os.sep) else os.path.realpath(target)
        )
        return self._allowed(fn, path, os.path.join(os.path.realpath(parent), name), access)

    def processes(self, fn: str) -> None:
        """Raises `HostFunctionError` when the profile has no processes."""
        if self.locked:
            raise HostFunctionError(f"{fn}: processes are not open to skills in profile `locked`")

    def _allowed(self, fn: str, path: str, real: str, access: Access) -> str:
        skill = self._context.skill
        roots: tuple[str, ...] = ()
        if skill is not None:
            roots = skill.writable if access == "write" else skill.readable + skill.writable
        for root in roots:
            base = os.path.realpath(root)
            if real == base or real.startswith(base.rstrip(os.sep) + os.sep):
                return real
        raise HostFunctionError(f"{fn}: profile `locked` does not open this path for {access}: {path}")
