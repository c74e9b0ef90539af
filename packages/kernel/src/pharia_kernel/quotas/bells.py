"""How processes tell each other that a place may have become free: one pipe for each, which all can write to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence


class Bells:
    """``ends`` are the writing ends by number of the process; ``own`` is the reading end of this one's.

    A ring says how many processes may still be asked.
    """

    def __init__(self, own: int, ends: Sequence[int]) -> None:
        self._own = own
        self._ends = ends

    def hear(self, rung: Callable[[int], None]) -> None:
        """Have ``rung`` called on the running event loop from now on."""
        os.set_blocking(self._own, False)
        asyncio.get_running_loop().add_reader(self._own, self._read, rung)

    def deafen(self) -> None:
        asyncio.get_running_loop().remove_reader(self._own)

    def ring(self, process: int, left: int) -> None:
        try:
            os.write(self._ends[process], bytes((left,)))
        except OSError:
            pass  # so many rings are on their way that it looks anyway, or it has ended

    def _read(self, rung: Callable[[int], None]) -> None:
        for left in os.read(self._own, 4096):
            rung(left)


def pipes(processes: int) -> list[tuple[int, int]]:
    """Reading and writing ends, not inherited unless they are passed on."""
    made = [os.pipe() for _ in range(processes)]
    for _, write in made:
        os.set_blocking(write, False)
    return made
