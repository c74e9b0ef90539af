"""Settings of what calls may use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from pharia_kernel.config.quotas import Count, Rate, none_if_empty
from pharia_kernel.config.tables import KIB, MIB, Bytes, Seconds, Table

MAX_OUTPUT_BYTES = 64 * MIB
"""The engine copies at most 128 MiB out of a guest at once, and a byte may take two."""


class LimitSettings(Table):
    """What one invocation, and all of them together, may use."""

    memory_bytes: Annotated[Bytes, Field(le=4 * 1024 * MIB)] = 512 * MIB
    deadline_seconds: Seconds = 600.0
    input_bytes: Bytes = 4 * MIB
    output_bytes: Annotated[Bytes, Field(le=MAX_OUTPUT_BYTES)] = 2_700_000
    log_bytes: Bytes = 64 * KIB
    concurrent_calls: int = Field(default=1000, gt=0)
    queued_calls: int = Field(default=1000, ge=0)
    rate: Annotated[Rate | None, BeforeValidator(none_if_empty)] = None
    """Calls per second, of everybody together."""
    burst: Count = None
    tokens_per_minute: Count = None
    tokens_per_day: Count = None
    grace_seconds: Seconds = 30.0
    """How long calls in flight may go on after the kernel was told to stop."""
    body_seconds: Seconds = 60.0
    """How long a client may take to send its request body, or to read the next event of a stream."""
    heartbeat_seconds: Seconds = 15.0
    """After this long without an event a message stream carries a comment line."""
