from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pharia_kernel.errors import DeadlineExceeded, Saturated, SkillRejectedInput, SkillTrapped
from pharia_kernel.types import Caller

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN = "/v1/skills/dev/echo/run"
JSON = {"content-type": "application/json"}


@pytest.fixture
def echo(kernel: Any, answer: Any) -> Any:
    async def function(input: bytes, caller: Caller) -> Any:
        return answer(input, "sha256:abc")

    kernel.functions["dev/echo"] = function
    return kernel


def failing(kernel: Any, error: Exception) -> None:
    async def function(input: bytes, caller: Caller) -> Any:
        raise error

    kernel.functions["dev/echo"] = function


async def test_the_answer_of_the_skill_is_the_answer(echo: Any, client: httpx.AsyncClient) -> None:
    response = await client.post(RUN, json={"topic": "oat milk"})
    assert (response.status_code, response.json()) == (200, {"topic": "oat milk"})
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-skill-digest"] == "sha256:abc"
    assert "x-skill-warning" not in response.headers


async def test_a_warning_fits_into_a_header(kernel: Any, client: httpx.AsyncClient, answer: Any) -> None:
    async def function(input: bytes, caller: Caller) -> Any:
        return answer(b"1", warning="newer file\r\nx: is bröken")

    kernel.functions["dev/echo"] = function
    response = await client.post(RUN, json=1)
    assert response.headers["x-skill-warning"] == "newer file  x: is br ken"


async def test_token_path_and_input_reach_the_kernel(kernel: Any, client: httpx.AsyncClient, answer: Any) -> None:
    seen: list[tuple[bytes, Caller]] = []

    async def function(input: bytes, caller: Caller) -> Any:
        seen.append((input, caller))
        return answer(b"null")

    kernel.functions["dev/a%b"] = function
    await client.post("/v1/skills/dev/a%25b/run", content=b' "x" ', headers={**JSON, "authorization": "bearer abc"})
    assert seen == [(b' "x" ', Caller("abc"))]


async def test_without_a_token_the_caller_is_anonymous(kernel: Any, client: httpx.AsyncClient, answer: Any) -> None:
    seen: list[Caller] = []

    async def function(input: bytes, caller: Caller) -> Any:
        seen.append(caller)
        return answer(b"null")

    kernel.functions["dev/echo"] = function
    await client.post(RUN, json=1)
    assert seen == [Caller(None)]


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Token abc", ""])
async def test_other_authorization_is_refused(echo: Any, client: httpx.AsyncClient, header: str) -> None:
    response = await client.post(RUN, json=1, headers={"authorization": header})
    assert response.status_code == 400
    assert "invalid HTTP header (authorization)" in response.json()["detail"]


async def test_unknown_skill(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/skills/dev/nobody/run", json=1)
    assert (response.status_code, response.json()["code"]) == (404, "skill-not-found")


async def test_invalid_namespace(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/skills/bad_namespace/x/run", json=1)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-namespace")
    assert "^[a-z0-9]+(-[a-z0-9]+)*$" in response.json()["detail"]


async def test_a_stream_skill_points_to_the_other_route(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/skills/test-beta/hello/run", json=1)
    assert (response.status_code, response.json()["code"]) == (400, "wrong-skill-kind")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SkillRejectedInput("topic is missing"), 400),
        (SkillTrapped("unreachable"), 500),
        (DeadlineExceeded("after 600 s"), 504),
    ],
)
async def test_errors_become_problems(kernel: Any, client: httpx.AsyncClient, error: Any, status: int) -> None:
    failing(kernel, error)
    response = await client.post(RUN, json=1)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem == {
        "type": f"/api-docs#{error.code}",
        "title": error.title,
        "status": status,
        "detail": str(error),
        "code": error.code,
        "trace_id": response.headers["traceparent"].split("-")[1],
    }


async def test_a_busy_kernel_says_when_to_come_back(kernel: Any, client: httpx.AsyncClient) -> None:
    failing(kernel, Saturated("1000 calls run, 1000 wait"))
    response = await client.post(RUN, json=1)
    assert (response.status_code, response.headers["retry-after"], response.json()["retry_after"]) == (503, "1", 1)


async def test_who_asks_for_text_gets_the_text_alone(kernel: Any, client: httpx.AsyncClient) -> None:
    failing(kernel, SkillRejectedInput("topic is missing"))
    response = await client.post(RUN, json=1, headers={"accept": "text/plain"})
    assert response.text == "topic is missing"
    assert response.headers["content-type"].startswith("text/plain")


async def test_a_bug_shows_nothing_from_inside(
    kernel: Any, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    failing(kernel, ZeroDivisionError("s3cret detail"))
    response = await client.post(RUN, json=1)
    assert (response.status_code, response.json()["code"]) == (500, "host-fault")
    assert "s3cret" not in response.text
    assert response.json()["trace_id"] in response.json()["detail"]
    logged = [record for record in caplog.records if record.exc_info]
    assert [record.exc_info[0] for record in logged if record.exc_info] == [ZeroDivisionError]


async def test_the_skill_stops_when_the_client_leaves(kernel: Any, address: tuple[str, int]) -> None:
    began = asyncio.Event()

    async def function(input: bytes, caller: Caller) -> Any:
        began.set()
        await asyncio.Event().wait()

    kernel.functions["dev/echo"] = function
    _, writer = await asyncio.open_connection(*address)
    writer.write(
        f"POST {RUN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n1".encode()
    )
    async with asyncio.timeout(10):
        await began.wait()
        assert not kernel.left.is_set()
        writer.close()
        await kernel.left.wait()
