"""Settings of what operators see of the kernel: traces, metrics, logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from pharia_kernel.config.units import parse_address

OtelProtocol = Literal["auto", "http", "grpc"]
LogFormat = Literal["auto", "json", "console"]

AUDIT_WITH_LOG = "stderr"
AUDIT_OFF = "off"


def _none_if_empty(value: object) -> object:
    """Deployments switch things off with empty variables."""
    return None if value == "" else value


def _collector(text: str) -> str:
    schemes = ("http", "https", "grpc", "grpcs")
    address = text if "://" in text else f"grpc://{text}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in schemes and bool(parts.hostname) and not any(map(str.isspace, text))
        named = parts.username is not None
        _ = parts.port
    except ValueError:
        usable = named = False
    if named:
        raise ValueError("a collector's address has no user; send credentials in OTEL_EXPORTER_OTLP_TRACES_HEADERS")
    if not usable:
        raise ValueError(
            "not the address of a collector; write it like http://127.0.0.1:4318/v1/traces or grpc://127.0.0.1:4317"
        )
    return text


def _ratio(value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError("otel_sampling_ratio must be between 0.0 and 1.0 inclusive")
    return value


def _address(text: str) -> str:
    parse_address(text)
    return text


def _audit_log(text: str) -> str:
    if text in (AUDIT_WITH_LOG, AUDIT_OFF):
        return text
    if not text or "\0" in text:
        raise ValueError(f"not a file; write a path, {AUDIT_WITH_LOG} or {AUDIT_OFF}")
    return str(Path(text).expanduser()) if text.startswith("~") else text


OtelEndpoint = Annotated[Annotated[str, AfterValidator(_collector)] | None, BeforeValidator(_none_if_empty)]
SamplingRatio = Annotated[float, AfterValidator(_ratio)]
MetricsAddress = Annotated[Annotated[str, AfterValidator(_address)] | None, BeforeValidator(_none_if_empty)]
AuditLog = Annotated[str, AfterValidator(_audit_log)]
"""A file, or one of the two words."""
