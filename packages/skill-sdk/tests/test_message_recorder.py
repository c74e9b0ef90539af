"""MessageRecorder: what a message-stream skill writes, by the kernel's rules."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from pharia_skill import Csi, MessageWriter, message_stream
from pharia_skill.errors import MessageOutOfOrder
from pharia_skill.message_stream.writer import MessageAppend, MessageBegin, MessageEnd, MessageItem, Reasoning
from pharia_skill.testing import DevResponse, MessageRecorder, RecordedMessage, StubCsi


class Answer(BaseModel):
    answer: int


class Input(BaseModel):
    topic: str


@message_stream
def speak(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
    writer.begin_message("assistant")
    writer.append_to_reasoning("hm")
    writer.append_to_message(input.topic)
    writer.end_message()


def test_a_skill_can_be_called_with_it() -> None:
    recorder = MessageRecorder[None]()
    speak(StubCsi(), recorder, Input(topic="oat milk"))

    assert recorder.items == [
        MessageBegin("assistant"),
        Reasoning("hm"),
        MessageAppend("oat milk"),
        MessageEnd(None),
    ]
    assert recorder.messages() == [
        RecordedMessage(role="assistant", content="oat milk", reasoning_content="hm", payload=None)
    ]


def test_items_are_joined_to_messages() -> None:
    recorder = MessageRecorder[Answer]()
    recorder.write(MessageBegin("assistant"))
    assert recorder.messages() == [RecordedMessage(role="assistant", content="")]

    recorder.write(Reasoning("let me "))
    recorder.write(Reasoning("think"))
    recorder.write(MessageAppend("The meaning of"))
    recorder.write(MessageAppend(" life"))
    recorder.write(MessageEnd(Answer(answer=42)))
    recorder.write(MessageBegin(None))

    first, second = recorder.messages()
    assert first.content == "The meaning of life"
    assert first.reasoning_content == "let me think"
    assert first.payload == Answer(answer=42)
    assert second == RecordedMessage(role=None)


BEGIN, APPEND, THINK, END = MessageBegin("assistant"), MessageAppend("x"), Reasoning("x"), MessageEnd[None](None)


@pytest.mark.parametrize(
    ("before", "item", "text"),
    [
        ([], APPEND, "The first item must be a `MessageBegin`"),
        ([], THINK, "The first item must be a `MessageBegin`"),
        ([], END, "The first item must be a `MessageBegin`"),
        ([BEGIN], BEGIN, "Consecutive `MessageBegin`s must be preceded by a `MessageEnd`"),
        ([BEGIN, APPEND], BEGIN, "Consecutive `MessageBegin`s must be preceded by a `MessageEnd`"),
        ([BEGIN, END], END, "A `MessageEnd` must not be preceded by another `MessageEnd`"),
        ([BEGIN, END], APPEND, "A `MessageAppend` must not be preceded by a `MessageEnd`"),
        ([BEGIN, END], THINK, "A `Reasoning` must not be preceded by a `MessageEnd`"),
    ],
)
def test_what_the_kernel_refuses_is_refused(
    before: list[MessageItem[None]], item: MessageItem[None], text: str
) -> None:
    recorder = MessageRecorder[None]()
    for earlier in before:
        recorder.write(earlier)

    with pytest.raises(MessageOutOfOrder, match=text) as caught:
        recorder.write(item)

    assert isinstance(caught.value, ValueError)
    assert recorder.items == before


def test_the_output_of_one_message_is_an_object() -> None:
    recorder = MessageRecorder[None]()
    for item in (BEGIN, MessageAppend("The meaning of"), MessageAppend(" life"), END):
        recorder.write(item)

    assert recorder.skill_output() == '{"role":"assistant","content":"The meaning of life","reasoning_content":""}'


def test_the_output_has_the_payload() -> None:
    recorder = MessageRecorder[Answer]()
    recorder.write(MessageBegin("assistant"))
    recorder.write(MessageEnd(Answer(answer=42)))

    assert recorder.skill_output() == (
        '{"role":"assistant","content":"","reasoning_content":"","payload":{"answer":42}}'
    )


def test_the_output_of_several_messages_is_a_list() -> None:
    recorder = MessageRecorder[None]()
    for item in (BEGIN, MessageAppend("Hello!"), END, BEGIN, MessageAppend("Hi!"), END):
        recorder.write(item)

    assert recorder.skill_output() == (
        '[{"role":"assistant","content":"Hello!","reasoning_content":""},'
        '{"role":"assistant","content":"Hi!","reasoning_content":""}]'
    )


def test_without_messages_the_output_is_an_empty_list() -> None:
    assert MessageRecorder[None]().skill_output() == "[]"


def test_the_name_of_sdk_0_9_still_works() -> None:
    assert DevResponse is MessageRecorder
