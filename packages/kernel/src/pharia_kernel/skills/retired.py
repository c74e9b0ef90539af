"""Versions that nobody calls any more give their code back."""

from __future__ import annotations

import asyncio
import logging

from pharia_kernel.runtimes.skill import Skill

logger = logging.getLogger("pharia_kernel.skills")

_CLOSE_SECONDS = 10.0


class Retired:
    """Closes skills in the background, until the store that served them has ended."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._ended = False

    def close(self, skill: Skill) -> None:
        if not self._ended:
            self._tasks.create_task(_closed(skill))

    def end(self) -> None:
        """From now on the end of the runtime itself gives everything back."""
        self._ended = True


async def _closed(skill: Skill) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await skill.aclose()
    except Exception:
        logger.exception("giving back skill %s", skill.digest)
