"""A rate with a burst, as one number: the time at which everything granted so far has been earned.

The generic cell rate algorithm of ITU-T I.371, the virtual scheduling form. Over any time ``t`` at most
``burst + rate * t`` calls pass.
"""

from __future__ import annotations

_ROUNDING = 1e-9
"""Seconds; sums of intervals are not exact."""


def wait(earned: float, now: float, rate: float, burst: int) -> float:
    """Seconds until the next call may pass; 0 if it may now."""
    early = earned - now - (burst - 1) / rate
    return early if early > _ROUNDING else 0.0


def granted(earned: float, now: float, rate: float) -> float:
    """The new number after a call passed."""
    return max(earned, now) + 1 / rate
