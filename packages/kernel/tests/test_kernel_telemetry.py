"""One call is one trace at the collector: the caller's, with all that was done for it, and nothing of what was said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from components import wat
from doubles.identity_service import IdentityService, identity_service
from doubles.openai_stub import Events, OpenAiStub, Whole, chat_answer, chat_chunks, completion_answer, failure
from doubles.otlp_collector import Collector
from pharia_kernel.api.server import serve
from pharia_kernel.composition.telemetry import telemetry
from pharia_kernel.config import Settings
from pharia_kernel.kernel import Kernel
from pharia_kernel.telemetry.exposition import exposition

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
SECRET = "what nobody but the model may read"
UNSAMPLED = f"00-{TRACE}-{CALLER}-00"
RUN = "POST /v1/skills/{namespace}/{name}/run"
STREAM = "POST /v1/skills/{namespace}/{name}/message-stream"
JOKE = "/v1/skills/test-beta/tell_me_a_joke/message-stream"


@dataclass
class Served:
    client: httpx.AsyncClient
    stub: OpenAiStub
    numbers: Callable[[], Any]

    async def metrics(self) -> list[str]:
        return exposition(await self.numbers(), "")[1].decode().splitlines()

    async def post(self, path: str, body: Any = SECRET, *, sampled: bool = True) -> httpx.Response:
        header = f"00-{TRACE}-{CALLER}-{sampled:02x}"
        return await self.client.post(path, json=body, headers={"traceparent": header, "authorization": "Bearer good"})


Start = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
async def service() -> AsyncIterator[IdentityService]:
    async with identity_service() as running:
        running.permissions = {"good": ["KernelAccess"]}
        yield running


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "asking.wasm").write_bytes(wat.ASKING)

    @asynccontextmanager
    async def started(**more: Any) -> AsyncIterator[Served]:
        async with OpenAiStub() as stub:
            table = {
                "kernel-address": "127.0.0.1:0",
                "namespaces": {"dev": {"directory": skills}},
                "openai-inference": {"url": stub.url, "token": "sk-secret"},
                "cache-dir": tmp_path / "cache",
                "metrics-address": "127.0.0.1:0",
                "limits": {"concurrent-calls": 20, "memory-bytes": "64MiB"},
                **more,
            }
            settings = Settings.model_validate(table)
            async with (
                telemetry(settings, {}) as seen,
                Kernel(settings, tracer=seen.tracing.tracer, metrics=seen.metrics) as kernel,
                serve(kernel, settings, tracing=seen.tracing, metrics=seen.metrics) as url,
                httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=60) as client,
            ):
                await kernel.loaded()
                yield Served(client, stub, seen.metrics.numbers)

    return started


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_cold_call_is_one_trace_of_seven_spans(
    protocol: Literal["http", "grpc"], start: Start, service: IdentityService
) -> None:
    """Rows 36 and 206 of the checklist."""
    async with Collector(protocol) as collector:
        access = {"authorization-url": service.url, "access": {"iam": {"admins": ["good"]}}}
        async with start(**access, **{"otel-endpoint": collector.url}) as served:
            served.stub.replies = [Whole(completion_answer(SECRET))]
            evicted = await served.client.delete(
                "/cached_skills/dev/asking", headers={"traceparent": UNSAMPLED, "authorization": "Bearer good"}
            )
            assert evicted.status_code == 200
            service.asked.clear()
            answer = await served.post("/v1/skills/dev/asking/run")
            assert answer.json() == SECRET
            backend = served.stub.received[-1].headers["traceparent"]
    assert collector.tree() == {
        (RUN, "?"),
        ("check_permissions", RUN),
        ("load_skill", RUN),
        ("download", "load_skill"),
        ("compile", "load_skill"),
        ("skill_execution", RUN),
        ("text_completion", "skill_execution"),
    }
    assert len(collector.spans) == 7
    assert {span.trace_id for span in collector.spans} == {TRACE}
    request = collector.named(RUN)
    assert (request.kind, request.parent_id, request.failed) == ("server", CALLER, False)
    assert answer.headers["traceparent"] == f"00-{TRACE}-{request.id}-01"
    assert backend == f"00-{TRACE}-{collector.named('text_completion').id}-01"
    assert SECRET not in collector.text
    assert "sk-secret" not in collector.text


async def test_the_identity_service_is_asked_within_the_trace(start: Start, service: IdentityService) -> None:
    async with (
        Collector() as collector,
        start(**{"otel-endpoint": collector.url, "authorization-url": service.url}) as served,
    ):
        served.stub.replies = [Whole(completion_answer("x"))]
        await served.post("/v1/skills/dev/asking/run")
    (asked,) = service.asked
    assert asked.headers["traceparent"] == f"00-{TRACE}-{collector.named('check_permissions').id}-01"


async def test_the_request_says_what_was_asked_and_no_secret_of_it(start: Start) -> None:
    async with Collector() as collector, start(**{"otel-endpoint": collector.url}) as served:
        await served.post("/v1/skills/dev/nobody/run?access_token=s3cret&a=b")
    request = collector.named(RUN)
    attributes = dict(request.attributes)
    assert attributes.pop("user_agent.original").startswith("python-httpx/")
    assert attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/skills/{namespace}/{name}/run",
        "http.response.status_code": 404,
        "network.protocol.version": "1.1",
        "server.address": "127.0.0.1",
        "url.path": "/v1/skills/dev/nobody/run",
        "url.query": "access_token=***&a=b",
        "url.scheme": "http",
        "span.type": "web",
        "error.type": "skill-not-found",
    }
    load = collector.named("load_skill")
    assert (request.failed, load.failed, load.attributes) == (False, True, {"error.type": "skill-not-found"})


async def test_a_stream_is_one_trace_with_its_tool_or_its_chat(start: Start) -> None:
    async with Collector() as collector, start(**{"otel-endpoint": collector.url}) as served:
        served.stub.replies = [Events(chat_chunks("a ", SECRET))]
        assert SECRET in (await served.post(JOKE)).text
        await served.post("/v1/skills/test-beta/tool_caller/message-stream")
        backend = served.stub.received[-1].headers["traceparent"]
    streams = {(STREAM, "?"), ("load_skill", STREAM), ("skill_execution", STREAM)}
    assert collector.tree() == {*streams, ("chat", "skill_execution"), ("invoke_tool", "skill_execution")}
    assert {span.trace_id for span in collector.spans} == {TRACE}
    chat = collector.named("chat")
    assert backend == f"00-{TRACE}-{chat.id}-01"
    assert chat.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "llama-3.1-8b-instruct",
        "gen_ai.request.max_tokens": 300,
        "gen_ai.request.temperature": 0.3,
        "gen_ai.response.model": "stub-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
    }
    assert collector.named("invoke_tool").attributes["gen_ai.tool.name"] == "add"
    skills = {span.attributes["skill"] for span in collector.spans if span.name == "skill_execution"}
    assert skills == {"test-beta/tell_me_a_joke", "test-beta/tool_caller"}
    assert SECRET not in collector.text


async def test_content_is_shown_only_where_that_was_asked_for(start: Start) -> None:
    """Row 207 of the checklist."""
    async with Collector() as collector:
        settings = {"otel-endpoint": collector.url, "otel-gen-ai-content-capture": True}
        async with start(**settings) as served:
            served.stub.replies = [Events(chat_chunks("Knock", " knock"))]
            await served.post(JOKE)
            served.stub.replies = [Whole(chat_answer("A")), Whole(completion_answer(SECRET))]
            turns = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
            question = {"model": "m", "messages": turns, "params": {"logprobs": "no"}}
            assert (await served.post("/csi/v1/chat", [question])).status_code == 200
            await served.post("/v1/skills/dev/asking/run")
    (stream, whole) = [span.attributes for span in collector.spans if span.name == "chat"]
    assert stream["gen_ai.input.messages"] == '[{"role":"user","content":"Tell me a joke!"}]'
    assert stream["gen_ai.output.messages"] == '[{"role":"assistant","content":"Knock knock"}]'
    assert stream["gen_ai.usage.output_tokens"] == 2
    assert whole["gen_ai.input.messages"] == '[{"role":"system","content":"S"},{"role":"user","content":"U"}]'
    assert whole["gen_ai.output.messages"] == '[{"role":"assistant","content":"A"}]'
    assert SECRET not in collector.text  # of completions nothing is ever shown


async def test_what_the_caller_does_not_sample_is_not_sent(start: Start) -> None:
    """Row 205 of the checklist."""
    settings = {"otel-sampling-ratio": 1.0}
    async with Collector() as collector, start(**settings, **{"otel-endpoint": collector.url}) as served:
        answer = await served.post("/v1/skills/dev/nobody/run", sampled=False)
        assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
        assert answer.headers["traceparent"].endswith("-00")
    assert collector.spans == []


async def test_a_collector_that_hangs_holds_up_no_call(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    async with Collector(hangs=True) as collector, start(**{"otel-endpoint": collector.url}) as served:
        served.stub.replies = [Whole(completion_answer("x"))]
        await served.post("/v1/skills/dev/asking/run")
        await collector.until(lambda collector: bool(collector.requests))
        for _ in range(50):
            assert (await served.post("/v1/skills/dev/asking/run")).status_code == 200
    assert collector.spans == []


async def test_calls_are_counted_and_measured(start: Start) -> None:
    """Row 151 of the checklist."""
    async with start() as served:
        served.stub.replies = [Whole(completion_answer("x")), Events(chat_chunks("a")), Whole(failure("no"), 400)]
        await served.post("/v1/skills/dev/asking/run")
        await served.post(JOKE)
        await served.post("/v1/skills/dev/asking/run")
        await served.post(JOKE)
        for number in range(3):
            await served.post(f"/v1/skills/dev/nobody{number}/run")
            await served.post(f"/nowhere/{number}")
        shown = await served.metrics()
    skill, joke = 'name="asking",namespace="dev"', 'name="tell_me_a_joke",namespace="test-beta"'
    run = 'method="POST",path="/v1/skills/{namespace}/{name}/run"'
    for line in (
        f'kernel_skill_execution_total{{{skill},status="ok"}} 1.0',
        f'kernel_skill_execution_total{{{skill},status="runtime_error"}} 1.0',
        f'kernel_skill_execution_duration_seconds_count{{{skill},status="ok"}} 1.0',
        f'kernel_skill_execution_total{{{joke},status="ok"}} 1.0',
        f"kernel_skill_fetch_duration_seconds_count{{{skill}}} 2.0",
        'kernel_skill_fetch_duration_seconds_count{name="other",namespace="other"} 3.0',
        f'kernel_http_requests_total{{{run},status="200"}} 1.0',
        f'kernel_http_requests_total{{{run},status="404"}} 3.0',
        'kernel_http_requests_total{method="POST",path="other",status="404"} 3.0',
        'kernel_csi_requests_total{function="complete"} 2.0',
        'kernel_csi_requests_total{function="chat_stream"} 2.0',
        f'kernel_skill_execution_total{{{joke},status="runtime_error"}} 1.0',
        'kernel_inference_tokens_total{direction="input",model="llama-3.1-8b-instruct"} 3.0',
        'kernel_inference_time_to_first_token_seconds_count{model="llama-3.1-8b-instruct"} 1.0',
        "kernel_skill_cache_items 1.0",
        "kernel_calls_running 0.0",
    ):
        assert line in shown, line
    assert any(line.startswith("kernel_wasm_instances_free ") for line in shown)
    assert any(line.startswith("kernel_lua_processes_free ") for line in shown)
    failures = [line for line in shown if line.startswith("kernel_csi_failures_total{")]
    assert {line.partition("function=")[2] for line in failures} == {'"complete"} 1.0', '"chat_stream"} 1.0'}
    assert "nobody" not in "".join(shown)
