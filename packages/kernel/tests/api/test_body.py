from __future__ import annotations

import asyncio
import gzip
from typing import Any

import httpx
import pytest

from pharia_kernel.types import Caller

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN = "/v1/skills/dev/size/run"
JSON = {"content-type": "application/json"}


def post(length: int) -> bytes:
    head = f"POST {RUN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    return head.encode()


@pytest.fixture(autouse=True)
def size(kernel: Any, answer: Any) -> None:
    async def function(input: bytes, caller: Caller) -> Any:
        return answer(str(len(input)).encode())

    kernel.functions["dev/size"] = function


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"])
async def test_json_types_are_taken(client: httpx.AsyncClient, kind: str) -> None:
    assert (await client.post(RUN, content=b"[]", headers={"content-type": kind})).json() == 2


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "text/x+json", "application/"])
async def test_other_types_are_refused(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post(RUN, content=b"[]", headers={"content-type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported-media-type")
    assert response.json()["detail"] == "Expected request with `Content-Type: application/json`"


async def test_compressed_bodies_are_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(RUN, content=gzip.compress(b"[]"), headers={**JSON, "content-encoding": "gzip"})
    assert response.status_code == 415


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,]", b"nan", b'"\xff"', b'"\\x"', b"1 2", b'"\\ud800"', b"[" * 900],
    ids=["empty", "open", "comma", "nan", "utf8", "escape", "two", "surrogate", "deep"],
)
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(RUN, content=body, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-json")
    assert response.json()["detail"].startswith("Failed to parse the request body as JSON: ")


async def test_a_body_up_to_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post(RUN, content=b"1" + b" " * 999, headers=JSON)).json() == 1000


async def test_a_larger_body_is_refused_before_it_is_sent(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(post(length=1001))
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_larger_body_of_unknown_length_is_refused_while_it_comes(client: httpx.AsyncClient) -> None:
    async def endless() -> Any:
        for _ in range(5):
            yield b" " * 300

    response = await client.post(RUN, content=endless(), headers=JSON)
    assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")
    assert "1000 bytes" in response.json()["detail"]


async def test_chunks_are_put_together(client: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        yield b'{"a":'
        yield b"1}"

    assert (await client.post(RUN, content=chunks(), headers=JSON)).json() == 7


async def test_a_body_that_does_not_come_is_given_up(kernel: Any, serve_with: Any) -> None:
    async with serve_with(kernel, body_seconds=0.05) as client, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(post(length=9) + b"[")
        assert b" 408 " in await reader.readline()
        writer.close()


async def test_the_server_goes_on_after_a_client_that_left_in_its_body(
    address: tuple[str, int], client: httpx.AsyncClient
) -> None:
    _, writer = await asyncio.open_connection(*address)
    writer.write(post(length=9) + b"[")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.post(RUN, content=b"[]", headers=JSON)).json() == 2
