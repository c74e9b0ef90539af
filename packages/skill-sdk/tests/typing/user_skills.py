"""What people write, as type checkers see it. Never run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

from pydantic import BaseModel, TypeAdapter

from pharia_skill import (
    AgentInput,
    ChatParams,
    ChatResponse,
    ChatStreamResponse,
    Chunk,
    ChunkParams,
    Completion,
    CompletionParams,
    CompletionRequest,
    Csi,
    DevCsi,
    Document,
    DocumentPath,
    EqualTo,
    IndexPath,
    InvokeRequest,
    Language,
    Message,
    MessageWriter,
    MetadataFilter,
    SearchResult,
    Tool,
    ToolError,
    ToolOutput,
    ToolResult,
    With,
    agent,
    message_stream,
    skill,
    tool,
)
from pharia_skill.csi.inference import JsonSchema, MessageAppend, Reasoning, ToolCall


class Input(BaseModel):
    topic: str


class Output(BaseModel):
    lines: list[str]


@tool
def add(a: int, b: int = 0) -> int:
    return a + b


@tool(name="look-up")
def look_up(csi: Csi, query: str) -> str:
    return csi.search(IndexPath("n", "c", "i"), query)[0].content


@skill
def haiku(csi: Csi, input: Input) -> Output:
    params = ChatParams(max_tokens=64, response_format=JsonSchema("s"))
    messages = [Message.system("s"), Message.user(input.topic)]
    assert_type(csi.chat("m", messages, params), ChatResponse)
    assert_type(csi.chat("m", messages, tools=["add", look_up, Tool("t", input_schema={})]), ChatResponse)
    assert_type(csi.chat("m", messages, response_model=list[Output]), list[Output])
    assert_type(csi.chat("m", messages, response_model=TypeAdapter[int | str](int | str), repairs=1), int | str)
    return csi.chat("m", messages, params, response_model=Output, tools=[add])


@skill
def everything(csi: Csi, input: str) -> str:
    completion = csi.complete("m", input, CompletionParams(max_tokens=3, stop=["x"]))
    assert_type(completion, Completion)
    assert_type(csi.complete_concurrent([CompletionRequest("m", "p")]), list[Completion])
    assert_type(csi.chunk(input, ChunkParams("m", 10)), list[Chunk])
    assert_type(csi.select_language(input, [Language.English]), Language | None)
    filters = [With([MetadataFilter("f", EqualTo(True))])]
    assert_type(csi.search(IndexPath("n", "c", "i"), input, 3, filters=[*filters]), list[SearchResult])
    assert_type(csi.document(DocumentPath("n", "c", "d")), Document)
    assert_type(csi.invoke_tool("add", a=1, b=[2, None]), ToolOutput)
    assert_type(csi.invoke_tool_concurrent([InvokeRequest("add", {"a": 1})]), list[ToolResult])
    assert_type(add(1, b=2), int)
    assert_type(look_up(csi, query="x"), str)
    return completion.text


def by_hand(csi: Csi, messages: list[Message]) -> ChatStreamResponse:
    tools = csi.list_tools()
    response = csi.chat_stream_step("m", messages, tools=tools)
    while (call := response.tool_call()) is not None:
        messages.append(call.as_message())
        messages.append(csi.invoke_tool(call.name, **call.parameters).as_message())
        response = csi.chat_stream_step("m", messages, None, tools)
    return response


def watch(call: ToolCall, result: ToolResult) -> None:
    print(call.name, result.message if isinstance(result, ToolError) else result.text())


@message_stream
def answer(csi: Csi, writer: MessageWriter[Output], input: Input) -> None:
    with csi.chat_stream("m", [Message.user(input.topic)], tools=["add", add], on_tool_call=watch) as response:
        for part in response.stream():
            assert_type(part, MessageAppend | Reasoning)
        writer.forward_response(response, lambda done: Output(lines=[str(done.finish_reason())]))


@agent
def assistant(csi: Csi, writer: MessageWriter[None], input: AgentInput) -> None:
    with csi.chat_stream("m", input.as_chat_messages()) as response:
        writer.forward_response(response)


class Fixed(Csi):
    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        return []

    def list_tools(self) -> list[Tool]:
        return [Tool(name="add", description="Adds", input_schema={"type": "object"})]


def test_haiku() -> None:
    assert_type(haiku(Fixed(), Input(topic="x")), Output)
    assert_type(everything(DevCsi(), "x"), str)
