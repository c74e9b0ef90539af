"""Looking at a file system that may hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pharia_kernel.skills.registry import RegistryUnavailable

Found = TypeVar("Found")

_SECONDS = 10.0


class Look(Generic[Found]):
    """One look at a time, on a thread.

    A look that hangs (a network file system that is gone) keeps one thread; later ones wait for the same.
    """

    def __init__(self, directory: Path, look: Callable[[], Found]) -> None:
        """``look`` may raise :class:`OSError`."""
        self._directory = directory
        self._look = look
        self._looking: asyncio.Future[Found | OSError] | None = None

    async def now(self) -> Found:
        """Raises :class:`RegistryUnavailable`."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().run_in_executor(None, self._caught)
        done, _ = await asyncio.wait([self._looking], timeout=_SECONDS)
        if not done:
            raise RegistryUnavailable(f"directory {self._directory}: no answer within {_SECONDS:.0f} s")
        looking, self._looking = self._looking, None
        found = looking.result()
        if isinstance(found, OSError):
            raise RegistryUnavailable(f"directory {self._directory} can not be read: {found.strerror or found}")
        return found

    def _caught(self) -> Found | OSError:
        try:
            return self._look()
        except OSError as error:
            return error
