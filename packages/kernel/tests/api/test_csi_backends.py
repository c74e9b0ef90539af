"""The CSI over HTTP of a real kernel whose models are elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles.aleph_alpha import completed, explained
from doubles.openai_stub import Events, OpenAiStub, Whole, chat_answer, chat_chunks, failure
from pharia_kernel.api.server import serve
from pharia_kernel.composition.status import InferenceStatus
from pharia_kernel.config import Settings
from pharia_kernel.kernel import Kernel

BEARER = {"Authorization": "Bearer of-the-caller"}
EXPLAIN = {"prompt": "Once", "target": "upon", "model": "m", "granularity": "word"}
COMPLETE = {"model": "m", "prompt": "Once", "params": {"return_special_tokens": False, "stop": [], "logprobs": "no"}}
CHAT = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}], "params": {"logprobs": "no"}}


@asynccontextmanager
async def served(tmp_path: Path, **written: Any) -> AsyncIterator[tuple[Kernel, httpx.AsyncClient]]:
    named = {name.replace("_", "-"): value for name, value in written.items()}
    settings = Settings.model_validate({"kernel-address": "127.0.0.1:0", "cache-dir": tmp_path, **named})
    async with (
        Kernel(settings) as kernel,
        serve(kernel, settings) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=60) as client,
    ):
        yield kernel, client


async def test_an_api_of_aleph_alpha_explains_and_completes_in_the_name_of_the_caller(tmp_path: Path) -> None:
    async with OpenAiStub(Whole(explained((0, 4, 0.5))), Whole(completed(" upon"))) as stub:
        async with served(tmp_path, inference_url=stub.url) as (kernel, client):
            assert kernel.status().inference == InferenceStatus("aleph-alpha", "ready")
            scores = await client.post("/csi/v1/explain", json=[EXPLAIN], headers=BEARER)
            assert scores.json() == [[{"start": 0, "length": 4, "score": 0.5}]]
            (answer,) = (await client.post("/csi/v1/complete", json=[COMPLETE], headers=BEARER)).json()
            assert (answer["text"], answer["usage"]) == (" upon", {"prompt": 3, "completion": 2})
        assert {request.headers["Authorization"] for request in stub.received} == {"Bearer of-the-caller"}


@pytest.mark.parametrize(("function", "body"), [("explain", [EXPLAIN]), ("complete", [COMPLETE]), ("chat", [CHAT])])
async def test_a_caller_without_a_token_is_told_to_send_one(tmp_path: Path, function: str, body: Any) -> None:
    async with OpenAiStub() as stub, served(tmp_path, inference_url=stub.url) as (_, client):
        answer = await client.post(f"/csi/v1/{function}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "backend-caller-unauthorized")
        assert stub.received == []


async def test_an_alias_falls_back_over_http(tmp_path: Path) -> None:
    replies = Whole(chat_answer("spare")), Events(chat_chunks("spare"))
    async with OpenAiStub(Whole(failure("no"), status=503)) as main, OpenAiStub(*replies) as spare:
        backends = {
            "main": {"kind": "openai", "url": main.url, "fall-back": ["spare"], "aliases": {"fast": "big"}},
            "spare": {"kind": "openai", "url": spare.url, "models": [], "aliases": {"fast": "small"}},
        }
        async with served(tmp_path, backends=backends) as (kernel, client):
            assert kernel.status().inference == InferenceStatus("routed", "ready")
            (answer,) = (await client.post("/csi/v1/chat", json=[CHAT])).json()
            assert answer["message"]["content"] == "spare"
            assert '"spare"' in (await client.post("/csi/v1/chat_stream", json=CHAT)).text
        assert [request.body["model"] for request in (*main.received, *spare.received)] == ["big"] * 2 + ["small"] * 2


async def test_a_full_backend_says_when_to_come_back(tmp_path: Path) -> None:
    async with OpenAiStub(Whole(failure("no"), status=503)) as stub:
        table = {"kind": "openai", "url": stub.url, "retries": 0, "failures": 1, "failure-pause": "1h"}
        async with served(tmp_path, backends={"main": table}) as (_, client):
            await client.post("/csi/v1/chat", json=[CHAT])
            answer = await client.post("/csi/v1/chat", json=[CHAT])
            assert (answer.status_code, answer.json()["code"]) == (503, "backend-unavailable")
            assert 3000 < int(answer.headers["Retry-After"]) <= 3600
