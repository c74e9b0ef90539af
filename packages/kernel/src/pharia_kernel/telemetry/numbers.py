"""The numbers of several processes, added up.

Each worker process keeps its own; the process that watches them asks now and then. What a worker had counted when it
was last asked stays in the sum after its end, so that no counter ever goes back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from pharia_kernel.telemetry.metric_names import GAUGES, PROCESS, Merge

_MERGES: Mapping[str, Merge] = {**{metric.name: metric.merge for metric in GAUGES}, **PROCESS}
_CUMULATIVE = ("counter", "histogram")
Labels = tuple[tuple[str, str], ...]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    name: str
    labels: dict[str, str]
    value: float

    @property
    def key(self) -> tuple[str, Labels]:
        return self.name, tuple(self.labels.items())


class Numbers(msgspec.Struct, frozen=True, array_like=True):
    """All samples of one metric."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


_DECODER = msgspec.json.Decoder(list[Numbers])


def encoded(found: list[Numbers]) -> bytes:
    return msgspec.json.encode(found)


def decoded(data: bytes) -> list[Numbers]:
    """Raises :class:`msgspec.DecodeError`."""
    return _DECODER.decode(data)


@dataclass(slots=True)
class _Sum:
    kind: str
    help: str
    merge: Merge
    values: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        before = self.values.get(sample.key)
        if before is None:
            self.values[sample.key] = sample.value
        elif self.merge == "sum":
            self.values[sample.key] = before + sample.value
        else:
            self.values[sample.key] = (max if self.merge == "most" else min)(before, sample.value)


class AllProcesses:
    """The numbers of processes that come and go."""

    def __init__(self) -> None:
        self._running: dict[Hashable, list[Numbers]] = {}
        self._ended: list[Numbers] = []

    def begin(self, process: Hashable) -> None:
        self._running[process] = []

    def take(self, process: Hashable, found: list[Numbers]) -> None:
        """The newest numbers of a process; those of one that has ended come too late."""
        if process in self._running:
            self._running[process] = found

    def end(self, process: Hashable) -> None:
        """Keep what the process had counted."""
        last = self._running.pop(process, [])
        self._ended = _added([self._ended, [one for one in last if one.kind in _CUMULATIVE]])

    def together(self) -> list[Numbers]:
        return _added([self._ended, *self._running.values()])


def _added(parts: Iterable[list[Numbers]]) -> list[Numbers]:
    sums: dict[str, _Sum] = {}
    for part in parts:
        for one in part:
            added = sums.setdefault(one.name, _Sum(one.kind, one.help, _merge(one)))
            for sample in one.samples:
                added.add(sample)
    return [
        Numbers(
            name,
            added.kind,
            added.help,
            [Sample(sample, dict(labels), value) for (sample, labels), value in added.values.items()],
        )
        for name, added in sorted(sums.items())
    ]


def _merge(one: Numbers) -> Merge:
    return "sum" if one.kind in _CUMULATIVE else _MERGES.get(one.name, "sum")
