"""Where spans go: a collector that speaks OTLP, over HTTP or gRPC.

Needs the extra ``telemetry``. The standard ``OTEL_EXPORTER_OTLP_*`` variables (headers, certificates, compression,
time-out) are read by the exporters themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.sdk.trace.export import SpanExporter

from pharia_kernel.config.telemetry import OtelProtocol
from pharia_kernel.errors import ConfigError

_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOLS = {"grpc": "grpc", "http": "http", "http/protobuf": "http"}
_TRACES = "/v1/traces"


@dataclass(frozen=True, slots=True)
class Collector:
    """An address and how it is spoken to."""

    protocol: str
    """``http`` or ``grpc``."""
    url: str

    @property
    def shown(self) -> str:
        """For logs: without what may be secret."""
        return urlunsplit(urlsplit(self.url)._replace(query="", fragment=""))


def collector(endpoint: str, protocol: OtelProtocol, environ: Mapping[str, str]) -> Collector:
    """``http`` and ``https`` mean HTTP unless the setting or a standard variable says otherwise; all else is gRPC.

    A URL without a path gets the standard one. Raises :class:`ConfigError` for a protocol that is not known.
    """
    parts = urlsplit(endpoint if "://" in endpoint else f"grpc://{endpoint}")
    chosen: str = protocol
    if protocol == "auto":
        chosen = "grpc" if parts.scheme in ("grpc", "grpcs") else _standard(environ) or "http"
    secure = parts.scheme in ("https", "grpcs")
    scheme = "https" if secure else "http"
    path = parts.path if chosen == "grpc" or parts.path.strip("/") else _TRACES
    return Collector(chosen, urlunsplit(parts._replace(scheme=scheme, path=path)))


def exporter(target: Collector) -> SpanExporter:
    """Raises :class:`ConfigError`."""
    try:
        return _grpc(target.url) if target.protocol == "grpc" else _http(target.url)
    except ImportError as error:
        raise ConfigError(
            "otel-endpoint needs packages that are not installed "
            f'(pip install "pharia-kernel[telemetry]"; {error.name} is missing)'
        ) from error
    except Exception as error:  # of variables that say nothing the exporter understands, and of unreadable certificates
        raise ConfigError(f"otel-endpoint {target.shown}: the exporter can not be set up: {error}") from error


def _http(url: str) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=url)


def _grpc(url: str) -> SpanExporter:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it would write lines of its own between those of the log
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=url, insecure=url.startswith("http://"))


def _standard(environ: Mapping[str, str]) -> str | None:
    for name in _VARIABLES:
        if value := environ.get(name, "").strip():
            if value not in _PROTOCOLS:
                raise ConfigError(f"{name}: {value!r} can not be spoken (set it to grpc or http/protobuf)")
            return _PROTOCOLS[value]
    return None
