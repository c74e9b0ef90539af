"""Settings of how the kernel goes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from pharia_kernel.config.tables import Table
from pharia_kernel.config.units import parse_duration

_NONE = frozenset({"0", "0s", "0ms"})


def _delay(value: object) -> float:
    return 0.0 if str(value).strip() in {*_NONE, "0.0"} else parse_duration(value)


class ShutdownSettings(Table):
    """What happens between the signal and the end; ``limits.grace-seconds`` says how long calls may go on."""

    delay_seconds: Annotated[float, BeforeValidator(_delay)] = 0.0
    """How long the kernel serves on after it has said that it is not ready, before it closes its address."""
