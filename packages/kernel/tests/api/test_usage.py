"""``GET /v1/usage``."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pharia_kernel.usage import Amounts, Key

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def used(kernel: Any) -> None:
    kernel.used = [
        (Key("2025-01-30", "dev", "haiku", "key:1", ""), Amounts(calls=2, failures=1, seconds=3.0)),
        (Key("2025-01-31", "dev", "haiku", "key:1", "small"), Amounts(requests=1, input_tokens=5, output_tokens=7)),
        (Key("2025-01-31", "other", "poem", "key:2", ""), Amounts(calls=1)),
    ]


@pytest.mark.usefixtures("used")
async def test_everything_is_told_apart_by_default(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/usage")).json()
    assert [(row["day"], row["namespace"], row["model"]) for row in answer["rows"]] == [
        ("2025-01-30", "dev", ""),
        ("2025-01-31", "dev", "small"),
        ("2025-01-31", "other", ""),
    ]
    assert answer["total"]["calls"] == 3


@pytest.mark.usefixtures("used")
async def test_rows_are_added_up_and_chosen(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/usage?by=namespace&caller=key:1&from=2025-01-30&to=2025-01-31")).json()
    (row,) = answer["rows"]
    assert row == {
        "namespace": "dev",
        "calls": 2,
        "failures": 1,
        "refused": 0,
        "seconds": 3.0,
        "requests": 1,
        "request_failures": 0,
        "request_seconds": 0.0,
        "input_tokens": 5,
        "output_tokens": 7,
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("by=colour", "'colour' is none of day, namespace"),
        ("from=yesterday", "'yesterday' is no day"),
        ("to=2025-02-30", "is no day"),
        ("when=now", "there is no parameter 'when'"),
        ("namespace=a&namespace=b", "namespace is there twice"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(client: httpx.AsyncClient, query: str, said: str) -> None:
    response = await client.get(f"/v1/usage?{query}")
    assert response.status_code == 400
    assert said in response.json()["detail"]
