"""What other processes of the same user can see of a process that serves."""

from __future__ import annotations

import sys

_SET_DUMPABLE = 4
"""``PR_SET_DUMPABLE``; children that run programs are as usual again."""


def keep_private() -> None:
    """Close memory and environment, which hold secrets, to programs that skills and tool servers start.

    Whoever may do everything sees them nevertheless. Changes nothing where the system can not do that.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
