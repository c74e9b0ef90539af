"""The numbers of all worker processes, as one."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from pharia_kernel.cli.channel import WorkerChannel
from pharia_kernel.telemetry.numbers import AllProcesses, Numbers, decoded

_LOG = logging.getLogger("pharia_kernel.cli")
_SECONDS = 2.0
"""For a worker to say its numbers; then those it said before have to do."""


class WorkerNumbers:
    def __init__(self) -> None:
        self._all = AllProcesses()
        self._channels: set[WorkerChannel] = set()

    def join(self, channel: WorkerChannel) -> None:
        """A worker listens."""
        self._channels.add(channel)
        self._all.begin(channel)

    def leave(self, channel: WorkerChannel) -> None:
        """A worker has ended, or never listened; what it had counted stays."""
        self._channels.discard(channel)
        self._all.end(channel)

    async def together(self) -> list[Numbers]:
        await asyncio.gather(*(self._take(channel) for channel in self._channels))
        return self._all.together()

    async def _take(self, channel: WorkerChannel) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                self._all.take(channel, decoded(await channel.numbers()))
        except (TimeoutError, OSError, EOFError, msgspec.DecodeError) as error:
            _LOG.debug("a worker did not say its numbers: %r", error)
