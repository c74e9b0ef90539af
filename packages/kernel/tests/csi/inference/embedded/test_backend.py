"""The real model in its real process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from pharia_kernel.csi.inference.embedded import SMOLLM2_NAME, EmbeddedBackend, EmbeddedOptions
from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    ChatRequest,
    CompleteRequest,
    End,
    ExplainRequest,
    FunctionSpec,
    JsonSchema,
    NamedTool,
    TextPart,
    ToolCallPart,
    TopLogprobs,
    Turn,
    Used,
)
from pharia_kernel.errors import BackendSaturated, CsiError, InvalidCsiRequest, ModelNotFound, UnsupportedOperation
from pharia_kernel.types import Caller

pytestmark = pytest.mark.asyncio(loop_scope="module")

_CALLER = Caller()
_CHAT = ChatRequest("llama-3.1-8b-instruct", (Turn("user", "Say hello"),), max_tokens=4, temperature=0.0)
_COMPLETE = CompleteRequest(SMOLLM2_NAME, "The capital of France is", max_tokens=4, temperature=0.0)
_OBJECT = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 8}}, "required": ["city"]}
_WEATHER = FunctionSpec("get_weather", "Weather of a city", _OBJECT)
_SKY = FunctionSpec("look_up", "Looks at the sky")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[EmbeddedBackend]:
    async with EmbeddedBackend(EmbeddedOptions(parallel=2, context=2048)) as backend:
        assert backend.state == "starting"
        await backend.ready()
        yield backend


async def test_a_chat_is_answered_by_the_model_that_says_its_name(model: EmbeddedBackend) -> None:
    answer = await model.chat(_CHAT, _CALLER)
    assert answer.content
    assert (answer.model, answer.finish, answer.usage.completion) == (SMOLLM2_NAME, "length", 4)
    assert model.state == "ready"


async def test_a_stream_is_made_of_single_tokens(model: EmbeddedBackend) -> None:
    parts = [part async for part in model.chat_stream(_CHAT, _CALLER)]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    assert parts[0] == Begin("assistant")
    assert len(texts) == 4
    assert parts[-2] == End("length")
    assert isinstance(parts[-1], Used)
    assert (parts[-1].usage.completion, parts[-1].model) == (4, SMOLLM2_NAME)
    assert "".join(texts) == (await model.chat(_CHAT, _CALLER)).content


async def test_a_text_is_continued(model: EmbeddedBackend) -> None:
    assert (await model.complete(_COMPLETE, _CALLER)).text.startswith(" Paris")
    parts = [part async for part in model.complete_stream(_COMPLETE, _CALLER)]
    assert parts[0] == TextPart(" Paris")
    assert parts[-2] == End("length")


async def test_a_prompt_is_echoed(model: EmbeddedBackend) -> None:
    echoing = msgspec.structs.replace(_COMPLETE, echo=True)
    assert (await model.complete(echoing, _CALLER)).text.startswith("The capital of France is Paris")
    parts = [part async for part in model.complete_stream(echoing, _CALLER)]
    assert parts[:2] == [TextPart("The capital of France is"), TextPart(" Paris")]
    with pytest.raises(UnsupportedOperation):
        await model.complete(msgspec.structs.replace(echoing, logprobs="sampled"), _CALLER)


async def test_control_tokens_are_in_the_text_if_wanted(model: EmbeddedBackend) -> None:
    prompt = "<|im_start|>user\nSay yes<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>assistant\nYes."
    request = CompleteRequest(SMOLLM2_NAME, prompt, max_tokens=40, temperature=0.0)
    plain = await model.complete(request, _CALLER)
    special = await model.complete(msgspec.structs.replace(request, special_tokens=True), _CALLER)
    assert "<|im_end|>" not in plain.text
    assert special.text.endswith("<|im_end|>")


async def test_stop_sequences_end_the_text(model: EmbeddedBackend) -> None:
    answer = await model.complete(msgspec.structs.replace(_COMPLETE, stop=(" Paris",)), _CALLER)
    assert (answer.text, answer.finish) == ("", "stop")


async def test_stop_sequences_end_a_chat_too(model: EmbeddedBackend) -> None:
    text = (await model.chat(_CHAT, _CALLER)).content or ""
    answer = await model.chat(msgspec.structs.replace(_CHAT, stop=(text[1:],)), _CALLER)
    assert (answer.content, answer.finish) == (text[0], "stop")


async def test_the_same_seed_gives_the_same_answer(model: EmbeddedBackend) -> None:
    wild = msgspec.structs.replace(_COMPLETE, temperature=5.0, max_tokens=4)
    seeds = (7, 7, 8)
    answers = [(await model.complete(msgspec.structs.replace(wild, seed=seed), _CALLER)).text for seed in seeds]
    assert answers[0] == answers[1] != answers[2]
    chats = msgspec.structs.replace(_CHAT, temperature=5.0, max_tokens=4)
    contents = [(await model.chat(msgspec.structs.replace(chats, seed=seed), _CALLER)).content for seed in seeds]
    assert contents[0] == contents[1] != contents[2]


async def test_log_probabilities_belong_to_tokens(model: EmbeddedBackend) -> None:
    answer = await model.chat(msgspec.structs.replace(_CHAT, max_tokens=1, logprobs=TopLogprobs(2)), _CALLER)
    (token,) = answer.tokens
    assert token.sampled.token.decode() == answer.content
    assert token.top[0].logprob >= token.top[1].logprob
    (sampled,) = (
        await model.complete(msgspec.structs.replace(_COMPLETE, max_tokens=1, logprobs="sampled"), _CALLER)
    ).tokens
    assert (sampled.sampled.token, sampled.top) == (b" Paris", ())


async def test_an_answer_has_the_form_of_a_schema(model: EmbeddedBackend) -> None:
    wanted = JsonSchema("city", schema=_OBJECT)
    answer = await model.chat(msgspec.structs.replace(_CHAT, max_tokens=60, format=wanted), _CALLER)
    assert "city" in json.loads(answer.content or "")


async def test_a_tool_call_that_is_insisted_on_is_made(model: EmbeddedBackend) -> None:
    request = msgspec.structs.replace(
        _CHAT, max_tokens=None, max_completion_tokens=80, tools=(_SKY, _WEATHER), tool_choice=NamedTool("get_weather")
    )
    answer = await model.chat(request, _CALLER)
    (call,) = answer.tool_calls or ()
    assert (call.name, answer.finish, answer.content) == ("get_weather", "tool-calls", None)
    assert "city" in json.loads(call.arguments)
    required = msgspec.structs.replace(request, tool_choice="required")
    parts = [part async for part in model.chat_stream(required, _CALLER)]
    assert isinstance(parts[1], ToolCallPart)
    assert parts[1].chunks[0].name in ("look_up", "get_weather")
    assert parts[2] == End("tool-calls")


async def test_a_tool_that_was_not_offered_can_not_be_insisted_on(model: EmbeddedBackend) -> None:
    request = msgspec.structs.replace(_CHAT, tools=(_SKY,), tool_choice=NamedTool("get_weather"))
    with pytest.raises(InvalidCsiRequest):
        await model.chat(request, _CALLER)


async def test_a_prompt_that_is_too_long_is_refused(model: EmbeddedBackend) -> None:
    with pytest.raises(InvalidCsiRequest, match="2048"):
        await model.complete(msgspec.structs.replace(_COMPLETE, prompt="word " * 3000), _CALLER)


async def test_nothing_is_explained(model: EmbeddedBackend) -> None:
    with pytest.raises(UnsupportedOperation):
        await model.explain(ExplainRequest("a", "b", SMOLLM2_NAME), _CALLER)


async def test_another_models_name_is_noted_once(model: EmbeddedBackend, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for name in ("gpt-x", "gpt-x", SMOLLM2_NAME):
        await model.chat(msgspec.structs.replace(_CHAT, model=name, max_tokens=1), _CALLER)
    assert [record.getMessage() for record in caplog.records] == [
        f"model gpt-x is answered by {SMOLLM2_NAME}, the embedded model"
    ]


async def test_requests_beyond_the_places_are_answered_in_order_of_arrival() -> None:
    finished: list[int] = []
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, context=512)) as model:

        async def ask(number: int) -> None:
            await model.chat(msgspec.structs.replace(_CHAT, max_tokens=1), _CALLER)
            finished.append(number)

        await asyncio.gather(*(ask(number) for number in range(5)))
    assert finished == [0, 1, 2, 3, 4]


async def test_requests_beyond_the_queue_are_refused_with_a_time_to_come_back() -> None:
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, queued=1, context=512)) as model:
        short = msgspec.structs.replace(_CHAT, max_tokens=1)
        outcomes = await asyncio.gather(*(model.chat(short, _CALLER) for _ in range(3)), return_exceptions=True)
        refused = outcomes.pop()
        assert isinstance(refused, BackendSaturated)
        assert (refused.status, refused.retry_after) == (503, 1)
        assert all(isinstance(outcome, ChatAnswer) for outcome in outcomes)


async def test_a_stream_that_is_left_stops_the_model(model: EmbeddedBackend) -> None:
    endless = msgspec.structs.replace(_CHAT, turns=(Turn("user", "Write a very long story"),), max_tokens=1900)
    streams = [model.chat_stream(endless, _CALLER) for _ in range(2)]
    for stream in streams:
        async with aclosing(stream):
            await anext(stream)
            await anext(stream)
    task = asyncio.create_task(model.chat(endless, _CALLER))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(20):  # far less than the stories would take
        await asyncio.gather(*(model.chat(_CHAT, _CALLER) for _ in range(4)))


async def test_neither_arguments_nor_environment_hold_a_secret(
    model: EmbeddedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_INFERENCE__TOKEN", "sk-very-secret")
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, context=256)) as other:
        await other.ready()
        seen = _proc(other, "environ") + _proc(other, "cmdline")
    assert b"PATH=" in seen
    assert b"sk-very-secret" not in seen


async def test_a_model_that_dies_is_started_again_and_its_requests_fail(model: EmbeddedBackend) -> None:
    async with aclosing(model.chat_stream(msgspec.structs.replace(_CHAT, max_tokens=1900), _CALLER)) as stream:
        await anext(stream)
        first = model.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with pytest.raises(CsiError):
            async for _ in stream:
                pass
    async with asyncio.timeout(60):
        assert (await _answer(model)).model == SMOLLM2_NAME
    assert model.process_id not in (first, None)


async def test_without_any_model_other_names_are_unknown() -> None:
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, context=256, any_model=False)) as model:
        with pytest.raises(ModelNotFound, match=SMOLLM2_NAME):
            await model.chat(_CHAT, _CALLER)
        with pytest.raises(ModelNotFound, match=SMOLLM2_NAME):
            await anext(model.complete_stream(CompleteRequest("m", "x"), _CALLER))


async def _answer(model: EmbeddedBackend) -> ChatAnswer:
    while True:
        try:
            return await model.chat(_CHAT, _CALLER)
        except CsiError:
            pass  # the process is not missed yet


def _proc(model: EmbeddedBackend, file: str) -> bytes:
    return Path(f"/proc/{model.process_id}/{file}").read_bytes()
