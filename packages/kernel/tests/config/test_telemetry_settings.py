from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.composition.telemetry import secrets
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.errors import ConfigError


def load(directory: Path, **environ: str) -> Settings:
    return load_settings(environ={"HOME": str(directory), **environ}, directory=directory)


def test_by_default_nothing_leaves_the_kernel_and_nobody_else_may_read(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.otel_endpoint, settings.metrics_address) == (None, None)
    assert not settings.otel_gen_ai_content_capture


def test_the_original_names_are_read(tmp_path: Path) -> None:
    """Row 11 of the checklist."""
    settings = load(
        tmp_path,
        OTEL_ENDPOINT="https://otel.example.org/v1/traces",
        OTEL_SAMPLING_RATIO="0.25",
        OTEL_GEN_AI_CONTENT_CAPTURE="true",
        METRICS_ADDRESS="0.0.0.0:9000",
    )
    assert settings.warnings == ()
    assert settings.otel_endpoint == "https://otel.example.org/v1/traces"
    assert settings.otel_sampling_ratio == 0.25
    assert settings.otel_gen_ai_content_capture
    assert settings.metrics_address == "0.0.0.0:9000"


def test_an_empty_value_switches_off(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('otel-endpoint = ""\nmetrics-address = ""')
    settings = load(tmp_path)
    assert (settings.otel_endpoint, settings.metrics_address) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("OTEL_SAMPLING_RATIO", "1.1", "otel_sampling_ratio must be between 0.0 and 1.0 inclusive"),
        ("OTEL_SAMPLING_RATIO", "-0.1", "between 0.0 and 1.0"),
        ("OTEL_SAMPLING_RATIO", "nan", "between 0.0 and 1.0"),
        ("OTEL_ENDPOINT", "ftp://collector", "not the address of a collector"),
        ("OTEL_ENDPOINT", "http://collector:many", "not the address of a collector"),
        ("OTEL_ENDPOINT", "http://user:s3cret@collector", "has no user; send credentials in OTEL_EXPORTER"),
        ("OTEL_PROTOCOL", "smoke", "'auto', 'http' or 'grpc'"),
        ("METRICS_ADDRESS", "localhost:9000", "IP:PORT"),
        ("LOG_FORMAT", "xml", "'auto', 'json' or 'console'"),
    ],
)
def test_what_can_not_be_used_is_an_error(tmp_path: Path, name: str, value: str, reason: str) -> None:
    """Row 12 of the checklist."""
    with pytest.raises(ConfigError, match=reason) as caught:
        load(tmp_path, **{name: value})
    assert "s3cret" not in str(caught.value)


def test_every_secret_of_the_settings_is_known_to_the_log(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret-of-a-file\n")
    table = {
        "openai-inference": {"url": "http://localhost/v1", "token": "secret-token"},
        "embeddings": {"url": "http://localhost/v1", "model": "m", "token": "secret-of-embeddings"},
        "backends": {
            "a": {"kind": "openai", "url": "http://localhost/v1", "token-env": "A_TOKEN"},
            "b": {"kind": "openai", "url": "http://localhost/v1", "token-file": str(file)},
        },
        "namespaces": {
            "dev": {
                "directory": "skills",
                "mcp-servers": [{"url": "http://localhost/mcp", "secrets": {"X-Key": {"env": "MCP_KEY"}}}],
            }
        },
    }
    environ = {
        "A_TOKEN": "secret-of-a-variable",
        "MCP_KEY": "secret-of-a-server",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%20secret-of-a-collector,x=secret-x",
        "OTHER": "no secret of ours",
    }
    assert secrets(Settings.model_validate(table), environ) >= {
        "secret-token",
        "secret-of-embeddings",
        "secret-of-a-variable",
        "secret-of-a-file",
        "secret-of-a-server",
        "Bearer secret-of-a-collector",
        "secret-x",
    }
    assert not secrets(Settings(), {"OTHER": "no secret of ours"})
