"""The span of one operation: its error code, and nothing of what users wrote.

Hot path. 2 us where nobody will see the span; a generator in the place of the class would double that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType

from opentelemetry.trace import Span, Tracer
from opentelemetry.util.types import AttributeValue

from pharia_kernel.errors import KernelError
from pharia_kernel.telemetry import genai


def operation_span(
    tracer: Tracer, name: str, attributes: Mapping[str, AttributeValue]
) -> AbstractContextManager[Span, None]:
    """The current span while the context is open."""
    return _Operation(
        tracer.start_as_current_span(name, attributes=attributes, record_exception=False, set_status_on_exception=False)
    )


class _Operation:
    __slots__ = ("_made", "_span")

    _span: Span

    def __init__(self, made: AbstractContextManager[Span]) -> None:
        self._made = made

    def __enter__(self) -> Span:
        self._span = self._made.__enter__()
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, KernelError):
            genai.failed(self._span, error.code)
        elif isinstance(error, asyncio.CancelledError):
            genai.failed(self._span, "cancelled")
        self._made.__exit__(kind, error, traceback)
