"""How many files and connections the process may have open."""

from __future__ import annotations

import sys


def allow_open_files() -> None:
    """Raise the soft limit to the hard one, which is the operator's; a thousand calls need two thousand connections.

    Soft limits are low (often 1,024) only for programs that use ``select``. Changes nothing where that is not possible.
    """
    if sys.platform == "win32":
        return
    import resource  # POSIX alone has it

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):  # macOS says "unlimited" and takes less
            pass
