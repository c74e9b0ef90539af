"""What the span of an HTTP request says, with the attribute names of OpenTelemetry's HTTP conventions."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from opentelemetry.util.types import AttributeValue

from pharia_kernel.telemetry.redaction import MASK, is_secret_field

_LONGEST = 1024
"""Characters of a value that clients choose."""


def request_attributes(scope: MutableMapping[str, Any]) -> Mapping[str, AttributeValue]:
    """Of an ASGI scope."""
    attributes: dict[str, AttributeValue] = {
        "http.request.method": scope["method"],
        "url.path": scope["path"][:_LONGEST],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
        "span.type": "web",
    }
    for name, value in scope["headers"]:
        if name == b"user-agent":
            attributes["user_agent.original"] = value.decode("latin-1")[:_LONGEST]
        elif name == b"host":
            attributes["server.address"] = _host(value.decode("latin-1"))[:_LONGEST]
    if query := scope.get("query_string", b""):
        attributes["url.query"] = _without_secrets(query.decode("latin-1"))[:_LONGEST]
    return attributes


def _host(authority: str) -> str:
    """Without the port."""
    host, colon, port = authority.rpartition(":")
    return host if colon and port.isdigit() else authority


def _without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, MASK if is_secret_field(name) else value) for name, value in pairs], safe="*/:")
