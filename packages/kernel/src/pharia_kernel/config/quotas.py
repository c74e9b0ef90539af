"""Settings of what one namespace, or one caller, may use."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from pharia_kernel.config.tables import MIB, Bytes, Seconds, Table

EACH_CALLER = "default"
"""In the place of a caller's id: every caller that has no table of its own, or does not set a key there."""

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:/|per)\s*([a-z]+)", re.ASCII)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("m", "min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
}
_SLOWEST = 1 / 86_400


def _rate(value: object) -> object:
    """Calls per second from ``10/s``, ``600/min``, ``20 per hour`` or a number."""
    if isinstance(value, str):
        match = _RATE.fullmatch(value.strip().lower())
        if match is not None and match[2] in _UNITS:
            value = float(match[1]) / _UNITS[match[2]]
        else:
            try:
                value = float(value)
            except ValueError:
                raise ValueError("not a rate; write it like 10/s, 600/min or as calls per second") from None
    return value


def none_if_empty(value: object) -> object:
    return None if value == "" else value


Rate = Annotated[Annotated[float, Field(ge=_SLOWEST, le=1e6, allow_inf_nan=False)], BeforeValidator(_rate)]
Count = Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(none_if_empty)]


class QuotaSettings(Table):
    """None: as much as everybody together may use."""

    concurrent_calls: Count = None
    """Calls running at the same time; others wait for their turn."""
    queued_calls: Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(none_if_empty)] = None
    """Calls that wait; more are answered with 429."""
    rate: Annotated[Rate | None, BeforeValidator(none_if_empty)] = None
    """Calls per second; more are answered with 429."""
    burst: Count = None
    """Calls at once after a pause, where there is a rate."""
    tokens_per_minute: Count = None
    tokens_per_day: Count = None
    deadline_seconds: Annotated[Seconds | None, BeforeValidator(none_if_empty)] = None
    memory_bytes: Annotated[Annotated[Bytes, Field(le=4 * 1024 * MIB)] | None, BeforeValidator(none_if_empty)] = None


class CallerSettings(Table):
    limits: QuotaSettings = Field(default_factory=QuotaSettings)
