"""Counts that several processes keep together, under one lock.

A lock of the system is given back when its process ends, however it ends. Taking and releasing it costs 3 us.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import time
from collections.abc import Callable

from pharia_kernel.errors import Saturated

_LOCK_SECONDS = 1.0
"""The lock is held for microseconds; longer means that its process does not run."""
_TRIES = 100
"""At once; then with pauses."""


class SharedMemory:
    """Implements :class:`~pharia_kernel.quotas.memory.Memory`.

    Of several processes, by a file descriptor that they inherit; zeros at first.
    """

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes over the descriptor."""
        self.descriptor = descriptor
        self._clock = clock
        self._map = mmap.mmap(descriptor, os.fstat(descriptor).st_size)
        self.bytes = memoryview(self._map)

    def __enter__(self) -> None:
        for _ in range(_TRIES):
            if self._locked():
                return
        until = self._clock() + _LOCK_SECONDS
        while not self._locked():
            if self._clock() > until:
                raise Saturated("what may be used can not be counted now; try again")
            time.sleep(0.0001)  # whoever holds it has already done what it wanted, or does not run

    def __exit__(self, *exc: object) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_UN, 1)

    def _locked(self) -> bool:
        try:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
        except (BlockingIOError, PermissionError):
            return False
        return True


def shared_descriptor(size: int) -> int:
    """Of memory without a name, which is gone with the last process that has it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pharia-kernel-limits")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
