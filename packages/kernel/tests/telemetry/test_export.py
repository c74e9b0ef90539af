"""Spans on their way to a collector that takes them, refuses them, hangs, or is not there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from opentelemetry.trace import Tracer

from doubles.otlp_collector import Collector
from pharia_kernel.telemetry import exporter as exporters
from pharia_kernel.telemetry.export import exporting
from pharia_kernel.telemetry.tracing import Tracing

LOGGER = "pharia_kernel.telemetry"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "64")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Lost:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> None:
        self.count += count


@asynccontextmanager
async def tracer(url: str, lost: Lost | None = None, flush_seconds: float = 5.0) -> AsyncIterator[Tracer]:
    target = exporters.collector(url, "auto", {})
    made = exporters.exporter(target)
    async with exporting(made, 1.0, target.shown, lost=lost or Lost(), flush_seconds=flush_seconds) as provider:
        yield Tracing(provider).tracer


def spans(tracer: Tracer, count: int) -> None:
    for number in range(count):
        with tracer.start_as_current_span(f"span {number}"):
            pass


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LOGGER and record.levelno == level]


async def until(caplog: pytest.LogCaptureFixture, level: int, count: int) -> None:
    async with asyncio.timeout(30):
        while len(told(caplog, level)) < count:  # noqa: ASYNC110 - a record has no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_the_last_spans_are_sent_at_the_end(
    protocol: Literal["http", "grpc"], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=s3cret")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "10")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,service.name=other")
    async with Collector(protocol) as collector:
        async with tracer(collector.url) as made:
            spans(made, 40)
        assert {span.name for span in collector.spans} == {f"span {number}" for number in range(40)}
        assert collector.requests[0]["x-key"] == "s3cret"
        span = collector.spans[0]
        assert (span.scope, span.resource["service.name"]) == ("pharia-kernel", "pharia-kernel")
        assert span.resource["service.version"]
        assert span.resource["deployment.environment"] == "test"
    assert told(caplog, logging.WARNING) == []


async def test_a_collector_that_is_down_is_told_once_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lost = Lost()
    async with Collector() as collector:
        url = collector.url
    async with asyncio.timeout(60), tracer(url, lost) as made:
        spans(made, 1000)  # more than the queue holds
        await until(caplog, logging.WARNING, 1)
        spans(made, 1000)
        async with asyncio.timeout(30):
            while lost.count < 32:  # noqa: ASYNC110 - counted on another thread
                await asyncio.sleep(0.01)
    (warning,) = told(caplog, logging.WARNING)
    assert warning.startswith(f"{url} takes no spans; calls go on, their spans are lost: ")
    assert {record.name for record in caplog.records} == {LOGGER}


async def test_it_is_told_when_the_collector_is_there_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Collector(status=400) as collector, tracer(collector.url) as made:
        spans(made, 1)
        await until(caplog, logging.WARNING, 1)
        collector.status = 200
        spans(made, 1)
        await until(caplog, logging.INFO, 1)
        assert told(caplog, logging.INFO) == [f"{collector.url} takes spans again"]
        assert len(told(caplog, logging.WARNING)) == 1


async def test_a_collector_that_hangs_does_not_keep_the_kernel_from_ending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "20")
    async with Collector(hangs=True) as collector:
        async with asyncio.timeout(15), tracer(collector.url, flush_seconds=0.2) as made:
            spans(made, 1)
            await collector.until(lambda collector: len(collector.requests) == 1)
        (warning,) = told(caplog, logging.WARNING)
        assert "the last spans were not taken" in warning
