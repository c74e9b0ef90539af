"""One call on somebody's account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pharia_kernel.quotas.limits import Spender
from pharia_kernel.usage.book import UsageBook


@contextmanager
def noted(usage: UsageBook, spender: Spender) -> Iterator[None]:
    """A call that runs while the context is open, and fails if an error leaves it."""
    began, failed = time.perf_counter(), True
    try:
        yield
        failed = False
    finally:
        usage.called(spender, failed=failed, seconds=time.perf_counter() - began)
