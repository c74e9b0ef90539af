"""Who used how much, by day, for as long as there is room.

Hot path. A call or a request to a model costs 1 us.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from pharia_kernel.quotas.limits import Spender
from pharia_kernel.telemetry.metric_names import OTHER
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.usage.amounts import Amounts, Key, Row

MOST = 20_000
"""Rows; new names beyond are counted together as :data:`~pharia_kernel.telemetry.metric_names.OTHER`."""
DAYS = 31
_DAY = 86_400


class UsageBook:
    def __init__(
        self,
        metrics: Metrics | None = None,
        *,
        days: int = DAYS,
        most: int = MOST,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._days = days
        self._most = most
        self._wall = wall
        self._rows: dict[Key, Amounts] = {}
        self._number, self._day = -1, ""
        self.changes = 0
        """Grows with every change."""

    def called(self, spender: Spender, *, failed: bool, seconds: float) -> None:
        row = self._row(Key(self._today(), spender.namespace, spender.skill, spender.caller, ""))
        row.calls += 1
        row.failures += failed
        row.seconds += seconds
        self._metrics.spent(spender.namespace, spender.caller, "failed" if failed else "ok", seconds)

    def refused(self, spender: Spender) -> None:
        self._row(Key(self._today(), spender.namespace, spender.skill, spender.caller, "")).refused += 1
        self._metrics.spent(spender.namespace, spender.caller, "refused", 0.0)

    def asked(self, spender: Spender, model: str, *, failed: bool, seconds: float, input: int, output: int) -> None:
        """A request to a model, with the tokens it used."""
        row = self._row(Key(self._today(), spender.namespace, spender.skill, spender.caller, model))
        row.requests += 1
        row.request_failures += failed
        row.request_seconds += seconds
        row.input_tokens += input
        row.output_tokens += output
        self._metrics.spent_tokens(spender.namespace, spender.caller, model, input, output)

    def take(self, rows: Iterable[Row]) -> None:
        """What another process noted, or this one before it was started again."""
        first = self._first_day()
        for key, amounts in rows:
            if (key.day or "") >= first:
                self._row(key).add(amounts)

    def rows(self) -> list[Row]:
        return list(self._rows.items())

    def drain(self) -> list[Row]:
        """Everything, which is then no longer here."""
        rows = self.rows()
        self._rows = {}
        return rows

    def today(self) -> str:
        return self._today()

    def _row(self, key: Key) -> Amounts:
        self.changes += 1
        row = self._rows.get(key)
        if row is not None:
            return row
        if len(self._rows) >= self._most:
            key = Key(key.day, OTHER, OTHER, OTHER, OTHER if key.model else "")
            if (row := self._rows.get(key)) is not None:
                return row
        row = self._rows[key] = Amounts()
        return row

    def _today(self) -> str:
        number = int(self._wall() // _DAY)
        if number != self._number:
            self._number, self._day = number, _day(number)
            first = self._first_day()
            self._rows = {key: amounts for key, amounts in self._rows.items() if (key.day or "") >= first}
        return self._day

    def _first_day(self) -> str:
        return _day(int(self._wall() // _DAY) - self._days + 1)


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * _DAY, UTC).date().isoformat()
