"""`vulcan.os`: the platform."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping

from luaskills.vulcan.arguments import Arguments
from luaskills.vulcan.function import HostFunction

_SYSTEMS = {"darwin": "macos", "win32": "windows"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686"}


def functions() -> Mapping[str, HostFunction]:
    """The table, by function name."""
    return {"info": info}


def info(_given: Arguments) -> object:
    """Operating system and processor."""
    machine = platform.machine().lower()
    return {"os": _SYSTEMS.get(sys.platform, sys.platform), "arch": _MACHINES.get(machine, machine)}
