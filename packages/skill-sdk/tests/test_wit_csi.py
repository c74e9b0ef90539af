"""Values on their way to the host and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pharia_skill import (
    After,
    AtOrAfter,
    AtOrBefore,
    Before,
    ChatParams,
    EqualTo,
    FilterCondition,
    FinishReason,
    GreaterThan,
    GreaterThanOrEqualTo,
    IsNull,
    Language,
    LessThan,
    LessThanOrEqualTo,
    Message,
    Role,
    TokenUsage,
    Tool,
)
from pharia_skill.bindings.imports import chunking
from pharia_skill.bindings.imports import document_index as documents
from pharia_skill.bindings.imports import inference as wit
from pharia_skill.csi.inference import (
    JsonSchema,
    MessageAppend,
    NamedToolChoice,
    Reasoning,
    ToolCall,
    UnreadableToolCall,
)
from pharia_skill.wit_csi import WitCsi
from pharia_skill.wit_csi.document_index import condition_to_wit, metadata_from_wit
from pharia_skill.wit_csi.inference import WitChatStream, WitCompletionStream
from pharia_skill.wit_csi.inference_0_4 import chat_event_from_wit, chat_params_to_wit, message_to_wit
from pharia_skill.wit_csi.texts import chunk_from_wit, language_from_wit

NOON = datetime(2025, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
ISO = "2025-01-01T12:00:00+02:00"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (GreaterThan(1), documents.MetadataFilterCondition_GreaterThan(1.0)),
        (GreaterThanOrEqualTo(1), documents.MetadataFilterCondition_GreaterThanOrEqualTo(1.0)),
        (LessThan(1), documents.MetadataFilterCondition_LessThan(1.0)),
        (LessThanOrEqualTo(1), documents.MetadataFilterCondition_LessThanOrEqualTo(1.0)),
        (After(NOON), documents.MetadataFilterCondition_After(ISO)),
        (AtOrAfter(NOON), documents.MetadataFilterCondition_AtOrAfter(ISO)),
        (Before(NOON), documents.MetadataFilterCondition_Before(ISO)),
        (AtOrBefore(NOON), documents.MetadataFilterCondition_AtOrBefore(ISO)),
        (EqualTo("x"), documents.MetadataFilterCondition_EqualTo(documents.MetadataFieldValue_StringType("x"))),
        (EqualTo(1), documents.MetadataFilterCondition_EqualTo(documents.MetadataFieldValue_IntegerType(1))),
        (EqualTo(True), documents.MetadataFilterCondition_EqualTo(documents.MetadataFieldValue_BooleanType(True))),
        (IsNull(), documents.MetadataFilterCondition_IsNull()),
    ],
)
def test_every_condition_has_its_case(condition: FilterCondition, expected: object) -> None:
    assert condition_to_wit(condition) == expected


def test_moments_keep_their_time_zone() -> None:
    assert condition_to_wit(After(datetime(2025, 1, 1, tzinfo=UTC))) == documents.MetadataFilterCondition_After(
        "2025-01-01T00:00:00+00:00"
    )


@pytest.mark.parametrize(("metadata", "value"), [(None, None), (b"", None), (b"null", None), (b'{"a": 1}', {"a": 1})])
def test_no_metadata_is_none(metadata: bytes | None, value: object) -> None:
    assert metadata_from_wit(metadata) == value


def test_what_is_not_given_is_not_sent() -> None:
    params = chat_params_to_wit(ChatParams(tools=[Tool("f")], response_format=JsonSchema("s")))
    assert params.tools == [wit.Function("f", None, None, None)]
    assert params.response_format == wit.ResponseFormat_JsonSchema(wit.JsonSchema(None, "s", None, None))
    assert chat_params_to_wit(ChatParams()).tools is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", wit.ToolChoice_None_()),
        ("auto", wit.ToolChoice_Auto()),
        ("required", wit.ToolChoice_Required()),
        (NamedToolChoice("f"), wit.ToolChoice_Named("f")),
    ],
)
def test_every_tool_choice_has_its_case(choice: Any, expected: object) -> None:
    assert chat_params_to_wit(ChatParams(tool_choice=choice)).tool_choice == expected


def test_only_the_assistant_may_have_nothing_to_say() -> None:
    calls = [ToolCall("1", "f", {"a": 1}), UnreadableToolCall("2", "g", {}, "{oh")]
    assert message_to_wit(Message.assistant(None, calls)) == wit.Message_Assistant(
        wit.AssistantMessage(None, None, [wit.ToolCall("1", "f", '{"a": 1}'), wit.ToolCall("2", "g", "{}")])
    )
    with pytest.raises(ValueError, match="a message of role user must have content"):
        message_to_wit(Message(Role.User, None))


def test_languages_are_codes_and_one_that_is_not_known_is_an_error() -> None:
    assert language_from_wit("deu") is Language.German
    assert language_from_wit(None) is None
    with pytest.raises(ValueError, match="xxx"):
        language_from_wit("xxx")


def test_a_chunk_without_its_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="without the character offset"):
        chunk_from_wit(chunking.ChunkWithOffset("text", 0, None))


class Stream:
    """The host's end."""

    def __init__(self, *events: Any) -> None:
        self.events = list(events)
        self.closed = 0

    def next(self) -> Any:
        assert not self.closed
        return self.events.pop(0) if self.events else None

    def __exit__(self, *exc: object) -> None:
        self.closed += 1


def test_a_chat_stream_gives_every_event_and_is_closed_once() -> None:
    host = Stream(
        wit.ChatEvent_MessageBegin("assistant"),
        wit.ChatEvent_Reasoning("hm"),
        wit.ChatEvent_MessageAppend(wit.MessageAppend("a")),
        wit.ChatEvent_MessageEnd(wit.FinishReason.STOP),
        wit.ChatEvent_Usage(wit.TokenUsage(1, 2)),
    )
    with WitChatStream(host, chat_event_from_wit) as response:
        assert list(response.stream()) == [Reasoning("hm"), MessageAppend("a")]
        assert (response.finish_reason(), response.usage()) == (FinishReason.STOP, TokenUsage(1, 2))
    response.__exit__(None, None, None)
    assert host.closed == 1
    assert response.next() is None


def test_asking_for_tools_closes_the_stream_and_keeps_the_calls() -> None:
    chunks = [wit.ToolCallChunk(0, "1", "f", '{"a": 1}'), wit.ToolCallChunk(1, "2", "g", "{oh")]
    host = Stream(wit.ChatEvent_MessageBegin("assistant"), wit.ChatEvent_ToolCall(chunks))
    response = WitChatStream(host, chat_event_from_wit)
    assert response.tool_calls() == [ToolCall("1", "f", {"a": 1}), UnreadableToolCall("2", "g", {}, "{oh")]
    assert host.closed == 1


def test_a_completion_stream_is_closed_even_when_it_is_not_read() -> None:
    host = Stream(wit.CompletionEvent_Append(wit.CompletionAppend("a", [])))
    with WitCompletionStream(host):
        pass
    assert host.closed == 1


def test_outside_of_a_component_there_is_no_host() -> None:
    with pytest.raises(NotImplementedError):
        WitCsi().complete("m", "p")
    assert WitCsi()._carries_all_params is True


def test_arguments_are_sent_as_json() -> None:
    sent = message_to_wit(Message.assistant(None, [ToolCall("1", "f", {"ä": [1, None]})]))
    assert isinstance(sent, wit.Message_Assistant)
    assert json.loads((sent.value.tool_calls or [])[0].arguments) == {"ä": [1, None]}
