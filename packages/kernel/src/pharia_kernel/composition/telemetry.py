"""What operators see of the kernel, from the settings: traces, metrics, logs."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote

from pydantic import SecretStr

from pharia_kernel.config import Settings
from pharia_kernel.config.tables import Table
from pharia_kernel.telemetry.audit_log import auditing_to
from pharia_kernel.telemetry.logs import logging_to
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.redaction import Redaction
from pharia_kernel.telemetry.tracing import Tracing

_MOST_BYTES = 64 * 1024
"""Of a file with a secret."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    tracing: Tracing
    metrics: Metrics


@asynccontextmanager
async def telemetry(settings: Settings, environ: Mapping[str, str] = os.environ) -> AsyncGenerator[Telemetry, None]:
    """Leaving the context sends the last spans. Raises :class:`~pharia_kernel.errors.ConfigError`."""
    async with AsyncExitStack() as stack:
        metrics = _metrics(settings)
        if settings.otel_endpoint is None:
            yield Telemetry(Tracing(), metrics)
            return
        from pharia_kernel.telemetry.export import exporting  # of the SDK; who has no collector does not wait for it
        from pharia_kernel.telemetry.exporter import collector, exporter

        target = collector(settings.otel_endpoint, settings.otel_protocol, environ)
        provider = await stack.enter_async_context(
            exporting(exporter(target), settings.otel_sampling_ratio, target.shown, lost=metrics.lost_spans)
        )
        yield Telemetry(Tracing(provider), metrics)


def _metrics(settings: Settings) -> Metrics:
    if settings.metrics_address is None:
        return Metrics()
    from pharia_kernel.telemetry.prometheus import PrometheusMetrics

    return PrometheusMetrics()


@contextmanager
def logs(
    settings: Settings, stream: TextIO, level: str | None = None, environ: Mapping[str, str] = os.environ
) -> Iterator[Redaction]:
    """Log records go to ``stream``, and those of the audit where the settings say, while the context is open.

    ``level`` stands in for that of the settings. Gives what masks their secrets, to which :func:`secrets` of other
    settings can be told.
    """
    console = None if settings.log_format == "auto" else settings.log_format == "console"
    redacted = Redaction(secrets(settings, environ))
    with (
        logging_to(stream, level or settings.log_level, console=console, redacted=redacted),
        auditing_to(settings.audit_log, redacted),
    ):
        yield redacted


def secrets(settings: Settings, environ: Mapping[str, str] = os.environ) -> set[str]:
    """Every secret that the settings hold, or refer to by a variable or a file."""
    headers = [value for name, value in environ.items() if name.startswith("OTEL_EXPORTER_OTLP_") and "HEADERS" in name]
    sent = [pair.partition("=")[2] for value in headers for pair in value.split(",")]
    return {value.strip() for value in (*_secrets("", settings, environ), *map(unquote, sent))} - {""}


def _secrets(name: str, value: Any, environ: Mapping[str, str]) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, Table):
        for field in type(value).model_fields:
            yield from _secrets(field, getattr(value, field), environ)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(name, inner, environ)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _secrets(name, inner, environ)
    elif isinstance(value, str) and _refers(name, "env"):
        yield environ.get(value, "")
    elif isinstance(value, Path) and _refers(name, "file"):
        yield _content(value)


def _refers(name: str, kind: str) -> bool:
    """Such as ``token_env``, or ``env`` in a table of secrets."""
    return name in (kind, f"token_{kind}", f"password_{kind}", f"secret_{kind}")


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        return data.decode() if len(data) <= _MOST_BYTES else ""
    except (OSError, UnicodeDecodeError):  # whoever needs it says so
        return ""
