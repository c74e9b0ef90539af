"""Which calls run now, which wait, and who comes next.

Hot path. A call that finds a place costs 2 us, beside the two visits of the ledger.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType

from pharia_kernel.errors import Saturated
from pharia_kernel.quotas.bells import Bells
from pharia_kernel.quotas.ledger import Ledger
from pharia_kernel.quotas.limits import Account
from pharia_kernel.quotas.refusal import pushed_out
from pharia_kernel.quotas.turns import Turns, Verdict

_LOOK_SECONDS = 0.1
"""While calls wait for places that other processes have, in case one of those died with the news."""


class Place:
    """``async with place:`` a call runs, after its turn has come."""

    __slots__ = ("_admission", "_began", "accounts", "caller", "namespace", "turn")

    def __init__(self, admission: Admission, namespace: str, caller: str, accounts: Sequence[Account]) -> None:
        self.namespace = namespace
        self.caller = caller
        self.accounts = accounts
        self.turn: asyncio.Future[None] | None = None
        """While it waits."""
        self._admission = admission
        self._began = 0.0

    async def __aenter__(self) -> Place:
        await self._admission.enter(self)
        self._began = time.perf_counter()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._admission.leave(self, time.perf_counter() - self._began)


class Admission:
    """Of one event loop. With ``bells`` the ledger is shared, and :meth:`close` ends that."""

    def __init__(self, ledger: Ledger, process: int = 0, processes: int = 1, bells: Bells | None = None) -> None:
        self._ledger = ledger
        self._process = process
        self._processes = processes
        self._bells = bells
        self._turns: Turns[Place] = Turns()
        self._running = 0
        self._looking: asyncio.TimerHandle | None = None
        if bells is not None:
            bells.hear(self._rung)

    def close(self) -> None:
        if self._bells is not None:
            self._bells.deafen()
        if self._looking is not None:
            self._looking.cancel()

    @property
    def running(self) -> int:
        """In this process."""
        return self._running

    @property
    def waiting(self) -> int:
        """In this process."""
        return len(self._turns)

    async def enter(self, place: Place) -> None:
        """Raises :class:`~pharia_kernel.errors.QuotaExceeded` and :class:`Saturated`."""
        if self._arrived(place):
            self._running += 1
            return
        place.turn = asyncio.get_running_loop().create_future()
        self._turns.add(place.namespace, place.caller, place)
        self._look_again()
        try:
            await place.turn
        except asyncio.CancelledError:
            if place.turn.cancelled():
                self._turns.remove(place.namespace, place.caller, place)
                self._ledger.abandon(place.accounts)
                self._offer(1)  # it may have stood before one that could begin
            elif place.turn.exception() is None:  # the place was handed over in the same moment
                self.leave(place, None)
            raise

    def leave(self, place: Place, seconds: float | None) -> None:
        """``seconds``: how long it ran, None if it did not."""
        self._running -= 1
        waiting = self._ledger.leave(place.accounts, seconds)
        if waiting == self._process:
            self._offer(self._processes)
        elif waiting >= 0:
            self._ring(waiting, self._processes)

    def _arrived(self, place: Place) -> bool:
        behind = self._turns.waits(place.namespace, place.caller)
        try:
            return self._ledger.arrive(place.accounts, behind=behind)
        except Saturated as full:
            other = self._turns.give_way(place.namespace, place.caller)
            if other is None:
                raise
            self._ledger.abandon(other.accounts)
            assert other.turn is not None
            other.turn.set_exception(pushed_out(other.accounts[0], full.retry_after or 1))
            return self._ledger.arrive(place.accounts, behind=True)

    def _offer(self, left: int) -> None:
        """Whoever can begin here does. If nobody can, the next of ``left`` processes is asked."""
        begun = False
        while self._turns and (place := self._turns.begin_one(self._begin)) is not None:
            begun = True
            self._running += 1
            assert place.turn is not None
            place.turn.set_result(None)
        if not begun and left > 1 and (waiting := self._ledger.next_waiting()) not in (-1, self._process):
            self._ring(waiting, left - 1)

    def _begin(self, place: Place) -> Verdict:
        assert place.turn is not None
        if place.turn.done():  # cancelled; its task takes it out
            return "caller"
        blocking = self._ledger.promote(place.accounts)
        return "begun" if blocking is None else blocking.owner.kind

    def _ring(self, process: int, left: int) -> None:
        if self._bells is not None:
            self._bells.ring(process, left)

    def _rung(self, left: int) -> None:
        self._offer(left)

    def _look_again(self) -> None:
        if self._bells is not None and self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = None
        if self._turns:
            self._offer(1)
            self._look_again()
