"""Components of every line, served by the whole kernel from a directory."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from pharia_kernel.config import LimitSettings, NamespaceSettings, Settings
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.types import CompleteAnswer, CompleteRequest, Part, TextPart
from pharia_kernel.errors import ModelNotFound, NotConfigured, SkillReportedError, WrongSkillKind
from pharia_kernel.kernel import Kernel
from pharia_kernel.runtimes.skill import MIB
from pharia_kernel.runtimes.wasm import WasmRuntime
from pharia_kernel.types import (
    Caller,
    Failed,
    MessageBegin,
    MessageEnd,
    SkillKind,
    SkillPath,
    StreamEvent,
    ToolBegin,
    ToolEnd,
    ToolFailed,
)

from .calls import COMPLETE_NOTHING, completion, hello, newest
from .components import SOURCES

FUNCTIONS = [source.name for source in SOURCES if source.app == "function"]
STREAMS = [source.name for source in SOURCES if source.app == "stream"]
SPLIT_FUNCTIONS = FUNCTIONS[2:]
ADD = {"tool_name": "add", "arguments": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}
SABOTEUR = {"tool_name": "saboteur", "arguments": []}
ADDED, SABOTAGED = {"ok": [{"text": "3"}]}, {"err": "Out of cheese."}


class Backend(AbsentBackend):
    """Completes two requests only together; knows no model ``unknown``; has a stream without end."""

    def __init__(self) -> None:
        self.waiting = 0
        self._pair = asyncio.Barrier(2)

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        self.waiting += 1
        try:
            if request.model == "unknown":
                raise ModelNotFound("no model is called unknown")
            await self._pair.wait()
            return CompleteAnswer(request.prompt.upper(), "stop")
        finally:
            self.waiting -= 1

    async def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        self.waiting += 1
        try:
            yield TextPart("first")
            await asyncio.Event().wait()
        finally:
            self.waiting -= 1


@pytest.fixture(scope="module")
def backend() -> Backend:
    return Backend()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kernel(
    built: dict[str, Future[bytes]],
    components_folder: Path,
    runtime: WasmRuntime,
    backend: Backend,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Kernel]:
    folder = tmp_path_factory.mktemp("skills")
    for name, future in built.items():
        code: bytes = await asyncio.wrap_future(future)
        (folder / f"{name}.wasm").write_bytes(code)
    settings = Settings(
        namespaces={"dev": NamespaceSettings(directory=folder, native_tools=("add", "saboteur"))},
        directory_scan_interval=0.05,
        inference="none",
        limits=LimitSettings(memory_bytes=96 * MIB),
    )
    async with Kernel(settings, runtime=contextlib.nullcontext(runtime), backend=backend) as kernel:
        await kernel.loaded()
        yield kernel


async def write(kernel: Kernel, name: str, *steps: list[Any]) -> list[StreamEvent]:
    async with kernel.stream(SkillPath("dev", name), json.dumps(steps).encode(), Caller()) as events:
        return [event async for event in events]


def path(name: str) -> str:
    return f"dev/{name}"


async def test_every_component_is_found(kernel: Kernel) -> None:
    assert {skill.name for skill in kernel.skills()} == {source.name for source in SOURCES}


@pytest.mark.parametrize("name", FUNCTIONS)
async def test_functions_are_called_with_a_value(kernel: Kernel, name: str) -> None:
    assert await kernel.run(path(name), [["count"], ["length", "Grüße"]]) == [1, 5]


async def test_the_first_skills_are_called_with_text(kernel: Kernel) -> None:
    assert await kernel.run("dev/unversioned-text", json.dumps([["count"]])) == "[1]"


@pytest.mark.parametrize("name", STREAMS)
async def test_message_streams_are_called(kernel: Kernel, name: str) -> None:
    begin, end = await write(kernel, name, ["count"], ["report"])
    assert begin == MessageBegin()
    assert isinstance(end, MessageEnd)
    assert bytes(end.payload) == b"[1]"


@pytest.mark.parametrize("name", STREAMS)
async def test_a_failure_is_the_last_event_of_a_stream(kernel: Kernel, name: str) -> None:
    begin, failed = await write(kernel, name, ["write", {"message-begin": {"role": None}}], ["fail", "internal", "no"])
    assert begin == MessageBegin()
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, SkillReportedError)


async def test_a_stream_is_not_called_as_a_function(kernel: Kernel) -> None:
    with pytest.raises(WrongSkillKind):
        await kernel.run(path(STREAMS[0]), [])


async def test_a_function_is_not_called_as_a_stream(kernel: Kernel) -> None:
    (failed,) = await write(kernel, FUNCTIONS[0])
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, WrongSkillKind)


@pytest.mark.parametrize("name", FUNCTIONS)
async def test_functions_tell_their_line(kernel: Kernel, name: str) -> None:
    metadata = await kernel.metadata(SkillPath("dev", name))
    assert (metadata.version, metadata.skill_type) == (name.partition("-")[0], SkillKind.FUNCTION)


@pytest.mark.parametrize("name", SPLIT_FUNCTIONS)
async def test_requests_of_one_list_run_at_the_same_time(kernel: Kernel, name: str) -> None:
    params = newest(name.partition("-")[0], COMPLETE_NOTHING)
    requests = [{**completion(**params), "prompt": prompt} for prompt in ("one", "two")]
    (answers,) = await kernel.run(path(name), [["call", "inference", "complete", requests]])
    assert [answer["text"] for answer in answers] == ["ONE", "TWO"]


@pytest.mark.parametrize("name", SPLIT_FUNCTIONS)
async def test_one_request_that_fails_ends_the_run_and_the_others(kernel: Kernel, backend: Backend, name: str) -> None:
    params = newest(name.partition("-")[0], COMPLETE_NOTHING)
    requests = [{**completion(**params), "model": model} for model in ("waits", "unknown")]
    with pytest.raises(ModelNotFound):
        await kernel.run(path(name), [["survive", ["call", "inference", "complete", requests]]])
    assert backend.waiting == 0


@pytest.mark.parametrize("name", SPLIT_FUNCTIONS)
async def test_what_has_no_driver_ends_the_run(kernel: Kernel, name: str) -> None:
    with pytest.raises(NotConfigured):
        await kernel.run(path(name), [["survive", hello(name.partition("-")[0])]])


@pytest.mark.parametrize("name", SPLIT_FUNCTIONS)
async def test_streams_left_open_end_at_the_backend(kernel: Kernel, backend: Backend, name: str) -> None:
    request = completion(**newest(name.partition("-")[0], COMPLETE_NOTHING))
    _, event = await kernel.run(path(name), [["open", "a", "CompletionStream", request], ["next", "a"]])
    assert event == {"append": {"text": "first", "logprobs": []}}
    assert backend.waiting == 0


@pytest.mark.parametrize("name", SPLIT_FUNCTIONS)
async def test_functions_use_tools_again_and_again(kernel: Kernel, name: str) -> None:
    calls = [["call", "tool", "invoke-tool", [ADD, SABOTEUR]], ["call", "tool", "invoke-tool", [ADD]]]
    assert await kernel.run(path(name), calls) == [[ADDED, SABOTAGED], [ADDED]]


@pytest.mark.parametrize("name", SPLIT_FUNCTIONS)
async def test_tools_nobody_has_are_an_error_for_the_skill_alone(kernel: Kernel, name: str) -> None:
    call = ["call", "tool", "invoke-tool", [{"tool_name": "nothing", "arguments": []}]]
    ((result,), tools) = await kernel.run(path(name), [call, ["call", "tool", "list-tools"]])
    assert "nothing" in result["err"]
    assert [tool["name"] for tool in tools] == ["add", "saboteur"]


@pytest.mark.parametrize("name", STREAMS)
async def test_tool_calls_are_told_in_order_between_the_items(kernel: Kernel, name: str) -> None:
    call = ["call", "tool", "invoke-tool", [ADD, SABOTEUR]]
    events = await write(kernel, name, ["write", {"message-begin": {"role": None}}], call)
    told = [ToolBegin("add"), ToolBegin("saboteur"), ToolEnd("add"), ToolFailed("saboteur", "Out of cheese.")]
    assert events == [MessageBegin(), *told]
