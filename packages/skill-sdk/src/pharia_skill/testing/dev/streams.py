"""Streams of a kernel, and the spans that follow them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Generic, TypeVar

from opentelemetry.trace import Span

from pharia_skill.csi.inference import (
    ChatEvent,
    ChatRequest,
    ChatStreamResponse,
    CompletionAppend,
    CompletionEvent,
    CompletionStreamResponse,
    FinishReason,
    Message,
    MessageAppend,
    MessageBegin,
    Reasoning,
    Role,
    TokenUsage,
)
from pharia_skill.errors import KernelAnswerInvalid, KernelStreamFailed
from pharia_skill.testing.dev.inference import chat_event_from_sse, completion_event_from_sse
from pharia_skill.testing.dev.logfire import set_logfire_attributes
from pharia_skill.testing.dev.observation import fail
from pharia_skill.testing.dev.sse import Event

Read = TypeVar("Read", bound=ChatEvent | CompletionEvent)

_FIRST_TOKEN = "langfuse.observation.completion_start_time"


def without_errors(events: Iterator[Event]) -> Generator[Event, None, None]:
    """Raise :class:`~pharia_skill.errors.KernelStreamFailed` where the kernel reports an error."""
    try:
        for event in events:
            if event.event == "error":
                raise KernelStreamFailed(str(event.data.get("message", event.data)))
            yield event
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


class _Followed(ABC, Generic[Read]):
    """Reads events for a stream, and ends the span when that is over: read, left or failed."""

    def __init__(self, events: Generator[Event, None, None], span: Span) -> None:
        self._span = span
        self._source = events
        self._events = without_errors(events)
        self._began = False

    @abstractmethod
    def _read(self, event: Event) -> Read:
        """Raises ``ValueError`` for an event of another shape."""

    @abstractmethod
    def _keep(self, event: Read) -> bool:
        """Keep what the span will say of the answer; whether the event is a part of it."""

    @abstractmethod
    def _describe(self) -> None:
        """Note the answer, as far as it came, in the span."""

    def next(self) -> Read | None:
        try:
            sent = next(self._events, None)
            event = None if sent is None else self._valid(sent)
        except BaseException as error:
            self.close(error)
            raise
        if event is None:
            self.close()
        elif isinstance(event, FinishReason | TokenUsage):
            self._span.set_attributes(event.as_gen_ai_otel_attributes())
        elif self._keep(event) and not self._began:
            self._began = True
            self._span.set_attribute(_FIRST_TOKEN, json.dumps(datetime.now(UTC).isoformat()))
        return event

    def close(self, error: BaseException | None = None) -> None:
        self._events.close()
        self._source.close()  # a generator that never began passes nothing on
        if not self._span.is_recording():
            return
        self._describe()
        if error is not None:
            fail(self._span, error)
        else:
            self._span.end()

    def _valid(self, sent: Event) -> Read:
        try:
            return self._read(sent)
        except ValueError as error:
            raise KernelAnswerInvalid(str(error)) from error


class _FollowedCompletion(_Followed[CompletionEvent]):
    _text = ""

    def _read(self, event: Event) -> CompletionEvent:
        return completion_event_from_sse(event)

    def _keep(self, event: CompletionEvent) -> bool:
        if isinstance(event, CompletionAppend):
            self._text += event.text
        return True

    def _describe(self) -> None:
        self._span.set_attribute("gen_ai.content.completion", self._text)


class _FollowedChat(_Followed[ChatEvent]):
    def __init__(self, events: Generator[Event, None, None], span: Span, request: ChatRequest) -> None:
        super().__init__(events, span)
        self._request = request
        self._answer = Message(Role.Assistant, "")

    def _read(self, event: Event) -> ChatEvent:
        return chat_event_from_sse(event)

    def _keep(self, event: ChatEvent) -> bool:
        if isinstance(event, MessageAppend):
            self._answer.content = (self._answer.content or "") + event.content
        elif isinstance(event, Reasoning):
            self._answer.reasoning_content = (self._answer.reasoning_content or "") + event.content
        return not isinstance(event, MessageBegin)

    def _describe(self) -> None:
        self._span.set_attribute("gen_ai.output.messages", json.dumps([self._answer.as_gen_ai_otel_attributes()]))
        set_logfire_attributes(self._span, self._request.messages, self._answer)


class DevCompletionStreamResponse(CompletionStreamResponse):
    """Ends the span and the connection when it is read, when it is left, and when it fails."""

    def __init__(self, stream: Generator[Event, None, None], span: Span) -> None:
        self.span = span
        self._followed = _FollowedCompletion(stream, span)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        self._followed.close(exc_value)
        return None

    def next(self) -> CompletionEvent | None:
        return self._followed.next()


class DevChatStreamResponse(ChatStreamResponse):
    """As :class:`DevCompletionStreamResponse`."""

    def __init__(self, stream: Generator[Event, None, None], span: Span, request: ChatRequest) -> None:
        self.span = span
        self._followed = _FollowedChat(stream, span, request)
        try:
            super().__init__()
        except BaseException as error:
            self._followed.close(error)
            raise

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        self._followed.close(exc_value)
        return None

    def _next(self) -> ChatEvent | None:
        return self._followed.next()
