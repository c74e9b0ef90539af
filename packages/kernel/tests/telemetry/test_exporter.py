from __future__ import annotations

import sys
from typing import Any

import pytest

from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.exporter import Collector, collector, exporter


@pytest.mark.parametrize(
    ("endpoint", "protocol", "variables", "expected"),
    [
        ("http://127.0.0.1:4318/v1/traces", "auto", {}, Collector("http", "http://127.0.0.1:4318/v1/traces")),
        ("https://c.example.org/otlp", "auto", {}, Collector("http", "https://c.example.org/otlp")),
        ("http://127.0.0.1:4318", "auto", {}, Collector("http", "http://127.0.0.1:4318/v1/traces")),
        ("http://127.0.0.1:4318/", "auto", {}, Collector("http", "http://127.0.0.1:4318/v1/traces")),
        ("127.0.0.1:4317", "auto", {}, Collector("grpc", "http://127.0.0.1:4317")),
        ("grpc://c:4317", "auto", {}, Collector("grpc", "http://c:4317")),
        ("grpcs://c:4317", "auto", {}, Collector("grpc", "https://c:4317")),
        ("http://c:4317", "grpc", {}, Collector("grpc", "http://c:4317")),
        ("http://c:4317", "auto", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, Collector("grpc", "http://c:4317")),
        (
            "http://c:4318",
            "auto",
            {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            Collector("http", "http://c:4318/v1/traces"),
        ),
        ("grpc://c:4317", "http", {}, Collector("http", "http://c:4317/v1/traces")),
    ],
)
def test_the_scheme_says_how_the_collector_is_spoken_to_unless_something_else_does(
    endpoint: str, protocol: Any, variables: dict[str, str], expected: Collector
) -> None:
    assert collector(endpoint, protocol, variables) == expected


def test_a_protocol_that_nobody_speaks_is_an_error_that_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json'"):
        collector("http://c:4318", "auto", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})


def test_logs_do_not_show_what_may_be_secret() -> None:
    assert collector("https://c/v1/traces?key=s3cret", "auto", {}).shown == "https://c/v1/traces"


@pytest.mark.parametrize(
    ("protocol", "module"),
    [
        ("http", "opentelemetry.exporter.otlp.proto.http.trace_exporter"),
        ("grpc", "opentelemetry.exporter.otlp.proto.grpc.trace_exporter"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch, protocol: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r'pip install "pharia-kernel\[telemetry\]"'):
        exporter(Collector(protocol, "http://c:4317"))


def test_a_variable_that_the_exporter_does_not_understand_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "shrink")
    with pytest.raises(ConfigError, match=r"can not be set up: .*shrink"):
        exporter(Collector("grpc", "http://c:4317"))
