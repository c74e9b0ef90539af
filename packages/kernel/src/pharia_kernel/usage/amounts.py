"""How much was used, and by whom."""

from __future__ import annotations

from typing import Literal

import msgspec

Dimension = Literal["day", "namespace", "skill", "caller", "model"]
DIMENSIONS: tuple[Dimension, ...] = ("day", "namespace", "skill", "caller", "model")


class Key(msgspec.Struct, frozen=True, array_like=True):
    """None: all together."""

    day: str | None = None
    """As ``2025-01-31``, in UTC."""
    namespace: str | None = None
    skill: str | None = None
    """Empty for what was asked for without a skill."""
    caller: str | None = None
    model: str | None = None
    """Empty for calls, of skills and of the CSI; the requests to models have theirs."""


class Amounts(msgspec.Struct, array_like=True):
    calls: int = 0
    """That ran."""
    failures: int = 0
    """Of those; also those that were stopped."""
    refused: int = 0
    """Calls that had no place, or came too fast."""
    seconds: float = 0.0
    """Of the calls, their wait for a place included."""
    requests: int = 0
    """To models."""
    request_failures: int = 0
    request_seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, other: Amounts) -> None:
        self.calls += other.calls
        self.failures += other.failures
        self.refused += other.refused
        self.seconds += other.seconds
        self.requests += other.requests
        self.request_failures += other.request_failures
        self.request_seconds += other.request_seconds
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens


Row = tuple[Key, Amounts]
