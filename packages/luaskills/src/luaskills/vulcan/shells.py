"""Shells of the host: names, how each takes a command, and which are there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from luaskills.errors import HostFunctionError

WINDOWS = sys.platform == "win32"
NAMES = ("sh", "bash", "zsh", "pwsh", "powershell", "cmd")
DEFAULT = "cmd" if WINDOWS else "sh"
_CANDIDATES = (
    ("cmd", "pwsh", "powershell", "bash", "sh", "zsh") if WINDOWS else ("sh", "bash", "zsh", "pwsh", "powershell")
)
_FORMS: dict[str, tuple[str, ...]] = {
    "sh": ("-c",),
    "bash": ("-lc",),
    "zsh": ("-lc",),
    "cmd": ("/C",),
    "pwsh": ("-NoProfile", "-Command"),
    "powershell": ("-NoProfile", "-Command"),
}
_DEFAULT_PROGRAM = "cmd.exe" if WINDOWS else "/bin/sh"


def available() -> list[str]:
    """The default shell and those found on PATH, in a fixed order."""
    return [name for name in _CANDIDATES if name == DEFAULT or shutil.which(name)]


def command_line(shell: str | None, command: str) -> Sequence[str]:
    """The argument vector that runs `command` in the named shell; None is the default one, which is never looked up.

    Raises `HostFunctionError` for a shell that is unknown or not installed.
    """
    if shell is None:
        return [_DEFAULT_PROGRAM, *_FORMS[DEFAULT], command]
    name = shell.strip().lower()
    if name not in NAMES:
        raise HostFunctionError(f"process.exec: shell must be one of: {', '.join(NAMES)}")
    program = shutil.which(name)
    if program is None:
        raise HostFunctionError(
            f"process.exec: shell `{name}` is not available in the current host; "
            f"available shell values: {', '.join(available())}"
        )
    return [program, *_FORMS[name], command]


def which(program: str) -> str | None:
    """The absolute path of a program, None when there is none; a text with a separator is looked at directly."""
    if os.path.isabs(program) or os.sep in program or (os.altsep and os.altsep in program):
        direct = os.path.abspath(program)
        return direct if os.path.isfile(direct) and os.access(direct, os.X_OK) else None
    found = shutil.which(program)
    return os.path.abspath(found) if found else None
