"""Around every request: its span, its log record, its numbers, and the answer to what nobody expected."""

from __future__ import annotations

import asyncio
import logging
import time

from opentelemetry.trace import Span, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pharia_kernel.api.connection import ClientGone
from pharia_kernel.api.problem import ERROR_KEY, host_fault, problem_response, shutting_down
from pharia_kernel.telemetry import genai
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.requests import request_attributes
from pharia_kernel.telemetry.tracing import Tracing, traceparent

_LOG = logging.getLogger("pharia_kernel.api")
_CLIENT_GONE = 499
"""What proxies log for a request whose client left."""


class RequestLog:
    """ASGI middleware. Cost per message sent: one call."""

    def __init__(self, app: ASGIApp, tracing: Tracing, metrics: Metrics | None = None) -> None:
        self._app = app
        self._tracing = tracing
        self._metrics = metrics or Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        with self._tracing.request(scope["method"], scope["headers"]) as span:
            if span.is_recording():
                span.set_attributes(request_attributes(scope))
            status = await self._answer(scope, receive, send, span, began)
            _describe(span, scope, status)
            _log(scope, status, (time.perf_counter() - began) * 1000)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span, began: float) -> int:
        status = 0
        header = (b"traceparent", traceparent(span).encode())

        async def with_trace(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._metrics.answered(scope["method"], _route(scope) or "", status, time.perf_counter() - began)
                message["headers"] = [*message["headers"], header]
            await send(message)

        try:
            await self._app(scope, receive, with_trace)
        except ClientGone:
            return _CLIENT_GONE
        except asyncio.CancelledError:  # only the server's end cancels a request
            if status:
                _describe(span, scope, status, broken_off=True)
                raise
            await problem_response(scope, shutting_down())(scope, receive, with_trace)
        except Exception:
            _LOG.exception("the kernel failed in a request", extra={"method": scope["method"], "path": scope["path"]})
            if status:  # an answer that has begun can only be broken off
                _describe(span, scope, status, broken_off=True)
                raise
            await problem_response(scope, host_fault())(scope, receive, with_trace)
        return status


def _describe(span: Span, scope: Scope, status: int, *, broken_off: bool = False) -> None:
    if not span.is_recording():
        return
    path = _route(scope)
    if path is not None:
        span.update_name(f"{scope['method']} {path}")
        span.set_attribute("http.route", path)
    error = scope.get(ERROR_KEY)
    if error is not None:
        span.set_attribute(genai.ERROR_TYPE, error.code)
    span.set_attribute("http.response.status_code", status)
    if broken_off or status >= 500 or (status < 400 and error is not None):  # a stream that failed was answered 200
        span.set_status(StatusCode.ERROR)


def _route(scope: Scope) -> str | None:
    """The pattern that the path fits."""
    return getattr(scope.get("route"), "path", None)


def _log(scope: Scope, status: int, milliseconds: float) -> None:
    error = scope.get(ERROR_KEY)
    outcome = status if error is None else error.status  # a stream that failed was answered with 200
    level = logging.DEBUG if outcome < 400 else logging.INFO if outcome < 500 else logging.WARNING
    if not _LOG.isEnabledFor(level):
        return
    fields = {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "duration_ms": round(milliseconds, 3),
    }
    parameters = scope.get("path_params") or {}
    if "namespace" in parameters and "name" in parameters:
        fields["namespace"] = parameters["namespace"]
        fields["skill"] = f"{parameters['namespace']}/{parameters['name']}"
    if error is not None:
        fields["code"] = error.code
        fields["detail"] = str(error)
    _LOG.log(level, "answered", extra=fields)
