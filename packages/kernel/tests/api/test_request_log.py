from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from pharia_kernel.errors import SkillTrapped
from pharia_kernel.types import Caller, StreamEvent

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_without_traces_of_its_own_the_kernel_passes_that_of_the_caller_on(client: httpx.AsyncClient) -> None:
    response = await client.get("/", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert response.headers["traceparent"] == f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize("header", [None, "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01"])
async def test_a_request_without_a_trace_begins_one(client: httpx.AsyncClient, header: str | None) -> None:
    response = await client.get("/health", headers={} if header is None else {"traceparent": header})
    trace_id = response.headers["traceparent"].split("-")[1]
    assert len(trace_id) == 32
    assert int(trace_id, 16) != 0


async def test_a_refused_request_leaves_one_record(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pharia_kernel.api")
    await client.post("/v1/skills/dev/nobody/run", json=1, headers={"authorization": "Bearer s3cret"})
    (record,) = (record for record in caplog.records if record.name == "pharia_kernel.api")
    fields = vars(record)
    assert (fields["method"], fields["path"], fields["status"]) == ("POST", "/v1/skills/dev/nobody/run", 404)
    assert (fields["namespace"], fields["skill"], fields["code"]) == ("dev", "dev/nobody", "skill-not-found")
    assert fields["duration_ms"] > 0
    assert "s3cret" not in str(fields)


@pytest.mark.parametrize(
    ("path", "level"), [("/livez", logging.DEBUG), ("/nowhere", logging.INFO), ("/readyz", logging.WARNING)]
)
async def test_only_trouble_is_loud(
    kernel: Any, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, path: str, level: int
) -> None:
    caplog.set_level(logging.DEBUG, "pharia_kernel.api")
    kernel.ready = False
    await client.get(path)
    assert [record.levelno for record in caplog.records if record.name == "pharia_kernel.api"] == [level]


async def test_a_stream_that_failed_is_trouble(
    kernel: Any, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, failed: Any
) -> None:
    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        yield failed(SkillTrapped("unreachable"))

    kernel.streams["dev/x"] = source
    await client.post("/v1/skills/dev/x/message-stream", json=1)
    (record,) = (record for record in caplog.records if record.name == "pharia_kernel.api")
    fields = vars(record)
    assert (record.levelno, fields["status"], fields["code"]) == (logging.WARNING, 200, "skill-trapped")
