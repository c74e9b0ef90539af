"""What the process that watches keeps for its workers: the memory they count in, and what they told that they used."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from pharia_kernel.cli.peers.wire import Unanswered, Wire, wired
from pharia_kernel.composition.quotas import count_today, usage_book
from pharia_kernel.config import Settings
from pharia_kernel.quotas import Ledger, ledger_bytes
from pharia_kernel.quotas.bells import Bells, pipes
from pharia_kernel.usage import Row
from pharia_kernel.usage.file import kept_in


@dataclass(frozen=True, slots=True)
class Shared:
    """File descriptors that a worker inherits."""

    number: int
    wire: int
    memory: int
    bell: int
    bells: tuple[int, ...]

    @property
    def descriptors(self) -> tuple[int, ...]:
        return (self.wire, self.memory, self.bell, *self.bells)

    def __str__(self) -> str:
        """As an argument of a command; :meth:`parse` reads it."""
        return ",".join(map(str, (self.number, *self.descriptors)))

    @classmethod
    def parse(cls, text: str) -> Shared:
        number, wire, memory, bell, *bells = map(int, text.split(","))
        return cls(number, wire, memory, bell, tuple(bells))


@dataclass(frozen=True, slots=True)
class Joined:
    shared: Shared
    end: socket.socket
    """The worker's of the wire; to be closed when the worker has it."""


class Hub:
    """An async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book = usage_book(settings)
        self._wires: dict[int, Wire] = {}
        self._serving: set[int] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Hub:
        from pharia_kernel.quotas.shared_memory import SharedMemory, shared_descriptor  # not on Windows

        workers = self._settings.workers
        async with AsyncExitStack() as stack:
            descriptor = shared_descriptor(ledger_bytes(workers))
            stack.callback(os.close, descriptor)
            self._memory = descriptor
            self._ledger = Ledger(SharedMemory(descriptor), 0, workers)
            self._pipes = pipes(workers)
            stack.callback(_close, self._pipes)
            self._bells = Bells(-1, [write for _, write in self._pipes])
            if (file := self._settings.usage.file) is not None:
                await stack.enter_async_context(kept_in(file, self._book))
                count_today(self._ledger, self._book, self._settings)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def joined(self, number: int) -> AsyncGenerator[Joined, None]:
        """One worker, from before its process begins until after it has ended."""
        ours, theirs = socket.socketpair()
        handlers = {
            "used": self._used,
            "usage": self._usage,
            "evict": lambda skill: self._evict(number, skill),
            "cached": lambda _: self._cached(number),
        }
        with theirs:
            async with wired(ours, handlers) as wire:
                self._wires[number] = wire
                try:
                    bell, bells = self._pipes[number][0], tuple(write for _, write in self._pipes)
                    yield Joined(Shared(number, theirs.fileno(), self._memory, bell, bells), theirs)
                finally:
                    del self._wires[number]
                    self._serving.discard(number)
                    self._tell_workers()
                    self._ledger.strike_out(number)
                    self._wake()

    def serves(self, number: int) -> None:
        """A worker that joined has started."""
        if number in self._wires:
            self._serving.add(number)
            self._tell_workers()

    def _tell_workers(self) -> None:
        for wire in self._wires.values():
            wire.tell("workers", len(self._serving))

    def _wake(self) -> None:
        """What an ended worker held is free now."""
        for other in self._wires:
            self._bells.ring(other, 1)

    async def _used(self, rows: Any) -> None:
        self._book.take(msgspec.convert(rows, list[Row]))

    async def _usage(self, _: object) -> list[Row]:
        for rows in await self._ask("drain", list(self._wires)):
            await self._used(rows)
        return self._book.rows()

    async def _evict(self, asker: int, skill: object) -> bool:
        return any(await self._ask("evict", self._others(asker), skill))

    async def _cached(self, asker: int) -> list[Any]:
        found = await self._ask("cached", self._others(asker))
        return [skill for skills in found for skill in skills]

    def _others(self, asker: int) -> list[int]:
        return [number for number in self._wires if number != asker]

    async def _ask(self, question: str, numbers: Sequence[int], content: object = None) -> list[Any]:
        """The answers of those that gave one; one that ends, or has just begun, has nothing to say."""
        asked = [self._wires[number].ask(question, content) for number in numbers]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Unanswered):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]


def _close(made: Sequence[tuple[int, int]]) -> None:
    for pair in made:
        for end in pair:
            os.close(end)
