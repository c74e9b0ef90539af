"""What a message-stream skill writes with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pharia_skill.csi.inference import ChatStreamResponse, CompletionStreamResponse
from pharia_skill.csi.inference import Reasoning as ReasoningEvent
from pharia_skill.message_stream.items import MessageAppend, MessageBegin, MessageEnd, MessageItem, Payload, Reasoning
from pharia_skill.message_stream.message import OpenMessage

__all__ = [
    "MessageAppend",
    "MessageBegin",
    "MessageEnd",
    "MessageItem",
    "MessageWriter",
    "Payload",
    "Reasoning",
    "Response",
]


class MessageWriter(Protocol[Payload]):
    """Messages leave the skill as they are written: begin, any number of parts, end, and again.

    The kernel ends a skill that writes in another order. ``Payload`` is what messages end with.
    """

    def write(self, item: MessageItem[Payload]) -> None:
        raise NotImplementedError(f"{type(self).__name__} does not implement write")

    def message(self, role: str | None = None) -> OpenMessage[Payload]:
        """For a ``with`` block, which begins a message and ends it."""
        return OpenMessage(self, role)

    def begin_message(self, role: str | None = None) -> None:
        self.write(MessageBegin(role))

    def append_to_reasoning(self, text: str) -> None:
        """Needs a skill built for WIT 0.4."""
        self.write(Reasoning(text))

    def append_to_message(self, text: str) -> None:
        self.write(MessageAppend(text))

    def end_message(self, payload: Payload | None = None) -> None:
        """``payload`` reaches the caller as JSON with the end of the message."""
        self.write(MessageEnd(payload))

    def forward_response(
        self,
        response: CompletionStreamResponse | ChatStreamResponse,
        payload: Callable[[Any], Payload] | Payload | None = None,
    ) -> None:
        """Write a model's whole answer as one message, as it comes.

        A function given as ``payload`` is called with the response when all is read, so it can ask for the finish
        reason and the usage.
        """
        if isinstance(response, ChatStreamResponse):
            self.begin_message(response.role)
            for part in response.stream():
                if isinstance(part, ReasoningEvent):
                    self.append_to_reasoning(part.content)
                else:
                    self.append_to_message(part.content)
        else:
            self.begin_message()
            for append in response.stream():
                self.append_to_message(append.text)
        self.end_message(payload(response) if callable(payload) else payload)


Response = MessageWriter
"""The name of SDK 0.9."""
