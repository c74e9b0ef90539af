"""Waiting for what other tasks bring about, where nothing announces it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Return when it holds; the test's own deadline ends what never does."""
    while not condition():  # noqa: ASYNC110 - nobody sets an event
        await asyncio.sleep(0.001)
