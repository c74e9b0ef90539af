"""Numbers as the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from pharia_kernel.telemetry.numbers import Numbers


def exposition(found: Iterable[Numbers], accept: str) -> tuple[str, bytes]:
    """Content type and text, in the form that the ``Accept`` header asks for."""
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready([_family(one) for one in found]))
    return content_type, encode(registry)


def _family(found: Numbers) -> Family:
    family = Family(found.name, found.help, found.kind)
    for sample in found.samples:
        family.add_sample(sample.name, sample.labels, sample.value)
    return family


class _Ready(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families
