"""The numbers of one process, as Prometheus reads them.

Hot path. A number costs 1 us (``bench/telemetry.py``). Labels that callers choose are bounded: what comes after the
first :data:`MOST` of a kind is counted as ``other``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from pharia_kernel.telemetry import metric_names as metrics
from pharia_kernel.telemetry.metric_names import OTHER, SECONDS, Metric
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.numbers import Numbers, Sample

MOST = 500
"""Skills, models, and pairs of namespace and caller, that have numbers of their own."""
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

Wrapped = TypeVar("Wrapped", bound=MetricWrapperBase)


class PrometheusMetrics(Metrics):
    def __init__(self, most: int = MOST) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._http_requests = self._counter(metrics.HTTP_REQUESTS)
        self._http_duration = self._histogram(metrics.HTTP_DURATION)
        self._executions = self._counter(metrics.EXECUTIONS)
        self._execution_duration = self._histogram(metrics.EXECUTION_DURATION)
        self._fetch_duration = self._histogram(metrics.FETCH_DURATION)
        self._csi_requests = self._counter(metrics.CSI_REQUESTS)
        self._csi_failures = self._counter(metrics.CSI_FAILURES)
        self._tokens = self._counter(metrics.TOKENS)
        self._first_token = self._histogram(metrics.FIRST_TOKEN)
        self._usage_calls = self._counter(metrics.USAGE_CALLS)
        self._usage_seconds = self._counter(metrics.USAGE_SECONDS)
        self._usage_tokens = self._counter(metrics.USAGE_TOKENS)
        self._lost_spans = self._counter(metrics.LOST_SPANS)
        self._gauges: dict[Metric, Callable[[], float]] = {}
        self._skills = _Bounded(most)
        self._models = _Bounded(most)
        self._spenders = _Bounded(most)

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        labels = (method if method in _METHODS else OTHER, path or OTHER, str(status))
        self._http_requests[labels].inc()
        self._http_duration[labels].observe(seconds)

    def executed(self, namespace: str, name: str, status: str, seconds: float) -> None:
        labels = (*self._skills.label(namespace, name), status)
        self._executions[labels].inc()
        self._execution_duration[labels].observe(seconds)

    def fetched(self, namespace: str, name: str, seconds: float) -> None:
        self._fetch_duration[self._skills.label(namespace, name)].observe(seconds)

    def asked(self, function: str, count: int = 1) -> None:
        self._csi_requests[function,].inc(count)

    def asked_in_vain(self, function: str, code: str) -> None:
        self._csi_failures[function, code].inc()

    def used(self, model: str, input_tokens: int, output_tokens: int) -> None:
        (label,) = self._models.label(model)
        self._tokens[label, "input"].inc(input_tokens)
        self._tokens[label, "output"].inc(output_tokens)

    def first_token(self, model: str, seconds: float) -> None:
        self._first_token[self._models.label(model)].observe(seconds)

    def spent(self, namespace: str, caller: str, status: str, seconds: float) -> None:
        whose = self._spenders.label(namespace, caller)
        self._usage_calls[(*whose, status)].inc()
        self._usage_seconds[whose].inc(seconds)

    def spent_tokens(self, namespace: str, caller: str, model: str, input_tokens: int, output_tokens: int) -> None:
        labels = (*self._spenders.label(namespace, caller), *self._models.label(model))
        self._usage_tokens[(*labels, "input")].inc(input_tokens)
        self._usage_tokens[(*labels, "output")].inc(output_tokens)

    def lost_spans(self, count: int) -> None:
        self._lost_spans[()].inc(count)

    def watch(self, gauges: Mapping[Metric, Callable[[], float]]) -> None:
        self._gauges = dict(gauges)

    async def numbers(self) -> list[Numbers]:
        """As of now. Thousands of labels take a while, which the event loop does not wait for."""
        gauges = [
            Numbers(metric.name, metric.kind, metric.help, [Sample(metric.name, {}, value())])
            for metric, value in self._gauges.items()
        ]
        return gauges + await asyncio.to_thread(_collected, self.registry)

    def _counter(self, metric: Metric) -> _Labelled[Counter]:
        return _Labelled(Counter(metric.name, metric.help, metric.labels, registry=self.registry))

    def _histogram(self, metric: Metric) -> _Labelled[Histogram]:
        return _Labelled(Histogram(metric.name, metric.help, metric.labels, registry=self.registry, buckets=SECONDS))


def _collected(registry: CollectorRegistry) -> list[Numbers]:
    """Without the times at which counters were made, which nobody needs."""
    return [
        Numbers(
            family.name,
            family.type,
            family.documentation,
            [
                Sample(sample.name, sample.labels, sample.value)
                for sample in family.samples
                if not sample.name.endswith("_created")
            ],
        )
        for family in registry.collect()
    ]


class _Labelled(dict[tuple[str, ...], Wrapped]):
    """One number for each combination of labels; looking it up here is four times as fast as in the library."""

    def __init__(self, parent: Wrapped) -> None:
        super().__init__()
        self._parent = parent

    def __missing__(self, labels: tuple[str, ...]) -> Wrapped:
        child = self[labels] = self._parent.labels(*labels) if labels else self._parent
        return child


class _Bounded:
    """Labels as they are, for the first ``most`` different ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[tuple[str, ...]] = set()

    def label(self, *words: str) -> tuple[str, ...]:
        if words in self._seen:
            return words
        if len(self._seen) >= self._most:
            return (OTHER,) * len(words)
        self._seen.add(words)
        return words
