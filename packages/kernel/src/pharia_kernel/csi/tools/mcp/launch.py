"""Becomes a program that Linux ends when the kernel ends, however that happens; elsewhere just the program.

``python launch.py KERNEL_PROCESS_ID PROGRAM ARGUMENT…``; it runs without the packages of the kernel.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Of ``linux/prctl.h``; stays through ``exec``."""


def main(kernel: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != kernel:  # it ended before the system was told
            return
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} can not be started: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
