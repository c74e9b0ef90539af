"""What may be used, and who may use it. ``None`` is: as much as there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from pharia_kernel.types import Caller

ANONYMOUS = "anonymous"
"""All callers without an identity together."""


@dataclass(frozen=True, slots=True)
class Limits:
    concurrent: int | None = None
    """Calls that run at the same time."""
    queued: int | None = None
    """Calls that wait for one of them to end."""
    rate: float | None = None
    """Calls per second."""
    burst: int | None = None
    """Calls at once after a pause, where there is a rate."""
    minute_tokens: int | None = None
    """Of models, in each minute of the clock."""
    day_tokens: int | None = None
    """Of models, in each day (UTC)."""
    deadline_seconds: float | None = None
    """Of one call."""
    memory_bytes: int | None = None
    """Of one call."""

    @property
    def for_tokens(self) -> bool:
        return not (self.minute_tokens is None and self.day_tokens is None)

    @property
    def most_at_once(self) -> int:
        """By default the calls of a quarter of a second, and not fewer than two.

        With less, calls that do not come evenly get less than their rate; with more, noticeably more than it.
        """
        return self.burst or max(2, math.ceil((self.rate or 0) / 4))

    def before(self, other: Limits) -> Limits:
        """These, and those of ``other`` where there is none here."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        return Limits(**{name: getattr(other, name) if value is None else value for name, value in own.items()})


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose limit it is."""

    kind: Literal["kernel", "namespace", "caller"]
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "kernel":
            return "the kernel"
        return f'namespace "{self.name}"' if self.kind == "namespace" else f"caller {self.name}"


KERNEL = Owner("kernel")


@dataclass(frozen=True, slots=True)
class Spender:
    """On whose account something is used."""

    namespace: str
    skill: str
    """Empty for what is asked for without a skill."""
    caller: str

    @classmethod
    def of(cls, namespace: str, skill: str, caller: Caller) -> Spender:
        return cls(namespace, skill, caller.id or ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Account:
    owner: Owner
    limits: Limits


@dataclass(frozen=True, slots=True)
class LimitTable:
    kernel: Limits = NO_LIMITS
    """Of all calls together."""
    namespaces: Mapping[str, Limits] = field(default_factory=dict)
    callers: Mapping[str, Limits] = field(default_factory=dict)
    each_caller: Limits = NO_LIMITS
    """Of every caller, where ``callers`` says nothing else."""

    def accounts(self, namespace: str, caller: str) -> tuple[Account, ...]:
        """The kernel's first, then those that have limits."""
        of_caller = self.callers.get(caller, NO_LIMITS).before(self.each_caller)
        own = (
            Account(Owner("namespace", namespace), self.namespaces.get(namespace, NO_LIMITS)),
            Account(Owner("caller", caller), of_caller),
        )
        return (Account(KERNEL, self.kernel), *(account for account in own if account.limits != NO_LIMITS))
