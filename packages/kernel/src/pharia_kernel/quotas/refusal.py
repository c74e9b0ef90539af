"""What somebody is told who may not use more now: which limit, whose, and when to come again."""

from __future__ import annotations

import math

from pharia_kernel.errors import KernelError, QuotaExceeded, Saturated
from pharia_kernel.quotas.limits import KERNEL, Account
from pharia_kernel.quotas.window import Window


def too_fast(account: Account, seconds: float) -> KernelError:
    rate = account.limits.rate or 0
    text = f"{account.owner} takes {_per(rate)}; come again in {shown(seconds)}"
    return _refused(account, "rate", text, seconds)


def too_many(account: Account, running: int, waiting: int, seconds: float) -> KernelError:
    """``seconds``: until one of those who wait has probably begun."""
    whose = "" if account.owner == KERNEL else f" of {account.owner}"
    text = f"{running} calls{whose} are running and {waiting} wait, which is the most; come again in {shown(seconds)}"
    return _refused(account, "concurrent-calls", text, seconds)


def pushed_out(account: Account, seconds: float) -> KernelError:
    text = (
        "the kernel is busy, and this call gave its place in the queue to somebody who has fewer waiting; "
        f"come again in {shown(seconds)}"
    )
    return _refused(account, "queued-calls", text, seconds)


def too_many_tokens(account: Account, window: Window, wanted: int, left: int, seconds: float) -> KernelError:
    limit = account.limits.minute_tokens if window.name == "minute" else account.limits.day_tokens
    name = f"tokens-per-{window.name}"
    whole = f"{account.owner} may use {limit} tokens per {window.name}"
    if wanted > (limit or 0):
        text = f"{whole}, and the request may need {wanted}; it can not be served (ask for fewer with max_tokens)"
        return _refused(account, name, text, None)
    text = f"{whole}, of which {left} are left, and the request may need {wanted}; come again in {shown(seconds)}"
    return _refused(account, name, text, seconds)


def shown(seconds: float) -> str:
    whole = whole_seconds(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{math.ceil(whole / 60)} min" if whole < 7200 else f"{math.ceil(whole / 3600)} h"


def whole_seconds(seconds: float) -> int:
    """As ``Retry-After`` has them; never too early."""
    return max(1, math.ceil(seconds - 1e-6))


def _refused(account: Account, limit: str, text: str, seconds: float | None) -> KernelError:
    error: KernelError
    if account.owner == KERNEL and limit in ("concurrent-calls", "queued-calls"):
        error = Saturated(text)
    else:
        error = QuotaExceeded(text, limit, str(account.owner))
    error.retry_after = None if seconds is None else whole_seconds(seconds)
    return error


def _per(rate: float) -> str:
    if rate >= 1:
        return f"{rate:g} calls per second"
    return f"{rate * 60:g} calls per minute" if rate * 60 >= 1 else f"{rate * 3600:g} calls per hour"
