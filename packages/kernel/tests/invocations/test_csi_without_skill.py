"""The CSI for those who ask without a skill: a place, a deadline, an end with the kernel."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from pharia_kernel.errors import DeadlineExceeded, Saturated
from pharia_kernel.types import Caller

ME = Caller("my-token")


async def test_it_is_that_of_namespace_and_caller_and_is_closed(bench: Any) -> None:
    async with bench.open({}) as invocations:
        async with invocations.csi("dev", ME) as csi:
            assert (csi.path.namespace, csi.caller, csi.tool_event, csi.closed) == ("dev", ME, None, False)
            assert invocations.running == 1
        assert (csi.closed, invocations.running) == (True, 0)


async def test_it_takes_a_place_among_the_calls(bench: Any, limits: Any) -> None:
    async with (
        bench.open({}, dataclasses.replace(limits, concurrent_calls=1, queued_calls=0)) as invocations,
        invocations.csi("dev", ME),
    ):
        with pytest.raises(Saturated, match="1 calls are running"):
            async with invocations.csi("dev", ME):
                pass


async def test_it_has_the_deadline_of_a_call(bench: Any, limits: Any) -> None:
    async with bench.open({}, dataclasses.replace(limits, deadline_seconds=0.01)) as invocations:
        with pytest.raises(DeadlineExceeded, match=r"the CSI call did not finish within 0\.01 s"):
            async with invocations.csi("dev", ME):
                await asyncio.Event().wait()
        (csi,) = bench.csis
        assert csi.closed


async def test_a_timeout_of_its_own_is_not_the_deadline(bench: Any) -> None:
    async with bench.open({}) as invocations:
        with pytest.raises(TimeoutError):
            async with invocations.csi("dev", ME):
                raise TimeoutError


async def test_it_ends_with_the_kernel(bench: Any, limits: Any) -> None:
    began = asyncio.Event()

    async def use(invocations: Any) -> None:
        async with invocations.csi("dev", ME):
            began.set()
            await asyncio.Event().wait()

    async with bench.open({}, dataclasses.replace(limits, grace_seconds=0)) as invocations:
        user = asyncio.create_task(use(invocations))
        await began.wait()
    with pytest.raises(Saturated, match="shutting down"):
        await user
    with pytest.raises(Saturated, match="shutting down"):
        await use(invocations)
