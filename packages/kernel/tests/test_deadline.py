from __future__ import annotations

import asyncio

import pytest

from pharia_kernel.deadline import within


async def test_what_ends_at_once_needs_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once() -> int:
        return 3

    monkeypatch.setattr(asyncio, "timeout", None)
    assert await within(0.0, at_once()) == 3


async def test_what_waits_gives_its_value() -> None:
    async def waits() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        return "value"

    assert await within(5, waits()) == "value"


async def test_what_waits_for_too_long_is_stopped() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with pytest.raises(TimeoutError):
        await within(0.01, waits())
    assert ended == ["cancelled"]


@pytest.mark.parametrize("pauses", [0, 1, 2])
async def test_its_errors_are_raised(pauses: int) -> None:
    async def fails() -> None:
        for _ in range(pauses):
            await asyncio.sleep(0)
        raise KeyError("x")

    with pytest.raises(KeyError):
        await within(5, fails())


async def test_errors_of_what_it_waits_for_can_be_caught_there() -> None:
    async def recovers() -> str:
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        broken.get_loop().call_soon(broken.set_exception, OSError("x"))
        try:
            await broken
        except OSError:
            await asyncio.sleep(0)
            return "recovered"
        return "not reached"

    assert await within(5, recovers()) == "recovered"


async def test_cancelling_reaches_it_and_goes_on() -> None:
    seen: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("tidied up")

    task = asyncio.create_task(within(5, waits()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["tidied up"]
