"""The examples, called as the plain functions they are."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pharia_skill import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    ChatStreamResponse,
    Completion,
    CompletionRequest,
    Csi,
    FinishReason,
    Message,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    MessageItem,
    MessageWriter,
    TokenUsage,
)
from pharia_skill.builder.kind import SkillType, infer_kind
from pharia_skill.builder.target import find_target
from pharia_skill.csi import inference
from pharia_skill.csi.inference import ChatEvent

EXAMPLES = Path(__file__).parents[3] / "examples"


class Stream(ChatStreamResponse):
    def __init__(self, text: str) -> None:
        parts = [inference.MessageAppend(letter) for letter in text]
        self.left: list[ChatEvent] = [inference.MessageBegin("assistant"), *parts, FinishReason.STOP, TokenUsage(1, 1)]
        super().__init__()

    def _next(self) -> ChatEvent | None:
        return self.left.pop(0) if self.left else None


class Echo(Csi):
    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        return [Completion(f" {each.prompt} ", FinishReason.STOP, [], TokenUsage(1, 1)) for each in requests]

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        return [ChatResponse(each.messages[-1], FinishReason.STOP, [], TokenUsage(1, 1)) for each in requests]

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        return Stream(messages[-1].content or "")


class Recorder(MessageWriter[Any]):
    def __init__(self) -> None:
        self.items: list[MessageItem[Any]] = []

    def write(self, item: MessageItem[Any]) -> None:
        self.items.append(item)


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_haiku_is_about_the_topic() -> None:
    haiku = example("haiku")
    answer = haiku.haiku(Echo(), haiku.Input(topic="oat milk"))
    assert "oat milk" in answer.haiku
    assert answer.haiku == answer.haiku.strip()


def test_the_chat_haiku_is_about_the_topic() -> None:
    haiku = example("haiku_chat")
    assert "oat milk" in haiku.haiku_chat(Echo(), haiku.Input(topic="oat milk"))


def test_the_streamed_haiku_says_why_it_ended() -> None:
    haiku = example("haiku_stream")
    recorder = Recorder()
    haiku.haiku_stream(Echo(), recorder, haiku.Input(topic="oat milk"))
    assert recorder.items[0] == MessageBegin("assistant")
    assert "oat milk" in "".join(item.text for item in recorder.items if isinstance(item, MessageAppend))
    assert recorder.items[-1] == MessageEnd(haiku.End(finish_reason=FinishReason.STOP))


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_every_example_is_one_skill_of_its_own_name(file: Path) -> None:
    target = find_target(str(file), [])
    stream = infer_kind(target) is SkillType.MESSAGE_STREAM_SKILL
    handler = vars(example(file.stem))["MessageStream" if stream else "SkillHandler"]
    assert handler.__qualname__ == file.stem
