"""What a child process gets of the kernel's environment, which holds secrets."""

from __future__ import annotations

import os

_NAMES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")


def child_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _NAMES if name in os.environ}
