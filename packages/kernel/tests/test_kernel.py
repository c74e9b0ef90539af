"""The kernel as a library: all parts together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from pharia_kernel.composition.status import InferenceStatus
from pharia_kernel.config import EmbeddedModelSettings, LimitSettings, NamespaceSettings, OpenAiSettings, Settings
from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    End,
    ExplainRequest,
    Part,
    Score,
    TextPart,
)
from pharia_kernel.errors import (
    BackendFailed,
    ConfigError,
    InvalidNamespace,
    MalformedRequest,
    NotConfigured,
    Saturated,
    SkillLoadError,
    SkillNotFound,
    SkillReportedError,
    WrongSkillKind,
)
from pharia_kernel.kernel import Kernel
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.types import (
    Caller,
    Failed,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    Output,
    SkillKind,
    SkillMetadata,
    SkillPath,
    StreamEvent,
    ToolBegin,
    ToolEnd,
)


class ScriptSkill:
    """The code names what to do: ``echo``, ``complete`` or ``hang``."""

    kind = SkillKind.FUNCTION

    def __init__(self, code: str, digest: str, hanging: asyncio.Event) -> None:
        self.code = code
        self.digest = digest
        self.hanging = hanging

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        if self.code == "hang":
            self.hanging.set()
            await asyncio.Event().wait()
        if self.code == "complete":
            (answer,) = await csi.complete([CompleteRequest("m", msgspec.json.decode(input, type=str))])
            return msgspec.json.encode(answer.text)
        return input

    async def metadata(self) -> SkillMetadata:
        return SkillMetadata(description=self.code)

    async def aclose(self) -> None:
        pass


class ScriptRuntime:
    open = 0

    def __init__(self) -> None:
        self.hanging = asyncio.Event()

    async def __aenter__(self) -> ScriptRuntime:
        self.open += 1
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open -= 1

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> ScriptSkill:
        if code == b"broken":
            raise SkillLoadError("not a component")
        return ScriptSkill(code.decode(), f"sha256:{len(code)}", self.hanging)


class Parrot:
    """A backend that repeats the question."""

    open = 0
    fails = False
    callers: list[Caller]

    async def __aenter__(self) -> Parrot:
        self.open += 1
        self.callers = []
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open -= 1

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        self.callers.append(caller)
        return CompleteAnswer(request.prompt, "stop")

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        return ChatAnswer(request.turns[-1].content, "stop")

    async def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        yield TextPart(request.prompt)
        yield End("stop")

    async def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        yield Begin("assistant")
        if self.fails:
            raise BackendFailed("out of crackers")
        yield TextPart(request.turns[-1].content or "")
        yield End("length")

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        return []


@pytest.fixture
async def runtime() -> ScriptRuntime:
    return ScriptRuntime()


@pytest.fixture
async def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    directory = tmp_path / "skills"
    directory.mkdir()
    return Settings(
        namespaces={"dev": NamespaceSettings(directory=directory)},
        directory_scan_interval=0.001,
        inference="none",
        limits=LimitSettings(grace_seconds=0.05),
        cache_dir=tmp_path / "cache",
    )


@pytest.fixture
def kernel(settings: Settings, runtime: Any, parrot: Any) -> Kernel:
    return Kernel(settings, runtime=runtime, backend=parrot)


def add(settings: Settings, name: str, code: bytes) -> None:
    path = settings.namespaces["dev"].directory / f"{name}.wasm"
    path.with_suffix(".part").write_bytes(code)
    path.with_suffix(".part").replace(path)


async def events(kernel: Kernel, path: str, input: bytes = b"null") -> list[StreamEvent]:
    async with kernel.stream(SkillPath.parse(path), input, Caller()) as stream:
        return [event async for event in stream]


async def test_a_value_goes_in_and_a_value_comes_out(kernel: Kernel, settings: Settings) -> None:
    add(settings, "echo", b"echo")
    async with kernel:
        assert await kernel.run("dev/echo", {"topic": "oat milk", "n": [1, None]}) == {
            "topic": "oat milk",
            "n": [1, None],
        }


async def test_the_wire_form_carries_bytes_and_the_digest(kernel: Kernel, settings: Settings) -> None:
    add(settings, "echo", b"echo")
    async with kernel:
        answer = await kernel.invoke(SkillPath("dev", "echo"), b" [1, 2] ", Caller())
    assert (answer.output, answer.skill_digest, answer.warning) == (b"[1,2]", "sha256:4", None)


async def test_a_skill_reaches_the_model_in_the_name_of_its_caller(
    kernel: Kernel, settings: Settings, parrot: Parrot
) -> None:
    add(settings, "complete", b"complete")
    async with kernel:
        assert await kernel.run("dev/complete", "polly", caller=Caller("secret")) == "polly"
    assert parrot.callers == [Caller("secret")]


async def test_without_a_backend_models_are_not_configured(settings: Settings, runtime: Any) -> None:
    add(settings, "complete", b"complete")
    async with Kernel(settings, runtime=runtime) as kernel:
        assert kernel.status().inference == InferenceStatus("none", "ready")
        with pytest.raises(NotConfigured):
            await kernel.run("dev/complete", "polly")


async def test_the_choice_of_models_follows_the_settings(settings: Settings, runtime: Any) -> None:
    endpoint = OpenAiSettings(url="http://127.0.0.1:9/v1", token=SecretStr("key"))
    for inference, openai, source in (
        ("auto", endpoint, "openai"),
        ("openai", endpoint, "openai"),
        ("none", endpoint, "none"),
    ):
        chosen = settings.model_copy(update={"inference": inference, "openai_inference": openai})
        async with Kernel(chosen, runtime=runtime) as kernel:
            assert kernel.status().inference == InferenceStatus(source, "ready")
    with pytest.raises(ConfigError, match="OPENAI_INFERENCE__URL"):
        async with Kernel(settings.model_copy(update={"inference": "openai"}), runtime=runtime):
            pass


async def test_without_an_endpoint_the_embedded_model_answers(settings: Settings, runtime: Any, tmp_path: Path) -> None:
    missing = EmbeddedModelSettings(file=tmp_path / "no.gguf")
    chosen = settings.model_copy(update={"inference": "auto", "embedded_model": missing})
    add(settings, "complete", b"complete")
    async with Kernel(chosen, runtime=runtime) as kernel:
        with pytest.raises(NotConfigured):
            await kernel.run("dev/complete", "polly")
        assert kernel.status().inference == InferenceStatus("embedded", "failed")
        assert kernel.status().ready


async def test_hello_greets_without_any_configuration(kernel: Kernel) -> None:
    async with kernel:
        assert await events(kernel, "test-beta/hello", b'"Homer"') == [
            MessageBegin(),
            *(MessageAppend(letter) for letter in "Hello"),
            MessageEnd(),
        ]


async def test_the_other_built_in_skills_work(kernel: Kernel, parrot: Parrot) -> None:
    async with kernel:
        joke = await events(kernel, "test-beta/tell_me_a_joke")
        assert joke[:2] == [MessageBegin(), MessageAppend("Tell me a joke!")]
        assert bytes(joke[2].payload) == b'"Length"'  # type: ignore[union-attr]
        assert await events(kernel, "test-beta/tool_caller") == [
            ToolBegin("add"),
            ToolEnd("add"),
            MessageBegin(),
            MessageAppend("The result of calling the add tool for a=1 and b=2 is: 3"),
            MessageEnd(),
        ]
        parrot.fails = True
        (*_, failed) = await events(kernel, "test-beta/tell_me_a_joke")
        assert isinstance(failed, Failed)
        assert str(failed.error) == "out of crackers"
        (failed,) = await events(kernel, "test-beta/saboteur")
        assert isinstance(failed, Failed)
        assert str(failed.error) == "Skill is a saboteur"


async def test_built_in_skills_called_as_functions_answer_as_documented(kernel: Kernel) -> None:
    async with kernel:
        for name in ("hello", "tell_me_a_joke"):
            with pytest.raises(SkillReportedError, match=r"^I am a dummy Skill$"):
                await kernel.run(f"test-beta/{name}", None)
        with pytest.raises(SkillReportedError, match="Use the `message_stream` endpoint to invoke me"):
            await kernel.run("test-beta/tool_caller", None)
        with pytest.raises(WrongSkillKind, match="designed to stream output"):
            await kernel.run("test-beta/saboteur", None)
        with pytest.raises(SkillNotFound, match="no built-in skill"):
            await kernel.run("test-beta/unknown", None)


async def test_listings_show_configured_skills_only(kernel: Kernel, settings: Settings) -> None:
    for name, code in (("b", b"echo"), ("a", b"echo"), ("c", b"broken")):
        add(settings, name, code)
    async with kernel:
        await kernel.run("dev/a", 1)
        await kernel.run("dev/b", 1)
        with pytest.raises(SkillLoadError):
            await kernel.run("dev/c", 1)
        assert [str(path) for path in kernel.skills()] == ["dev/a", "dev/b", "dev/c"]
        assert [str(path) for path in kernel.cached()] == ["dev/a", "dev/b"]
        assert kernel.evict(SkillPath("dev", "a"))
        assert not kernel.evict(SkillPath("dev", "a"))
        assert [str(path) for path in kernel.cached()] == ["dev/b"]
        assert [str(path) for path in kernel.skills()] == ["dev/a", "dev/b", "dev/c"]


async def test_metadata_of_a_skill(kernel: Kernel, settings: Settings) -> None:
    add(settings, "echo", b"echo")
    async with kernel:
        assert await kernel.metadata(SkillPath("dev", "echo")) == SkillMetadata(description="echo")


async def test_the_status_tells_what_is_wrong(kernel: Kernel, settings: Settings) -> None:
    add(settings, "broken", b"broken")
    async with kernel:
        with pytest.raises(SkillLoadError):
            await kernel.run("dev/broken", None)
        status = kernel.status()
        assert status.ready
        assert status.namespaces["dev"].problem is None
        assert status.namespaces["dev"].skills[0].problem == "not a component"
        assert b'"not a component"' in msgspec.json.encode(status)
    assert not kernel.status().ready


async def test_values_that_are_not_json_are_refused(kernel: Kernel) -> None:
    async with kernel:
        with pytest.raises(MalformedRequest, match="test-beta/hello"):
            await kernel.run("test-beta/hello", object())
        with pytest.raises(InvalidNamespace):
            await kernel.run("Bad_Name/hello", None)


async def test_outside_its_context_the_kernel_takes_no_calls(kernel: Kernel) -> None:
    with pytest.raises(Saturated, match="not running"):
        await kernel.run("test-beta/hello", None)
    async with kernel:
        pass
    with pytest.raises(Saturated, match="not running"):
        kernel.skills()


async def test_leaving_stops_what_runs_and_closes_every_part(
    kernel: Kernel, settings: Settings, runtime: ScriptRuntime, parrot: Parrot
) -> None:
    add(settings, "hang", b"hang")
    before = asyncio.all_tasks()
    async with kernel:
        call = asyncio.create_task(kernel.run("dev/hang", None))
        await runtime.hanging.wait()
        assert kernel.status().running_calls == 1
        assert (runtime.open, parrot.open) == (1, 1)
    with pytest.raises(Saturated, match="shutting down"):
        await call
    assert (runtime.open, parrot.open) == (0, 0)
    assert asyncio.all_tasks() == before


async def test_a_part_that_does_not_start_closes_the_others(settings: Settings, parrot: Parrot) -> None:
    class Refusing(ScriptRuntime):
        async def __aenter__(self) -> ScriptRuntime:
            raise SkillLoadError("no engine")

    with pytest.raises(SkillLoadError, match="no engine"):
        async with Kernel(settings, runtime=Refusing(), backend=parrot):
            pass
    assert parrot.open == 0
