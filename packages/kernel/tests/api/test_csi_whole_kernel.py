"""The CSI over HTTP of the real kernel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from doubles.openai_stub import Hang, OpenAiStub, Reply, Whole, chat_answer
from pharia_kernel.api.server import serve
from pharia_kernel.config import LimitSettings, NamespaceSettings, OpenAiSettings, Settings
from pharia_kernel.kernel import Kernel
from pharia_kernel.telemetry.tracing import Tracing

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "params": {"logprobs": "no"}}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    skills = tmp_path / "skills"
    skills.mkdir()
    return Settings(
        kernel_address="127.0.0.1:0",
        namespaces={"dev": NamespaceSettings(directory=skills, native_tools=("add",))},
        inference="none",
        cache_dir=tmp_path / "cache",
    )


@pytest_asyncio.fixture
async def whole(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        Kernel(settings) as kernel,
        serve(kernel, settings) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client,
    ):
        yield client


async def test_what_is_not_configured_says_so(whole: httpx.AsyncClient) -> None:
    answer = await whole.post("/csi/v1/chat", json=[CHAT])
    assert (answer.status_code, answer.json()["code"]) == (503, "not-configured")
    stream = await whole.post("/csi/v1/chat_stream", json=CHAT)
    name, data = stream.text.removesuffix("\n\n").split("\n")
    assert (stream.status_code, name) == (200, "event: error")
    assert json.loads(data.removeprefix("data: "))["code"] == "not-configured"


async def test_tools_are_those_of_the_namespace(whole: httpx.AsyncClient) -> None:
    for namespace, names in (("dev", ["add"]), ("test-beta", ["add", "saboteur", "subtract"])):
        found = (await whole.get(f"/v1/tools/{namespace}")).json()
        assert [tool["name"] for tool in found] == names
        assert (await whole.post("/csi/v1/list_tools", json={"namespace": namespace})).json() == found
        assert (await whole.get(f"/v1/mcp_servers/{namespace}")).json() == []
    response = await whole.get("/v1/tools/nowhere")
    assert (response.status_code, response.json()["detail"]) == (404, "Namespace 'nowhere' not found")
    numbers = [{"name": "a", "value": 5}, {"name": "b", "value": 2}]
    calls = [{"name": "subtract", "arguments": numbers}, {"name": "add", "arguments": numbers}]
    answers = await whole.post("/csi/v1/invoke_tool", json={"namespace": "dev", "requests": calls})
    assert answers.json() == ["Tool subtract not found on any server.", [{"type": "text", "text": "7"}]]


@pytest.mark.parametrize(
    ("reply", "status", "code"), [(Whole(chat_answer("Hi")), 200, None), (Hang(), 504, "deadline-exceeded")]
)
async def test_calls_have_the_deadline_and_the_trace_of_their_caller(
    settings: Settings, reply: Reply, status: int, code: str | None
) -> None:
    async with OpenAiStub(reply) as stub:
        configured = settings.model_copy(
            update={
                "inference": "openai",
                "openai_inference": OpenAiSettings(url=stub.url, token="t"),  # type: ignore[arg-type]
                "limits": LimitSettings(deadline_seconds=60.0 if code is None else 0.2),
            }
        )
        tracing = Tracing()
        async with (
            Kernel(configured, tracer=tracing.tracer) as kernel,
            serve(kernel, configured, tracing=tracing) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client,
        ):
            headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
            answer = await client.post("/csi/v1/chat", json=[CHAT], headers=headers)
            assert answer.status_code == status
            if code is not None:
                assert answer.json()["code"] == code
            assert TRACE in answer.headers["traceparent"]
            assert TRACE in stub.received[0].headers["traceparent"]
            await stub.until(lambda stub: stub.open == 0)
