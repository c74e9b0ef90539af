"""Lines of the form: what, ours, theirs, ratio, what is wanted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    value: float
    unit: str
    wanted: str = ""
    holds: bool | None = None

    def __str__(self) -> str:
        verdict = "" if self.holds is None else ("  ok" if self.holds else "  NOT MET")
        wanted = f"   wanted: {self.wanted}" if self.wanted else ""
        return f"  {self.what:<74}{self.value:>11,.3f} {self.unit:<10}{wanted}{verdict}"


def show(title: str, lines: Sequence[Line]) -> None:
    print(f"\n{title}")
    for line in lines:
        print(line, flush=True)


def at_most(what: str, value: float, unit: str, limit: float) -> Line:
    return Line(what, value, unit, f"<= {limit:g}", value <= limit)


def at_least(what: str, value: float, unit: str, limit: float) -> Line:
    return Line(what, value, unit, f">= {limit:g}", value >= limit)


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e3
