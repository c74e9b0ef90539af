"""Requests and answers in the JSON of the kernel's HTTP interface."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from pharia_skill import (
    After,
    ChatParams,
    ChatRequest,
    ChatResponse,
    Chunk,
    ChunkParams,
    ChunkRequest,
    Completion,
    CompletionParams,
    CompletionRequest,
    Cursor,
    Distribution,
    Document,
    DocumentPath,
    ExplanationRequest,
    FinishReason,
    IndexPath,
    InvokeRequest,
    Language,
    Logprob,
    Message,
    MetadataFilter,
    Role,
    SearchRequest,
    SearchResult,
    SelectLanguageRequest,
    Text,
    TextScore,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
    TopLogprobs,
    With,
    WithOneOf,
    Without,
)
from pharia_skill.csi.inference import (
    CompletionAppend,
    JsonSchema,
    MessageAppend,
    MessageBegin,
    NamedToolChoice,
    Reasoning,
    ReasoningEffort,
    ToolCall,
    ToolCallChunk,
    ToolCallEvent,
)
from pharia_skill.testing.dev.chunking import ChunkDeserializer, ChunkRequestSerializer
from pharia_skill.testing.dev.client import Event
from pharia_skill.testing.dev.document_index import (
    DocumentDeserializer,
    DocumentMetadataDeserializer,
    DocumentMetadataSerializer,
    DocumentSerializer,
    SearchRequestSerializer,
    SearchResultDeserializer,
)
from pharia_skill.testing.dev.inference import (
    ChatListDeserializer,
    ChatRequestListSerializer,
    CompletionListDeserializer,
    CompletionRequestListSerializer,
    ExplanationListDeserializer,
    ExplanationRequestListSerializer,
    chat_body,
    chat_event_from_sse,
    chat_responses,
    completion_event_from_sse,
)
from pharia_skill.testing.dev.language import SelectLanguageDeserializer, SelectLanguageRequestSerializer
from pharia_skill.testing.dev.tool import deserialize_tool_output, deserialize_tools, serialize_tool_requests

PATH = {"namespace": "Kernel", "collection": "test", "name": "kernel/docs"}


def dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def test_a_chunk_request_asks_for_characters() -> None:
    request = ChunkRequestSerializer([ChunkRequest("text", ChunkParams("model", 10))])

    assert request.model_dump_json() == dumps(
        [{"text": "text", "params": {"model": "model", "max_tokens": 10, "overlap": 0}, "character_offsets": True}]
    )


def test_the_offset_of_a_chunk_is_that_of_the_character() -> None:
    answer = dumps([[{"text": "part", "byte_offset": 7, "character_offset": 5}]])

    assert ChunkDeserializer.model_validate_json(answer).root == [[Chunk("part", 5)]]


def test_documents_are_asked_for_by_their_paths() -> None:
    paths = [DocumentPath("Kernel", "test", "kernel/docs")]

    assert DocumentSerializer(paths).model_dump_json() == dumps([PATH])
    assert DocumentMetadataSerializer(root=paths).model_dump_json() == dumps([PATH])


def test_documents_and_metadata_are_read() -> None:
    metadata = {"created": "2025-01-01T00:00:00Z", "nested": {"a": [1, None]}}
    answer = dumps([{"path": PATH, "contents": [{"modality": "text", "text": "wondering"}], "metadata": metadata}])

    assert DocumentDeserializer.model_validate_json(answer).root == [
        Document(DocumentPath("Kernel", "test", "kernel/docs"), [Text("wondering")], metadata)
    ]
    assert DocumentMetadataDeserializer.model_validate_json(dumps([metadata, None])).root == [metadata, None]


def test_a_search_with_filters_has_this_json() -> None:
    after = MetadataFilter("created", After(datetime(1970, 7, 1, 14, 10, 11, tzinfo=UTC)))
    request = SearchRequest(
        IndexPath("Kernel", "test", "asym-64"),
        "What is the Kernel?",
        filters=[With([after]), WithOneOf([after]), Without([after])],
    )
    condition = {"metadata": {"field": "created", "after": "1970-07-01T14:10:11Z"}}

    assert SearchRequestSerializer([request]).model_dump_json() == dumps(
        [
            {
                "index_path": {"namespace": "Kernel", "collection": "test", "index": "asym-64"},
                "query": "What is the Kernel?",
                "max_results": 1,
                "min_score": None,
                "filters": [{"with": [condition]}, {"with_one_of": [condition]}, {"without": [condition]}],
            }
        ]
    )


def test_search_results_are_read() -> None:
    answer = dumps(
        [
            [
                {
                    "document_path": PATH,
                    "content": "wondering",
                    "score": 0.748,
                    "start": {"item": 0, "position": 0},
                    "end": {"item": 0, "position": 243},
                }
            ]
        ]
    )

    assert SearchResultDeserializer.model_validate_json(answer).root == [
        [SearchResult(DocumentPath("Kernel", "test", "kernel/docs"), "wondering", 0.748, Cursor(0, 0), Cursor(0, 243))]
    ]


def test_a_completion_request_has_ten_parameters_in_this_order() -> None:
    request = CompletionRequestListSerializer(
        root=[CompletionRequest("model", "Say hello to Bob", CompletionParams(max_tokens=64, echo=True))]
    )

    assert request.model_dump_json() == dumps(
        [
            {
                "model": "model",
                "prompt": "Say hello to Bob",
                "params": {
                    "max_tokens": 64,
                    "temperature": None,
                    "top_k": None,
                    "top_p": None,
                    "stop": [],
                    "return_special_tokens": True,
                    "frequency_penalty": None,
                    "presence_penalty": None,
                    "logprobs": "no",
                    "echo": True,
                },
            }
        ]
    )


def test_tokens_are_bytes_and_a_missing_probability_is_no_number() -> None:
    answer = dumps(
        [
            {
                "text": "Hello",
                "finish_reason": "stop",
                "logprobs": [
                    {"sampled": {"token": [72, 105], "logprob": 0.0}, "top": []},
                    {"sampled": {"token": [255], "logprob": None}, "top": []},
                ],
                "usage": {"prompt": 1, "completion": 2},
            }
        ]
    )

    (completion,) = CompletionListDeserializer.model_validate_json(answer).root

    first, second = completion.logprobs
    assert first == Distribution(Logprob(b"Hi", 0.0), [])
    assert second.sampled.token == b"\xff"
    assert math.isnan(second.sampled.logprob)
    assert completion == Completion("Hello", FinishReason.STOP, completion.logprobs, TokenUsage(1, 2))


def test_the_serialiser_of_chats_writes_every_member() -> None:
    request = ChatRequest("model", [Message.user("Hello")], ChatParams(max_tokens=64, logprobs=TopLogprobs(10)))

    assert ChatRequestListSerializer([request]).model_dump_json() == dumps(
        [
            {
                "model": "model",
                "messages": [
                    {
                        "role": "user",
                        "content": "Hello",
                        "reasoning_content": None,
                        "tool_calls": None,
                        "tool_call_id": None,
                    }
                ],
                "params": {
                    "max_tokens": 64,
                    "max_completion_tokens": None,
                    "temperature": None,
                    "top_p": None,
                    "frequency_penalty": None,
                    "presence_penalty": None,
                    "logprobs": {"top": 10},
                    "tools": None,
                    "tool_choice": None,
                    "parallel_tool_calls": None,
                    "response_format": None,
                    "reasoning_effort": None,
                },
            }
        ]
    )


def test_arguments_of_a_tool_call_are_a_string_of_json() -> None:
    call = ToolCall("c1", "add", {"a": 1, "b": 2})
    request = ChatRequestListSerializer([ChatRequest("model", [Message.assistant(None, [call])])])

    (message,) = json.loads(request.model_dump_json())[0]["messages"]

    assert message["tool_calls"] == [{"id": "c1", "name": "add", "arguments": '{"a": 1, "b": 2}'}]


def test_a_request_has_the_newer_members_only_when_they_are_set() -> None:
    body = chat_body(ChatRequest("model", [Message.user("Hello"), Message.assistant(None, [ToolCall("c", "add", {})])]))

    assert body == {
        "model": "model",
        "messages": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "name": "add", "arguments": "{}"}]},
        ],
        "params": {
            "max_tokens": None,
            "temperature": None,
            "top_p": None,
            "frequency_penalty": None,
            "presence_penalty": None,
            "logprobs": "no",
        },
    }


def test_choices_and_schemas_have_the_form_that_kernels_read() -> None:
    params = ChatParams(
        max_completion_tokens=200,
        tools=[Tool("add", "adds", {"type": "object"})],
        tool_choice=NamedToolChoice("add"),
        parallel_tool_calls=False,
        response_format=JsonSchema("answer", None, {"type": "object"}, True),
        reasoning_effort=ReasoningEffort.LOW,
    )

    sent = chat_body(ChatRequest("model", [], params))["params"]

    assert sent["max_completion_tokens"] == 200
    assert sent["tools"] == [{"name": "add", "description": "adds", "parameters": {"type": "object"}, "strict": None}]
    assert sent["tool_choice"] == {"named": "add"}
    assert sent["parallel_tool_calls"] is False
    assert sent["response_format"] == {
        "json_schema": {"name": "answer", "description": None, "schema": {"type": "object"}, "strict": True}
    }
    assert sent["reasoning_effort"] == "low"


@pytest.mark.parametrize("choice", ["none", "auto", "required"])
def test_the_simple_choices_are_words(choice: Any) -> None:
    params = ChatParams(tool_choice=choice, response_format="json_object")

    sent = chat_body(ChatRequest("model", [], params))["params"]

    assert sent["tool_choice"] == choice
    assert sent["response_format"] == "json_object"


def chat_answer(**message: Any) -> list[Any]:
    usage = {"prompt": 11, "completion": 1}
    message = {"role": "assistant", "content": "Hello"} | message
    return [{"message": message, "finish_reason": "length", "logprobs": [], "usage": usage}]


def test_a_chat_answer_is_read_with_its_reasoning() -> None:
    answer = chat_answer(reasoning_content="hm", tool_calls=None, tool_call_id=None)
    expected = ChatResponse(
        Message(Role.Assistant, "Hello", "hm"), FinishReason.LENGTH, [], TokenUsage(prompt=11, completion=1)
    )

    assert ChatListDeserializer.model_validate_json(dumps(answer)).root == [expected]
    assert chat_responses(answer) == [expected]


def test_arguments_in_an_answer_are_read_whether_they_are_json_or_not() -> None:
    calls = [
        {"id": "c1", "name": "add", "arguments": '{"a": 20}'},
        {"id": "c2", "name": "add", "arguments": ""},
        {"id": "c3", "name": "add", "arguments": "20 and 22"},
    ]

    (response,) = chat_responses(chat_answer(content=None, tool_calls=calls))

    read = response.message.tool_calls
    assert read is not None
    assert [call.arguments for call in read] == [{"a": 20}, {}, {}]


def test_explanations_are_written_and_read() -> None:
    request = ExplanationRequestListSerializer([ExplanationRequest("my prompt", "my target", "model")])

    assert request.model_dump_json() == dumps(
        [{"prompt": "my prompt", "target": "my target", "model": "model", "granularity": "auto"}]
    )
    answer = dumps([[{"start": 0, "length": 5, "score": 0.5}]])
    assert ExplanationListDeserializer.model_validate_json(answer).root == [[TextScore(0, 5, 0.5)]]


def test_languages_are_codes() -> None:
    request = SelectLanguageRequestSerializer([SelectLanguageRequest("text", [Language.English, Language.German])])

    assert request.model_dump_json() == dumps([{"text": "text", "languages": ["eng", "deu"]}])
    assert SelectLanguageDeserializer.model_validate_json('["eng",null]').root == [Language.English, None]


def test_tool_arguments_are_names_and_values() -> None:
    assert serialize_tool_requests("test", [InvokeRequest("add", {"a": 1, "b": [2]})]) == {
        "namespace": "test",
        "requests": [{"name": "add", "arguments": [{"name": "a", "value": 1}, {"name": "b", "value": [2]}]}],
    }


def test_a_text_in_place_of_a_list_is_a_tool_error() -> None:
    output = [[{"type": "text", "text": "3"}, {"type": "text", "text": "42"}], "No fish caught."]

    assert deserialize_tool_output(output) == [ToolOutput(["3", "42"]), ToolError("No fish caught.")]


def test_tools_are_read() -> None:
    schema = {"a": {"type": "number"}}
    output = [
        {"name": "add", "description": "Add", "input_schema": schema},
        {"name": "old", "description": None, "input_schema": {}},
    ]

    assert deserialize_tools(output) == [Tool("add", "Add", schema), Tool("old", None, {})]


def test_events_of_completions_are_read() -> None:
    events = [
        Event(event="append", data={"text": "Hello", "logprobs": []}),
        Event(event="end", data={"finish_reason": "stop"}),
        Event(event="usage", data={"usage": {"prompt": 1, "completion": 2}}),
    ]

    assert [completion_event_from_sse(event) for event in events] == [
        CompletionAppend("Hello", []),
        FinishReason.STOP,
        TokenUsage(1, 2),
    ]


def test_events_of_chats_are_read() -> None:
    logprobs = [{"sampled": {"token": [72], "logprob": -0.5}, "top": []}]
    events = [
        Event(event="message_begin", data={"role": "assistant"}),
        Event(event="reasoning", data={"content": "hm"}),
        Event(event="message_append", data={"content": "Hello", "logprobs": logprobs}),
        Event(event="message_append", data={"content": "!"}),
        Event(event="tool_call", data={"tool_calls": [{"index": 0, "id": "c", "name": "f", "arguments": None}]}),
        Event(event="message_end", data={"finish_reason": "tool_calls"}),
        Event(event="usage", data={"usage": {"prompt": 1, "completion": 2}}),
    ]

    assert [chat_event_from_sse(event) for event in events] == [
        MessageBegin("assistant"),
        Reasoning("hm"),
        MessageAppend("Hello", [Distribution(Logprob(b"H", -0.5), [])]),
        MessageAppend("!"),
        ToolCallEvent([ToolCallChunk(0, "c", "f", None)]),
        FinishReason.TOOL_CALLS,
        TokenUsage(1, 2),
    ]


def test_events_that_do_not_belong_there_are_errors() -> None:
    error = Event(event="error", data={"message": "out of cheese"})

    with pytest.raises(ValueError, match=r"^Unexpected event:"):
        chat_event_from_sse(error)
    with pytest.raises(ValueError, match=r"^Unexpected event type: error"):
        completion_event_from_sse(error)
