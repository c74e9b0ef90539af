"""Clocks that stand still until they are moved, and a ledger that goes by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pharia_kernel.quotas import Ledger, ledger_bytes
from pharia_kernel.quotas.limits import KERNEL, NO_LIMITS, Account, Limits, Owner
from pharia_kernel.quotas.memory import OwnMemory


@dataclass
class Clock:
    now: float = 1000.0
    wall: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def by_the_wall(self) -> float:
        return self.wall

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(OwnMemory(ledger_bytes(1)), clock=clock, wall=clock.by_the_wall)


@pytest.fixture
def accounts() -> Callable[..., tuple[Account, ...]]:
    """The kernel's, and that of a caller with limits."""

    def make(caller: str = "a", kernel: Limits = NO_LIMITS, **limits: object) -> tuple[Account, ...]:
        return (Account(KERNEL, kernel), Account(Owner("caller", caller), Limits(**limits)))  # type: ignore[arg-type]

    return make
