"""Skills under development: our DevCsi against a kernel over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from doubles.documented_kernel import DocumentedKernel
from doubles.openai_stub import Choose, Events, Whole, chat_answer, delta
from pharia_kernel.config import ChunkingSettings
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
from pharia_skill.testing import DevCsi
from pharia_skill.testing.dev.client import Client
from pharia_skill.testing.dev.retry import Retry

from .conftest import Start
from .greeting_model import scripted
from .served import Served

T = TypeVar("T")

ONCE = Retry(attempts=1)
ASKED = [Message.user("Say hello to Bob")]


@pytest.fixture
async def kernel(start: Start) -> Served:
    kernel = await start(kind=DocumentedKernel, settings={"chunking": ChunkingSettings(fallback="characters")})
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


async def test_texts(using: Using[Any]) -> None:
    chunks = await using(lambda csi: csi.chunk("A fox. And a dog.", ChunkParams("m", 10)))
    assert [(chunk.text, chunk.character_offset) for chunk in chunks] == [("A fox.", 0), ("And a dog.", 7)]
    languages = [Language.English, Language.German]
    assert await using(lambda csi: csi.select_language("Hallo schöne Welt", languages)) is Language.German
    (score,) = await using(lambda csi: csi.explain("An apple a day", " keeps", "m"))
    assert (score.start, score.length, score.score) == (0, 14, -0.5)


async def test_documents(using: Using[Any]) -> None:
    path = DocumentPath("team", "handbook", "rules")
    (found,) = await using(lambda csi: csi.search(IndexPath("team", "handbook", "asym-64"), "who?"))
    assert (found.document_path, found.content, found.score) == (path, "who?", 0.5)
    (document,) = await using(lambda csi: csi.documents([path]))
    assert (document.path, document.text, document.metadata) == (path, "text", {"name": "rules"})
    assert await using(lambda csi: csi.documents_metadata([path])) == [{"name": "rules"}]


async def test_leaving_a_stream_reaches_the_model(using: Using[Any], kernel: Served) -> None:
    kernel.stub.replies = [Events([delta(role="assistant"), delta(content="Hello")], then="hang")]

    def read(csi: DevCsi) -> str:
        with csi.chat_stream("m", ASKED) as response:
            return str(next(response.stream()).content)

    assert await using(read) == "Hello"
    await kernel.stub.until(lambda stub: stub.disconnects == 1)
    await kernel.until_idle()
