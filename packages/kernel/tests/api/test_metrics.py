from __future__ import annotations

import socket

import httpx
import pytest

from pharia_kernel.api.metrics import bind_metrics, serve_metrics
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.numbers import Numbers, Sample


async def numbers() -> list[Numbers]:
    return [Numbers("kernel_calls_queued", "gauge", "Calls", [Sample("kernel_calls_queued", {}, 3)])]


async def test_every_path_shows_the_numbers_but_the_one_about_health() -> None:
    """Row 44 of the checklist."""
    async with (
        serve_metrics(bind_metrics("127.0.0.1:0"), numbers) as url,
        httpx.AsyncClient(base_url=url.removesuffix("/metrics"), trust_env=False, verify=False) as client,
    ):
        for path in ("/metrics", "/anything", "/"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "kernel_calls_queued 3.0" in answer.text
            assert answer.headers["content-type"].startswith("text/plain; version=")
        health = await client.get("/health")
        assert (health.status_code, health.text) == (200, "OK")
        assert (await client.post("/metrics")).status_code == 405


def test_an_address_in_use_is_an_error_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(ConfigError, match="METRICS_ADDRESS"):
        bind_metrics(f"127.0.0.1:{other.getsockname()[1]}")
