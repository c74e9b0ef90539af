"""Ending a process together with everything it started."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def kill_tree(pid: int) -> None:
    """Kill a process and its descendants; where there is no ``/proc``, those of its process group."""
    _signal(pid, signal.SIGSTOP)  # it starts no more
    below = _descendants(pid)
    for found in (pid, *below):
        try:
            if os.getpgid(found) == found:
                os.killpg(found, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        _signal(found, signal.SIGKILL)


def kill_children() -> None:
    """Kill everything that this process started; does nothing where there is no ``/proc``."""
    for found in _descendants(os.getpid()):
        _signal(found, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, open_ends = [], [pid]
    while open_ends:
        below = children.get(open_ends.pop(), [])
        found += below
        open_ends += below
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
