"""A collector on 127.0.0.1 that takes traces as OTLP over HTTP or gRPC, in OpenTelemetry's own messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


@dataclass(frozen=True)
class Span:
    name: str
    trace_id: str
    id: str
    parent_id: str
    """Empty for a root."""
    kind: str
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str


@dataclass
class Collector:
    """An async context manager. ``url`` is for the ``otel-endpoint`` setting."""

    protocol: Literal["http", "grpc"] = "http"
    status: int = 200
    """Of answers over HTTP."""
    hangs: bool = False
    spans: list[Span] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    """Headers of each."""
    url: str = ""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Collector:
        if self.protocol == "http":
            await self._listen_for_http()
        else:
            self._listen_for_grpc()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def until(self, condition: Callable[[Collector], bool]) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def tree(self) -> set[tuple[str, str]]:
        """Each span's name with that of its parent; ``?`` where the parent is not among the spans."""
        names = {span.id: span.name for span in self.spans}
        return {(span.name, names.get(span.parent_id, "?")) for span in self.spans}

    @property
    def text(self) -> str:
        """All that was said."""
        return json.dumps([[span.name, span.attributes, span.resource] for span in self.spans], default=str)

    async def _listen_for_http(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/traces", self._over_http)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        self._stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1/traces"

    async def _over_http(self, request: web.Request) -> web.Response:
        if self.hangs:
            await self._take({}, ExportTraceServiceRequest())
            await asyncio.Event().wait()
        headers = {name.lower(): value for name, value in request.headers.items()}
        data = await request.read()
        message = ExportTraceServiceRequest()
        if self.status == 200:
            message.ParseFromString(data)
        await self._take(headers, message)
        return web.Response(status=self.status, body=ExportTraceServiceResponse().SerializeToString())

    def _listen_for_grpc(self) -> None:
        pool = self._stack.enter_context(ThreadPoolExecutor(2))
        server = grpc.server(pool)
        servicer = _Servicer(self, asyncio.get_running_loop())
        add_TraceServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._stack.callback(lambda: server.stop(None).wait())
        self.url = f"grpc://127.0.0.1:{port}"

    async def _take(self, headers: dict[str, str], message: ExportTraceServiceRequest) -> None:
        async with self._changed:
            self.requests.append(headers)
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    found = _values(resource.resource.attributes)
                    self.spans += [_span(span, found, scope.scope.name) for span in scope.spans]
            self._changed.notify_all()


class _Servicer(TraceServiceServicer):
    def __init__(self, collector: Collector, loop: asyncio.AbstractEventLoop) -> None:
        self._collector = collector
        self._loop = loop

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        headers = {key: str(value) for key, value in context.invocation_metadata()}
        asyncio.run_coroutine_threadsafe(self._collector._take(headers, request), self._loop).result(10)
        return ExportTraceServiceResponse()


def _span(span: ProtoSpan, resource: dict[str, Any], scope: str) -> Span:
    return Span(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        span.status.code == 2,
        _values(span.attributes),
        resource,
        scope,
    )


def _values(pairs: list[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return None if kind is None else getattr(value, kind)
