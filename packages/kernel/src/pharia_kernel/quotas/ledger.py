"""What every owner of limits uses now, in memory that several processes may share.

Hot path. A call costs two visits, a request to a model two more; each takes 3 us, and 6 us where the memory is shared
(``bench/quotas.py``).

The memory is an array of slots, one per owner, of 8-byte words. Calls are counted in columns, one per process, so that
the calls of a process that died can be struck out.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pharia_kernel.errors import KernelError, Saturated
from pharia_kernel.quotas import rate
from pharia_kernel.quotas.limits import KERNEL, Account, Limits, Owner
from pharia_kernel.quotas.memory import Memory
from pharia_kernel.quotas.refusal import too_fast, too_many, too_many_tokens
from pharia_kernel.quotas.window import DAY, MINUTE, Window

SLOTS = 4096
_PROBES = 64
_WORD = 8
_KEY, _TOUCHED, _EARNED, _MEAN = 0, 2, 3, 4
_WINDOWS = {MINUTE: 5, DAY: 7}
"""Where the number of the window is; its count is behind it."""
_RUNNING = 9
_SMOOTHING = 0.1
"""Weight of the newest call in the mean duration."""


def ledger_bytes(processes: int) -> int:
    return SLOTS * _stride(processes) * _WORD


def _stride(processes: int) -> int:
    return _RUNNING + 2 * processes


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens that are taken until it is known how many were used."""

    tokens: int
    taken: tuple[tuple[Owner, Window, int], ...]
    """Whose, and the window by its number."""


class Ledger:
    """``process`` is the number of this one among ``processes``."""

    def __init__(
        self,
        memory: Memory,
        process: int = 0,
        processes: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._memory = memory
        self._whole = memory.bytes.cast("q")
        self._real = memory.bytes.cast("d")
        self._process = process
        self._processes = processes
        self._stride = _stride(processes)
        self._waiting = _RUNNING + processes
        self._clock = clock
        self._wall = wall
        self._found: dict[Owner, tuple[int, int, int]] = {}
        """Slot and key."""

    # ---- calls

    def arrive(self, accounts: Sequence[Account], *, behind: bool) -> bool:
        """A call begins, True, or has to wait: for one that ends, or since it comes ``behind`` others.

        The kernel's account is the first. Raises :class:`~pharia_kernel.errors.QuotaExceeded` and, for the kernel's own
        places, :class:`Saturated`.
        """
        with self._memory:
            now = self._clock()
            slots = [self._slot(account.owner, now) for account in accounts]
            for account, slot in zip(accounts, slots, strict=True):
                if (late := self._late(account.limits, slot, now)) > 0:
                    raise too_fast(account, late)
            runs = not behind and self._blocking(accounts, slots) is None
            if not runs:
                self._check_queue(accounts, slots)
            column = (_RUNNING if runs else self._waiting) + self._process
            for account, slot in zip(accounts, slots, strict=True):
                if account.limits.rate is not None:
                    self._real[slot + _EARNED] = rate.granted(self._real[slot + _EARNED], now, account.limits.rate)
                self._whole[slot + column] += 1
            return runs

    def promote(self, accounts: Sequence[Account]) -> Account | None:
        """A call that waits begins, or the account that has no place for it."""
        with self._memory:
            now = self._clock()
            slots = [self._slot(account.owner, now) for account in accounts]
            blocking = self._blocking(accounts, slots)
            if blocking is None:
                for slot in slots:
                    self._less(slot + self._waiting + self._process)
                    self._whole[slot + _RUNNING + self._process] += 1
            return blocking

    def leave(self, accounts: Sequence[Account], seconds: float | None) -> int:
        """A call ended after so many seconds, None if it did not run.

        Gives the process whose calls may use the place, -1 if none waits.
        """
        with self._memory:
            now = self._clock()
            for account in accounts:
                slot = self._slot(account.owner, now)
                self._less(slot + _RUNNING + self._process)
                if seconds is None:
                    continue
                mean = self._real[slot + _MEAN]
                self._real[slot + _MEAN] = seconds if mean == 0 else mean + _SMOOTHING * (seconds - mean)
            return self._next_waiting()

    def abandon(self, accounts: Sequence[Account]) -> None:
        """A call that waits gives up."""
        with self._memory:
            now = self._clock()
            for account in accounts:
                self._less(self._slot(account.owner, now) + self._waiting + self._process)

    def next_waiting(self) -> int:
        """The next process with calls that wait, in turns; -1 if there is none."""
        with self._memory:
            return self._next_waiting()

    def running(self, owner: Owner) -> int:
        with self._memory:
            return self._running(self._slot(owner, self._clock()))

    def waiting(self, owner: Owner) -> int:
        with self._memory:
            return self._waits(self._slot(owner, self._clock()))

    def strike_out(self, process: int) -> None:
        """The calls of a process that has ended."""
        with self._memory:
            for slot in range(0, SLOTS * self._stride, self._stride):
                self._whole[slot + _RUNNING + process] = 0
                self._whole[slot + self._waiting + process] = 0

    # ---- tokens

    def reserve(self, accounts: Sequence[Account], least: int, wanted: int) -> Reservation:
        """Take ``wanted`` tokens, or what is left if that is at least ``least``.

        Raises :class:`~pharia_kernel.errors.QuotaExceeded`.
        """
        with self._memory:
            now, wall = self._clock(), self._wall()
            tokens = wanted
            taken: list[tuple[Owner, Window, int]] = []
            refused: list[tuple[float, Account, Window, int]] = []
            for account in accounts:
                slot = self._slot(account.owner, now)
                for window, limit in ((MINUTE, account.limits.minute_tokens), (DAY, account.limits.day_tokens)):
                    if limit is None:
                        continue
                    left = limit - self._used(slot, window, wall)
                    if left < least:
                        refused.append((window.rest(wall), account, window, max(0, left)))
                    tokens = min(tokens, left)
                    taken.append((account.owner, window, window.number(wall)))
            if refused:
                seconds, account, window, left = max(refused, key=lambda one: one[0])
                raise too_many_tokens(account, window, least, left, seconds)
            for owner, window, _ in taken:
                self._whole[self._slot(owner, now) + _WINDOWS[window] + 1] += tokens
            return Reservation(tokens, tuple(taken))

    def settle(self, reservation: Reservation, used: int) -> None:
        """Put what was used in the place of what was taken, where the window is still the same."""
        with self._memory:
            now = self._clock()
            for owner, window, number in reservation.taken:
                slot = self._slot(owner, now)
                place = slot + _WINDOWS[window]
                if self._whole[place] == number:
                    self._whole[place + 1] = max(0, self._whole[place + 1] + used - reservation.tokens)

    def used(self, owner: Owner, window: Window) -> int:
        """Tokens in the window of now, those that are reserved among them."""
        with self._memory:
            return self._used(self._slot(owner, self._clock()), window, self._wall())

    def note_used(self, owner: Owner, window: Window, tokens: int) -> None:
        """Add what was used before this ledger was made."""
        with self._memory:
            slot, wall = self._slot(owner, self._clock()), self._wall()
            self._used(slot, window, wall)
            self._whole[slot + _WINDOWS[window] + 1] += tokens

    # ---- within the lock

    def _late(self, limits: Limits, slot: int, now: float) -> float:
        if limits.rate is None:
            return 0.0
        return rate.wait(self._real[slot + _EARNED], now, limits.rate, limits.most_at_once)

    def _blocking(self, accounts: Sequence[Account], slots: Sequence[int]) -> Account | None:
        for account, slot in zip(accounts, slots, strict=True):
            most = account.limits.concurrent
            if most is not None and self._running(slot) >= most:
                return account
        return None

    def _check_queue(self, accounts: Sequence[Account], slots: Sequence[int]) -> None:
        for account, slot in reversed(list(zip(accounts, slots, strict=True))):  # the kernel's last
            most = account.limits.queued
            own = account.owner == KERNEL  # shared out, so that no process can take what keeps the others fair
            waiting = self._whole[slot + self._waiting + self._process] if own else self._waits(slot)
            if most is not None and waiting >= most:
                raise self._full(account, slot)

    def _full(self, account: Account, slot: int) -> KernelError:
        running = self._running(slot)
        return too_many(account, running, self._waits(slot), self._real[slot + _MEAN] / max(1, running))

    def _running(self, slot: int) -> int:
        begin = slot + _RUNNING
        return self._whole[begin] if self._processes == 1 else sum(self._whole[begin : begin + self._processes])

    def _waits(self, slot: int) -> int:
        begin = slot + self._waiting
        return self._whole[begin] if self._processes == 1 else sum(self._whole[begin : begin + self._processes])

    def _less(self, place: int) -> None:
        """Not below zero: whoever was struck out may still live."""
        if self._whole[place] > 0:
            self._whole[place] -= 1

    def _next_waiting(self) -> int:
        """The kernel's slot knows every call; the word behind its key says whose turn it was."""
        slot = 0
        waiting = self._whole[slot + self._waiting : slot + self._waiting + self._processes]
        last = self._whole[1]
        for step in range(1, self._processes + 1):
            process = (last + step) % self._processes
            if waiting[process] > 0:
                self._whole[1] = process
                return process
        return -1

    def _used(self, slot: int, window: Window, wall: float) -> int:
        place, number = slot + _WINDOWS[window], window.number(wall)
        if self._whole[place] != number:
            self._whole[place], self._whole[place + 1] = number, 0
        return self._whole[place + 1]

    def _slot(self, owner: Owner, now: float) -> int:
        if owner == KERNEL:
            return 0
        known = self._found.get(owner)
        if known is None or self._whole[known[0]] != known[1] or self._whole[known[0] + 1] != known[2]:
            if len(self._found) >= 2 * SLOTS:
                self._found.clear()
            known = self._found[owner] = self._search(owner)
        self._real[known[0] + _TOUCHED] = now
        return known[0]

    def _search(self, owner: Owner) -> tuple[int, int, int]:
        digest = hashlib.blake2b(f"{owner.kind}/{owner.name}".encode(), digest_size=16).digest()
        low, high = (int.from_bytes(part, "big", signed=True) or 1 for part in (digest[:8], digest[8:]))
        unused, oldest, since = -1, -1, float("inf")
        for step in range(_PROBES):
            slot = (1 + (low + step) % (SLOTS - 1)) * self._stride
            if self._whole[slot] == low and self._whole[slot + 1] == high:
                return slot, low, high
            if self._whole[slot] == 0:
                unused = slot if unused < 0 else unused
            elif self._running(slot) == 0 == self._waits(slot) and self._real[slot + _TOUCHED] < since:
                oldest, since = slot, self._real[slot + _TOUCHED]
        slot = oldest if unused < 0 else unused
        if slot < 0:
            raise Saturated(f"too many callers at once to count what {owner} uses; try again")
        for place in range(slot, slot + self._stride):
            self._whole[place] = 0
        self._whole[slot], self._whole[slot + 1] = low, high
        return slot, low, high
