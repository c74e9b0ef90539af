"""From settings to backends that answer."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from doubles.openai_stub import Events, OpenAiStub, Whole, chat_answer, chat_chunks, failure
from pharia_kernel.composition.inference import inference
from pharia_kernel.config import Settings
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend
from pharia_kernel.csi.inference.openai import OpenAiBackend
from pharia_kernel.csi.inference.routed import RoutedBackend
from pharia_kernel.csi.types import ChatRequest, Turn
from pharia_kernel.errors import BackendUnavailable, ConfigError
from pharia_kernel.types import Caller

_CALLER = Caller("of-the-caller")
_URL = "http://127.0.0.1:9/v1"


def chat(model: str) -> ChatRequest:
    return ChatRequest(model, (Turn("user", "Hi"),))


def settings(**written: Any) -> Settings:
    return Settings.model_validate({name.replace("_", "-"): value for name, value in written.items()})


@pytest.mark.parametrize(
    ("written", "source", "kind"),
    [
        ({"inference": "none"}, "none", AbsentBackend),
        ({}, "embedded", EmbeddedBackend),
        ({"inference_url": _URL}, "aleph-alpha", AlephAlphaBackend),
        ({"openai_inference": {"url": _URL, "token": ""}}, "openai", OpenAiBackend),
        ({"backends": {"a": {"kind": "embedded"}}}, "routed", RoutedBackend),
    ],
)
async def test_each_choice_has_its_backend(written: dict[str, Any], source: str, kind: type) -> None:
    name, backend = inference(settings(**written))
    assert (name, type(backend)) == (source, kind)


async def test_backends_of_a_choice_that_goes_before_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    inference(settings(inference="none", backends={"a": {"kind": "embedded"}}))
    assert "backends a are not used: inference = none" in caplog.text


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"inference": "aleph-alpha"}, "set INFERENCE_URL"),
        ({"inference": "openai"}, "set OPENAI_INFERENCE__URL"),
        (
            {"backends": {"a": {"kind": "embedded", "fall-back": ["b"]}}},
            r'backends\.a\.fall-back: can not fall back on "b" \(backends are a\)',
        ),
        ({"backends": {"a": {"kind": "embedded", "fall-back": ["a"]}}}, "that is itself"),
        ({"backends": {"a": {"kind": "embedded"}, "b": {"kind": "embedded"}}}, "only one can be of the kind embedded"),
        ({"backends": {"openai": {"kind": "embedded"}}, "openai_inference": {"url": _URL, "token": "t"}}, "another"),
        ({"backends": {"a": {"kind": "openai", "url": _URL, "token-env": "GONE"}}}, "no variable GONE"),
        ({"backends": {"a": {"kind": "openai", "url": _URL, "token-file": "/nonexistent"}}}, "can not be read"),
        ({"backends": {"a": {"kind": "openai", "url": _URL, "token-file": "/dev/null"}}}, "is empty"),
    ],
)
async def test_settings_that_contradict_each_other_are_refused(written: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        inference(settings(**written), {})


async def test_tokens_come_from_settings_variables_and_files(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    async with OpenAiStub() as stub, AsyncExitStack() as stack:
        table = {"kind": "openai", "url": stub.url}
        _, backend = inference(
            settings(
                backends={
                    "a": table | {"models": ["a"], "token": "written"},
                    "b": table | {"models": ["b"], "token-env": "B_TOKEN"},
                    "c": table | {"models": ["c"], "token-file": file},
                    "d": table | {"models": ["d"]},
                    "e": table | {"models": ["e"], "kind": "aleph-alpha"},
                }
            ),
            {"B_TOKEN": "from-variable"},
        )
        await stack.enter_async_context(backend)
        for model in "abcde":
            await backend.chat(chat(model), _CALLER)
        sent = [request.headers.get("Authorization") for request in stub.received]
    assert sent == ["Bearer written", "Bearer from-variable", "Bearer from-file", None, "Bearer of-the-caller"]


async def test_the_keys_for_a_single_backend_answer_for_what_the_table_does_not() -> None:
    async with OpenAiStub() as one, OpenAiStub() as two, AsyncExitStack() as stack:
        written = settings(
            openai_inference={"url": two.url, "token": "t"},
            backends={"one": {"kind": "openai", "url": one.url, "models": ["gpt-*"]}},
        )
        await stack.enter_async_context(backend := inference(written)[1])
        await backend.chat(chat("gpt-5"), _CALLER)
        await backend.chat(chat("llama"), _CALLER)
        assert [request.body["model"] for request in one.received] == ["gpt-5"]
        assert [request.body["model"] for request in two.received] == ["llama"]


async def test_where_there_is_something_to_fall_back_on_nothing_is_tried_twice() -> None:
    async with OpenAiStub(Whole(failure("no"), status=503)) as down, OpenAiStub() as up, AsyncExitStack() as stack:
        up.replies = [Whole(chat_answer("a")), Events(chat_chunks("a"))]
        written = settings(
            backends={
                "down": {"kind": "openai", "url": down.url, "fall-back": ["up"]},
                "up": {"kind": "openai", "url": up.url},
            }
        )
        await stack.enter_async_context(backend := inference(written)[1])
        assert (await backend.chat(chat("m"), _CALLER)).content == "a"
        assert len(down.received) == 1


async def test_the_breaker_has_the_numbers_of_the_settings() -> None:
    async with OpenAiStub(Whole(failure("no"), status=503)) as down, AsyncExitStack() as stack:
        table = {"kind": "openai", "url": down.url, "retries": 0, "failures": 2, "failure-pause": "1h"}
        await stack.enter_async_context(backend := inference(settings(backends={"a": table}))[1])
        for _ in range(4):
            with pytest.raises(BackendUnavailable):
                await backend.chat(chat("m"), _CALLER)
        assert len(down.received) == 2
