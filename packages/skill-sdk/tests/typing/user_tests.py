"""What people write in tests of skills, as type checkers see it. Never run."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from pharia_skill import ChatRequest, ChatResponse, Csi, Message, MessageWriter, message_stream, skill
from pharia_skill.testing import DevCsi, MessageRecorder, RecordedMessage, RecordingCsi, ReplayCsi, ScriptedCsi, StubCsi


class Input(BaseModel):
    topic: str


class End(BaseModel):
    words: int


@skill
def haiku(csi: Csi, input: Input) -> str:
    return csi.chat("m", [Message.user(input.topic)]).message.content or ""


@message_stream
def stream(csi: Csi, writer: MessageWriter[End], input: Input) -> None:
    writer.begin_message()
    writer.end_message(End(words=0))


class Polite(StubCsi):
    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        return super().chat_concurrent(requests)


def every() -> list[Csi]:
    dev = DevCsi("namespace", project=None, address="http://kernel", token="t", timeout=1.0)
    return [StubCsi(), Polite(), ScriptedCsi(), dev, RecordingCsi(dev, "calls.json"), ReplayCsi("calls.json")]


def test_haiku() -> None:
    with ScriptedCsi(otherwise=StubCsi()) as csi:
        csi.answer_chat("text", model="m", when="milk", times=None)
        csi.answer_chat(lambda request: request.model)
        csi.answer_chat(End(words=3))
        csi.answer_tool("add", lambda request: request.arguments["a"])
        csi.answer_tool("add", {"sum": 3})
        text: str = haiku(csi, Input(topic="milk"))
        first: ChatRequest = csi.requests_of(ChatRequest)[0]
        assert text == first.model
    recorder = MessageRecorder[End]()
    stream(StubCsi(), recorder, Input(topic="milk"))
    messages: list[RecordedMessage[End]] = recorder.messages()
    payload: End | None = messages[0].payload
    assert payload
