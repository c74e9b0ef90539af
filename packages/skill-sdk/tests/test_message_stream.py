"""``@message_stream``, ``@agent`` and the writer, outside of a component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from pharia_skill import (
    AgentInput,
    AgentMessage,
    Csi,
    FinishReason,
    Message,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    MessageWriter,
    TokenUsage,
    agent,
    message_stream,
)
from pharia_skill.bindings.exports.message_stream import Error_Internal, Error_InvalidInput
from pharia_skill.bindings.imports import streaming_output as wit
from pharia_skill.bindings.types import Err
from pharia_skill.csi import inference
from pharia_skill.csi.inference import ChatEvent, ChatStreamResponse, CompletionEvent, CompletionStreamResponse
from pharia_skill.description import SkillDescription
from pharia_skill.errors import InvalidSkill, MessageOutOfOrder
from pharia_skill.message_stream.order import check_order
from pharia_skill.message_stream.wit_writer import message_item_to_wit
from pharia_skill.message_stream.writer import MessageItem, Reasoning, Response


class Input(BaseModel):
    word: str


class Payload(BaseModel):
    tokens: int


class Recorder(MessageWriter[Payload]):
    def __init__(self) -> None:
        self.items: list[MessageItem[Payload]] = []

    def write(self, item: MessageItem[Payload]) -> None:
        self.items.append(item)


class Output(wit.StreamOutput):
    """The host's end."""

    def __init__(self) -> None:
        self.items: list[wit.MessageItem] = []
        self.open = True

    def write(self, item: wit.MessageItem) -> None:
        self.items.append(item)

    def __exit__(self, *exc: object) -> None:
        self.open = False


class Chat(ChatStreamResponse):
    def __init__(self, *events: ChatEvent) -> None:
        self.left = [inference.MessageBegin("assistant"), *events]
        super().__init__()

    def _next(self) -> ChatEvent | None:
        return self.left.pop(0) if self.left else None


class Completing(CompletionStreamResponse):
    def __init__(self, *events: CompletionEvent) -> None:
        self.left = list(events)

    def next(self) -> CompletionEvent | None:
        return self.left.pop(0) if self.left else None


@pytest.fixture(autouse=True)
def _one_skill_per_test() -> Iterator[None]:
    yield
    globals().pop("MessageStream", None)


def described(func: Any) -> SkillDescription:
    description: SkillDescription = func.__pharia_skill__
    return description


def run(input: bytes) -> Output:
    output = Output()
    globals()["MessageStream"]().run(input, output)
    return output


def test_the_handler_hands_the_host_what_is_written() -> None:
    @message_stream
    def echo(csi: Csi, writer: MessageWriter[Payload], input: Input) -> None:
        writer.begin_message("assistant")
        writer.append_to_reasoning("hm")
        writer.append_to_message(input.word)
        writer.end_message(Payload(tokens=1))

    output = run(b'{"word": "a"}')
    assert output.items == [
        wit.MessageItem_MessageBegin(wit.BeginAttributes("assistant")),
        wit.MessageItem_Reasoning("hm"),
        wit.MessageItem_MessageAppend("a"),
        wit.MessageItem_MessageEnd(b'{"tokens":1}'),
    ]
    assert not output.open


def test_an_end_may_come_without_payload() -> None:
    assert message_item_to_wit(MessageEnd(None)) == wit.MessageItem_MessageEnd(None)


def test_invalid_input_is_a_short_list() -> None:
    @message_stream
    def echo(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
        pass

    with pytest.raises(Err) as raised:
        run(b"{}")
    assert raised.value.value == Error_InvalidInput("1 validation error for Input\n  word: Field required")


def test_the_output_is_given_back_when_the_skill_fails() -> None:
    @message_stream
    def fail(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
        writer.begin_message()
        raise ValueError("I never expect to finish")

    output = Output()
    with pytest.raises(Err) as raised:
        globals()["MessageStream"]().run(b'{"word": "a"}', output)
    assert isinstance(raised.value.value, Error_Internal)
    assert "ValueError: I never expect to finish" in raised.value.value.value
    assert not output.open


def test_the_function_stays_what_it_was() -> None:
    def echo(csi: Csi, writer: MessageWriter[Payload], input: Input) -> None:
        writer.begin_message(input.word)

    recorder = Recorder()
    message_stream(echo)(None, recorder, Input(word="x"))  # type: ignore[arg-type]
    assert recorder.items == [MessageBegin("x")]


def test_there_must_be_three_arguments() -> None:
    with pytest.raises(AssertionError, match="Message Stream Skills must have exactly three arguments"):

        @message_stream  # type: ignore[type-var]
        def foo(csi: Csi, input: Input) -> None:
            pass


def test_the_third_argument_must_be_annotated() -> None:
    with pytest.raises(AssertionError, match="The third argument must be a Pydantic model, found:"):

        @message_stream
        def foo(csi: Csi, writer: MessageWriter[None], input) -> None:  # type: ignore[no-untyped-def]
            pass


def test_nothing_may_be_returned() -> None:
    with pytest.raises(AssertionError, match="The function must not return anything"):

        @message_stream  # type: ignore[type-var]
        def foo(csi: Csi, writer: MessageWriter[None], input: Input) -> str:
            return ""


def test_a_missing_return_annotation_is_fine() -> None:
    @message_stream
    def foo(csi: Csi, writer: MessageWriter[None], input: Input):  # type: ignore[no-untyped-def]
        pass

    assert run(b'{"word": "a"}').items == []


def test_a_module_has_one_stream_skill() -> None:
    @message_stream
    def foo(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
        pass

    with pytest.raises(AssertionError, match="Make sure to decorate with `@message_stream` only once"):

        @message_stream
        def bar(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
            pass


def test_the_payload_of_the_writer_is_described() -> None:
    @message_stream(description="Echoes.")
    def echo(csi: Csi, writer: MessageWriter[Payload], input: Input) -> None: ...

    assert described(echo).as_json() == {
        "kind": "message-stream-skill",
        "function": "echo",
        "name": "echo",
        "description": "Echoes.",
        "input_schema": Input.model_json_schema(),
        "payload_schema": Payload.model_json_schema(),
    }


@pytest.mark.parametrize("annotation", [MessageWriter, MessageWriter[None], Any, "Nowhere[Payload]"])
def test_a_writer_without_payload_has_no_payload_schema(annotation: Any) -> None:
    def echo(csi: Csi, writer, input: Input) -> None: ...  # type: ignore[no-untyped-def]

    echo.__annotations__["writer"] = annotation
    assert described(message_stream(echo)).payload_schema is None


def test_items_out_of_order_end_the_skill_with_the_line_that_wrote_them() -> None:
    @message_stream
    def hasty(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
        writer.append_to_message(input.word)

    output = Output()
    with pytest.raises(Err) as raised:
        globals()["MessageStream"]().run(b'{"word": "a"}', output)
    assert "MessageOutOfOrder: The first item must be a `MessageBegin`" in raised.value.value.value
    assert "writer.append_to_message(input.word)" in raised.value.value.value
    assert output.items == []


def test_leaving_the_interpreter_is_an_error_of_the_skill() -> None:
    @message_stream
    def leave(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
        raise SystemExit(3)

    with pytest.raises(Err) as raised:
        run(b'{"word": "a"}')
    assert "SystemExit: 3" in raised.value.value.value


def test_generators_are_refused() -> None:
    with pytest.raises(InvalidSkill, match="no generator"):

        @message_stream
        def foo(csi: Csi, writer: MessageWriter[None], input: Input) -> Any:
            yield


def test_an_agent_gets_a_conversation() -> None:
    @agent
    def talk(csi: Csi, writer: MessageWriter[None], input: AgentInput) -> None:
        with writer.message() as message:
            message.append(input.as_chat_messages()[-1].content or "")

    assert run(b'{"messages": [{"role": "agent", "content": "hi"}]}').items[1:2] == [
        wit.MessageItem_MessageAppend("hi")
    ]


def test_a_conversation_becomes_chat_messages_after_a_system_message_if_wanted() -> None:
    conversation = AgentInput(messages=[AgentMessage(role="user", content="u"), AgentMessage.agent("a")])
    assert conversation.as_chat_messages() == [Message.user("u"), Message.assistant("a")]
    assert conversation.as_chat_messages("s")[:2] == [Message.system("s"), Message.user("u")]


def test_the_question_is_what_the_user_wrote_last() -> None:
    user, agent = AgentMessage.user, AgentMessage.agent
    assert AgentInput(messages=[user("1"), user("2"), agent("3")]).question == "2"
    assert AgentInput(messages=[]).question is None


def test_an_agent_is_named_in_errors_and_takes_options() -> None:
    with pytest.raises(InvalidSkill, match="`@agent` takes no `async def`"):

        @agent  # type: ignore[arg-type]
        async def talk(csi: Csi, writer: MessageWriter[None], input: AgentInput) -> None: ...

    @agent(name="chatter", tags=["talk"])
    def chat(csi: Csi, writer: MessageWriter[None], input: AgentInput) -> None: ...

    assert described(chat).name == "chatter"
    assert described(chat).tags == ("talk",)


def test_a_message_begins_and_ends_with_its_block() -> None:
    writer = Recorder()
    with writer.message("assistant") as message:
        message.reason("hm")
        message.append("a")
    assert writer.items == [MessageBegin("assistant"), Reasoning("hm"), MessageAppend("a"), MessageEnd(None)]


def test_a_message_ended_with_a_payload_is_not_ended_again() -> None:
    writer = Recorder()
    with writer.message() as message:
        message.end(Payload(tokens=1))
    assert writer.items == [MessageBegin(None), MessageEnd(Payload(tokens=1))]


def test_a_message_left_by_an_exception_stays_open() -> None:
    writer = Recorder()
    with pytest.raises(ValueError, match="no more"), writer.message():
        raise ValueError("no more")
    assert writer.items == [MessageBegin(None)]


@pytest.mark.parametrize("method", ["append", "reason", "end"])
def test_nothing_follows_the_end_of_a_message(method: str) -> None:
    with Recorder().message() as message:
        message.end()
        with pytest.raises(MessageOutOfOrder, match=f"`{method}` was called on a message that has ended"):
            getattr(message, method)(*([] if method == "end" else ["a"]))


@pytest.mark.parametrize(
    ("last", "item", "problem"),
    [
        (None, MessageBegin(None), None),
        (None, MessageAppend("a"), "The first item must be a `MessageBegin`"),
        (MessageBegin(None), MessageBegin(None), "Consecutive `MessageBegin`s must be preceded by a `MessageEnd`"),
        (MessageAppend("a"), MessageBegin(None), "Consecutive `MessageBegin`s must be preceded by a `MessageEnd`"),
        (MessageBegin(None), Reasoning("a"), None),
        (Reasoning("a"), MessageEnd(None), None),
        (MessageEnd(None), MessageBegin(None), None),
        (MessageEnd(None), MessageEnd(None), "A `MessageEnd` must not be preceded by another `MessageEnd`"),
        (MessageEnd(None), MessageAppend("a"), "A `MessageAppend` must not be preceded by a `MessageEnd`"),
    ],
)
def test_the_order_is_that_of_the_kernel(
    last: MessageItem[None] | None, item: MessageItem[None], problem: str | None
) -> None:
    if problem is None:
        check_order(last, item)
    else:
        with pytest.raises(MessageOutOfOrder, match=problem):
            check_order(last, item)


def test_payloads_need_not_be_models() -> None:
    assert message_item_to_wit(MessageEnd({"a": 1})) == wit.MessageItem_MessageEnd(b'{"a":1}')


def test_the_first_name_of_the_writer_still_works() -> None:
    assert Response is MessageWriter


def test_a_writer_without_write_says_so() -> None:
    class Nothing(MessageWriter[None]):
        pass

    with pytest.raises(NotImplementedError, match="Nothing does not implement write"):
        Nothing().begin_message()  # type: ignore[abstract]  # which is what this is about


def test_a_chat_is_forwarded_with_its_reasoning_and_a_payload_made_at_the_end() -> None:
    writer = Recorder()
    response = Chat(inference.Reasoning("h"), inference.MessageAppend("a"), FinishReason.STOP, TokenUsage(1, 2))
    writer.forward_response(response, lambda answer: Payload(tokens=answer.usage().completion))
    assert writer.items == [
        MessageBegin("assistant"),
        Reasoning("h"),
        MessageAppend("a"),
        MessageEnd(Payload(tokens=2)),
    ]


def test_tool_calls_are_not_forwarded() -> None:
    writer = Recorder()
    writer.forward_response(Chat(inference.ToolCallEvent([]), FinishReason.TOOL_CALLS))
    assert writer.items == [MessageBegin("assistant"), MessageEnd(None)]


def test_a_completion_is_forwarded_without_a_role() -> None:
    writer = Recorder()
    writer.forward_response(Completing(inference.CompletionAppend("a", []), FinishReason.STOP), Payload(tokens=1))
    assert writer.items == [MessageBegin(None), MessageAppend("a"), MessageEnd(Payload(tokens=1))]
