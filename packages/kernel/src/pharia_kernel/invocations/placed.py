"""Within a place and a deadline, on somebody's account.

Hot path: a generator in the place of the class would cost 4 us more.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from pharia_kernel.errors import DeadlineExceeded, KernelError, Saturated
from pharia_kernel.quotas import Place, Spender
from pharia_kernel.usage import UsageBook


class Placed:
    """``async with`` gives the deadline by the loop's clock. The seconds count from when one waits for the place.

    Raises what the place raises, :class:`~pharia_kernel.errors.Saturated` where the deadline ends the wait for it, and
    :class:`~pharia_kernel.errors.DeadlineExceeded` where it ends the body.
    """

    __slots__ = ("_began", "_limit", "_place", "_seconds", "_spender", "_usage", "_what")

    _began: float
    _limit: asyncio.Timeout

    def __init__(self, what: str, seconds: float, spender: Spender, place: Place, usage: UsageBook) -> None:
        self._what = what
        self._seconds = seconds
        self._spender = spender
        self._place = place
        self._usage = usage

    async def __aenter__(self) -> float:
        deadline = asyncio.get_running_loop().time() + self._seconds
        self._began, self._limit = time.perf_counter(), asyncio.timeout_at(deadline)
        await self._limit.__aenter__()
        try:
            await self._place.__aenter__()
        except BaseException as error:
            self._usage.refused(self._spender)
            try:
                await self._limit.__aexit__(type(error), error, error.__traceback__)
            except TimeoutError:
                raise too_late(self._what, self._seconds, running=False) from None
            raise
        return deadline

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._place.__aexit__(kind, error, traceback)
            await self._limit.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise too_late(self._what, self._seconds, running=True) from None
        finally:
            seconds = time.perf_counter() - self._began
            self._usage.called(self._spender, failed=error is not None, seconds=seconds)


def too_late(what: str, seconds: float, *, running: bool) -> KernelError:
    if running:
        return DeadlineExceeded(f"{what} did not finish within {seconds:g} s")
    return Saturated(f"{what} waited {seconds:g} s for its turn; the kernel is busy, try again later")
