"""Skills under development: DevCsi, ours and the released one, against a kernel over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from doubles.openai_stub import (
    Choose,
    Events,
    Hang,
    Json,
    Whole,
    chat_answer,
    chat_chunks,
    completion_answer,
    delta,
    piece,
    usage,
)
from doubles.released_calls import CALLS
from doubles.released_calls import __file__ as released_calls
from pharia_kernel.errors import CsiError, InvalidCsiRequest
from pharia_skill.csi import (
    ChatParams,
    ChunkParams,
    CompletionParams,
    DocumentPath,
    FinishReason,
    IndexPath,
    InvokeRequest,
    JsonSchema,
    Language,
    Message,
    NamedToolChoice,
    ReasoningEffort,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
)
from pharia_skill.errors import KernelError
from pharia_skill.testing import DevCsi
from pharia_skill.testing.dev.client import Client
from pharia_skill.testing.dev.retry import Retry

from .conftest import Start
from .served import Served

T = TypeVar("T")

ONCE = Retry(attempts=1)
ASKED = [Message.user("Say hello to Bob")]
_RELEASED = "pharia-skill==0.19.2"
_ITS_PARTS = ("pydantic==2.11.7", "requests", "python-dotenv", "opentelemetry-sdk")
"""Without the compiler and the program for registries, which DevCsi does not need."""


def scripted(body: Json) -> Whole | Events | Hang:
    """A model that greets Bob, and adds with the tool it is given."""
    if "prompt" in body:
        if body.get("stream"):
            return Events([piece("Hello"), piece(" Bob", "length"), usage(4, 64)])
        return Whole(completion_answer(f"{body['prompt']} keeps" if body.get("echo") else "Hello Bob", finish="length"))
    last = body["messages"][-1]
    if last["role"] == "tool":
        return Events(chat_chunks("The tool says ", last["content"]))
    if body.get("tools"):
        name = body["tools"][0]["function"]["name"]
        call = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": '{"a": 1,'}}
        rest = {"index": 0, "function": {"arguments": ' "b": 2}'}}
        return Events(
            [delta(role="assistant"), delta(tool_calls=[call]), delta(tool_calls=[rest]), delta("tool_calls"), usage()]
        )
    if not body.get("stream"):
        return Whole(chat_answer("Hello Bob!"))
    rendered = '{"type": "function", "function": {"name": "add", "parameters": {"a": 1, "b": 2}}}'
    if last["content"] == "1 + 2?":
        return Events(chat_chunks(rendered))
    return Events(chat_chunks("Hello", " Bob!"))


@pytest.fixture
async def kernel(start: Start) -> Served:
    kernel = await start()
    kernel.stub.replies = [Choose(scripted)]
    return kernel


Using = Callable[[Callable[[DevCsi], T]], Any]


@pytest.fixture
def using(kernel: Served) -> Using[Any]:
    """Call a function with a DevCsi; its client is synchronous and the kernel runs here."""

    async def using(function: Callable[[DevCsi], T]) -> T:
        def call() -> T:
            with DevCsi("test-beta", address=str(kernel.client.base_url), token="me", retry=ONCE) as csi:
                return function(csi)

        return await asyncio.to_thread(call)

    return using


async def test_the_client_alone(kernel: Served) -> None:
    body = {"model": "m", "prompt": "p", "params": {"return_special_tokens": False, "stop": [], "logprobs": "no"}}

    def both() -> tuple[Any, list[str]]:
        with Client(str(kernel.client.base_url), retry=ONCE) as client:
            return client.run("complete", [body]), [event.event for event in client.stream("completion_stream", body)]

    answers, events = await asyncio.to_thread(both)
    assert answers[0]["text"] == "Hello Bob"
    assert events == ["append", "append", "end", "usage"]


async def test_completions(using: Using[Any], kernel: Served) -> None:
    completion = await using(lambda csi: csi.complete("m", "An apple a day"))
    assert (completion.text, completion.usage) == ("Hello Bob", TokenUsage(3, 2))
    echoed = await using(lambda csi: csi.complete("m", "An apple a day", CompletionParams(echo=True, max_tokens=1)))
    assert (echoed.text, echoed.finish_reason) == ("An apple a day keeps", FinishReason.LENGTH)


async def test_a_completion_stream(using: Using[Any]) -> None:
    def read(csi: DevCsi) -> tuple[Any, ...]:
        with csi.completion_stream("m", "Say hello to Bob", CompletionParams(max_tokens=64)) as response:
            stream = response.stream()
            return next(stream).text, next(stream).text, response.finish_reason(), response.usage()

    assert await using(read) == ("Hello", " Bob", FinishReason.LENGTH, TokenUsage(4, 64))


async def test_a_chat(using: Using[Any], kernel: Served) -> None:
    answer = await using(lambda csi: csi.chat("m", ASKED))
    assert (answer.message.role.value, answer.message.content) == ("assistant", "Hello Bob!")


async def test_a_chat_stream(using: Using[Any]) -> None:
    def read(csi: DevCsi) -> tuple[Any, ...]:
        with csi.chat_stream("m", ASKED) as response:
            content = "".join(part.content for part in response.stream())
            with pytest.raises(RuntimeError, match="already been consumed"):
                next(response.stream())
            return content, response.finish_reason(), response.usage()

    assert await using(read) == ("Hello Bob!", FinishReason.STOP, TokenUsage(3, 2))


async def test_the_end_of_a_chat_stream_without_its_parts(using: Using[Any]) -> None:
    def read(csi: DevCsi) -> tuple[Any, ...]:
        with csi.chat_stream("m", ASKED) as response:
            return response.finish_reason(), response.usage()

    assert await using(read) == (FinishReason.STOP, TokenUsage(3, 2))


async def test_parameters_of_the_newest_sdk_reach_the_model(using: Using[Any], kernel: Served) -> None:
    params = ChatParams(
        max_completion_tokens=5,
        tools=[Tool("add", "adds", {"type": "object"})],
        tool_choice=NamedToolChoice("add"),
        parallel_tool_calls=False,
        response_format=JsonSchema("answer", schema={"type": "object"}),
        reasoning_effort=ReasoningEffort.MINIMAL,
    )
    kernel.stub.replies = [Whole(chat_answer("Hi"))]
    await using(lambda csi: csi.chat("m", ASKED, params))
    body = kernel.stub.received[-1].body
    assert body["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert body["response_format"]["json_schema"]["name"] == "answer"
    assert (body["max_completion_tokens"], body["parallel_tool_calls"]) == (5, False)
    assert body["reasoning_effort"] == "minimal"


async def test_tools(using: Using[Any]) -> None:
    assert (await using(lambda csi: csi.invoke_tool("add", a=1, b=2))).contents == ["3"]
    with pytest.raises(ToolError, match=r"Out of cheese\."):
        await using(lambda csi: csi.invoke_tool("saboteur", a=1, b=2))
    both = [InvokeRequest("add", {"a": 1, "b": 2}), InvokeRequest("saboteur", {})]
    assert await using(lambda csi: csi.invoke_tool_concurrent(both)) == [
        ToolOutput(["3"]),
        ToolError("Out of cheese."),
    ]
    assert [tool.name for tool in await using(lambda csi: csi.list_tools())] == ["add", "saboteur", "subtract"]


@pytest.mark.parametrize(("tool", "said"), [("add", "3"), ("saboteur", "Out of cheese.")])
async def test_a_chat_stream_calls_tools(using: Using[Any], kernel: Served, tool: str, said: str) -> None:
    def read(csi: DevCsi) -> str:
        with csi.chat_stream("m", [Message.user("What is 1 + 2?")], tools=[tool]) as response:
            return "".join(part.content for part in response.stream())

    assert said in await using(read)
    assert len(kernel.stub.received) == 2


UNDRIVEN: dict[str, Callable[[DevCsi], Any]] = {
    "explain": lambda csi: csi.explain("An apple a day", " keeps", "m"),
    "chunk": lambda csi: csi.chunk("A very very very long text", ChunkParams("m", 1)),
    "select_language": lambda csi: csi.select_language("Hallo Welt", [Language.English, Language.German]),
    "search": lambda csi: csi.search(IndexPath("team", "handbook", "asym-64"), "who?"),
    "documents": lambda csi: csi.documents([DocumentPath("team", "handbook", "rules")]),
    "documents_metadata": lambda csi: csi.documents_metadata([DocumentPath("team", "handbook", "rules")]),
}
"""They need more than a model that speaks the OpenAI API."""


def is_understood(error: str) -> bool:
    """Whether it is the driver, or its absence, that failed, and neither the body nor the kernel."""
    drivers = {kind.code for kind in CsiError.__subclasses__() if kind is not InvalidCsiRequest}
    return any(f"'code': '{code}'" in error for code in drivers)


@pytest.mark.parametrize("function", UNDRIVEN)
async def test_other_functions_are_understood(using: Using[Any], function: str) -> None:
    def call(csi: DevCsi) -> str:
        try:
            return str(UNDRIVEN[function](csi))
        except KernelError as error:
            return str(error)

    said = await using(call)
    assert "Status Code" not in said or is_understood(said), said


async def test_leaving_a_stream_reaches_the_model(using: Using[Any], kernel: Served) -> None:
    kernel.stub.replies = [Events([delta(role="assistant"), delta(content="Hello")], then="hang")]

    def read(csi: DevCsi) -> str:
        with csi.chat_stream("m", ASKED) as response:
            return str(next(response.stream()).content)

    assert await using(read) == "Hello"
    await kernel.stub.until(lambda stub: stub.disconnects == 1)
    await kernel.until_idle()


@pytest.fixture(scope="session")
def released_packages(pytestconfig: pytest.Config) -> Path:
    """The folder of the released SDK, kept between runs."""
    assert pytestconfig.cache is not None
    cache = pytestconfig.cache.mkdir("released-sdk")
    folder = cache / f"{_RELEASED}-{sys.implementation.cache_tag}"
    if not folder.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        with tempfile.TemporaryDirectory(dir=cache) as stage:
            target = ["--target", f"{stage}/packages"]
            subprocess.run([*pip, *target, *_ITS_PARTS], check=True, timeout=100)
            subprocess.run([*pip, *target, "--no-deps", _RELEASED], check=True, timeout=100)
            Path(stage, "packages").rename(folder)
    return folder


async def test_the_released_dev_csi_is_understood(kernel: Served, released_packages: Path) -> None:
    program = Path(__file__).with_name("released_sdk.py")
    command = [sys.executable, "-I", "-S", str(program), str(released_packages), released_calls]
    environment = {
        "PHARIA_KERNEL_ADDRESS": str(kernel.client.base_url).rstrip("/"),
        "PHARIA_AI_TOKEN": "me",
        "NO_PROXY": "*",
    }
    process = await asyncio.to_thread(
        subprocess.run, command, stdout=subprocess.PIPE, check=True, timeout=60, env={**os.environ, **environment}
    )
    outcomes = json.loads(process.stdout)
    assert set(outcomes) == {*CALLS, "chat_stream with a tool"}
    undriven = {name for name, said in outcomes.items() if "Status Code" in said}
    assert all(is_understood(outcomes[name]) for name in undriven), outcomes
    assert undriven <= {*UNDRIVEN, "search with filters"}
    said = {name: outcome for name, outcome in outcomes.items() if name not in undriven}
    assert not {name: outcome for name, outcome in said.items() if "Error: " in outcome}
    assert "text='Hello Bob'" in said["complete"]
    assert said["complete two"].count("text='Hello Bob'") == 2
    assert said["completion_stream"].startswith("Hello Bob <FinishReason.LENGTH: 'length'>")
    assert "content='Hello Bob!'" in said["chat"]
    assert said["chat_stream"].startswith("Hello Bob! <FinishReason.STOP: 'stop'>")
    assert said["chat_stream with a tool"].startswith('The tool says completed[stdout]:{"result": 3}')
    assert said["list_tools"].count("Tool(") == 3
    assert "Tool nope not found on any server." in said["invoke_tool"]
