"""Spans on their way out: gathered, sent by a thread of their own, given up where the collector does not take them.

No call waits for a collector. While it does not answer, spans wait in a bounded queue (``OTEL_BSP_MAX_QUEUE_SIZE``,
2048) whose oldest make room for new ones.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from pharia_kernel.telemetry.tracing import SERVICE

logger = logging.getLogger("pharia_kernel.telemetry")

FLUSH_SECONDS = 5.0
"""For the last spans at the end; what a collector has not taken by then is lost."""
_CLOSE_SECONDS = 1.0
_LIBRARY = ("opentelemetry.exporter.otlp", "opentelemetry.sdk._shared_internal", "opentelemetry.sdk.trace")
"""Loggers that would repeat themselves for every batch."""


@asynccontextmanager
async def exporting(
    exporter: SpanExporter,
    ratio: float,
    shown: str,
    *,
    lost: Callable[[int], None] = lambda _: None,
    flush_seconds: float = FLUSH_SECONDS,
) -> AsyncGenerator[TracerProvider, None]:
    """A provider whose spans reach ``exporter``; leaving the context sends the last ones.

    The sampling of the caller is kept; traces that begin here are sampled by ``ratio``. ``lost`` is told, on another
    thread, how many spans were not taken.
    """
    watched = _Watched(exporter, shown, lost)
    with _quiet(watched):
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=Resource.create({"service.name": SERVICE, "service.version": version(SERVICE)}),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(BatchSpanProcessor(watched))
        try:
            yield provider
        finally:
            if not watched.failing and not await _within(flush_seconds, provider.force_flush):
                logger.warning("the last spans were not taken by %s within %g s; they are lost", shown, flush_seconds)
            watched.give_up()
            await _within(_CLOSE_SECONDS, provider.shutdown)


async def _within(seconds: float, work: Callable[[], object]) -> bool:
    """Run it on a thread that nobody waits for any longer than this, not even the end of the process."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            try:
                loop.call_soon_threadsafe(done.set)
            except RuntimeError:  # the loop has ended without it
                pass

    threading.Thread(target=run, name="spans", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await done.wait()
    except TimeoutError:
        return False
    return True


class _Watched(SpanExporter):
    """Says once that the collector takes nothing, and once that it does again."""

    def __init__(self, inner: SpanExporter, shown: str, lost: Callable[[int], None]) -> None:
        self.reason = ""
        """What the library said last."""
        self._inner = inner
        self._shown = shown
        self._lost = lost
        self.failing = False
        self._ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._ended:
            self._lost(len(spans))
            return SpanExportResult.FAILURE
        try:
            result = self._inner.export(spans)
        except Exception as error:  # the thread must go on
            self.reason, result = f"{type(error).__name__}: {error}", SpanExportResult.FAILURE
        failed = result is not SpanExportResult.SUCCESS
        if failed:
            self._lost(len(spans))
        if failed and not self.failing:
            logger.warning("%s takes no spans; calls go on, their spans are lost: %s", self._shown, self.reason)
        elif self.failing and not failed:
            logger.info("%s takes spans again", self._shown)
        self.failing = failed
        return result

    def give_up(self) -> None:
        """Break off what is under way."""
        self._ended = True
        self._inner.shutdown()

    def shutdown(self) -> None:
        """Done by :meth:`give_up`."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class _Reasons(logging.Handler):
    def __init__(self, watched: _Watched) -> None:
        super().__init__()
        self._watched = watched

    def emit(self, record: logging.LogRecord) -> None:
        self._watched.reason = record.getMessage()


@contextmanager
def _quiet(watched: _Watched) -> Iterator[None]:
    """What the library logs is a reason for ``watched`` to tell, unless the operator set a level for its loggers."""
    handler = _Reasons(watched)
    taken = [each for name in _LIBRARY if (each := logging.getLogger(name)).level == logging.NOTSET]
    for each in taken:
        each.addHandler(handler)
        each.propagate = False
    try:
        yield
    finally:
        for each in taken:
            each.removeHandler(handler)
            each.propagate = True
