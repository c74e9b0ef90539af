from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from pharia_kernel.csi.types import Part, TextPart
from pharia_kernel.errors import BackendUnavailable
from pharia_kernel.runtimes.wasm.host.functions import Arrival
from pharia_kernel.runtimes.wasm.worlds.part_stream import PartStream


class Source:
    """A backend that gives parts as fast as they are taken."""

    def __init__(self, count: int = 3, error: Exception | None = None) -> None:
        self.given = 0
        self.open = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self._count = count
        self._error = error

    async def read(self) -> AsyncGenerator[Part, None]:
        self.open += 1
        try:
            for index in range(self._count):
                self.given += 1
                yield TextPart(str(index))
            if self._error:
                raise self._error
        finally:
            self.open -= 1

    def stream(self) -> PartStream:
        return PartStream(asyncio.get_running_loop(), self.read, self.event, self.tasks)

    @staticmethod
    def event(part: Part) -> str | None:
        assert isinstance(part, TextPart)
        return None if part.text == "2" else part.text


async def read(stream: PartStream, count: int) -> list[str | None]:
    return [stream.take() if stream.ready else await arrived(stream.wait()) for _ in range(count)]


async def arrived(waiting: Arrival | asyncio.Future[Any]) -> Any:
    """What an execution does with it."""
    there = asyncio.Event()
    waiting.add_done_callback(lambda _: there.set())
    await there.wait()
    if error := waiting.exception():
        raise error
    return waiting.result()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_events_come_in_order_and_the_end_repeats() -> None:
    source = Source(count=5)
    assert await read(source.stream(), 7) == ["0", "1", "3", "4", None, None, None]
    assert source.open == 0


async def test_the_request_starts_before_anybody_asks() -> None:
    source = Source()
    source.stream()
    await settle()
    assert source.given > 0


async def test_an_error_comes_after_the_events_before_it() -> None:
    stream = Source(count=1, error=BackendUnavailable("gone")).stream()
    assert await read(stream, 1) == ["0"]
    with pytest.raises(BackendUnavailable):
        await read(stream, 1)


async def test_a_slow_reader_slows_the_backend_down() -> None:
    source = Source(count=1000)
    stream = source.stream()
    await settle()
    ahead = source.given
    assert ahead < 20
    await read(stream, 5)
    await settle()
    assert ahead < source.given <= ahead + 5
    assert await read(stream, 994) == list(map(str, range(6, 1000)))


@pytest.mark.parametrize("parts", [0, 1, 1000])
async def test_closing_ends_the_request(parts: int) -> None:
    source = Source(count=10_000)
    stream = source.stream()
    await read(stream, parts)
    stream.close()
    await settle()
    assert source.open == 0
    assert not source.tasks


async def test_closing_before_the_request_began_sends_none() -> None:
    source = Source()
    source.stream().close()
    await settle()
    assert source.given == 0


async def test_an_event_that_is_there_ends_the_waiting_at_once() -> None:
    stream = Source().stream()
    await settle()
    assert stream.wait().result() == "0"
